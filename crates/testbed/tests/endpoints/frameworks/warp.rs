//! Warp, with its filter.

use clerk_webhooks::{RawClerkEvent, VerifiedClerkEvent};
use clerk_webhooks_warp::{WebhookEndpoint, WebhookError, answer_refusals, clerk_event};
use tokio::net::TcpListener;
use warp::{Filter, Rejection, Reply};

use crate::framework::{
    Exception, Framework, Handler, Instead, PLAIN, RAW, ROTATING, SMALL, SMALL_LIMIT,
    on_a_free_port, rotating_verifier, verifier,
};

const NO_FILTER: &str = "`clerk_event` takes the endpoint: without it, nothing compiles";

pub(crate) const WARP: Framework = Framework {
    name: "warp",
    start: |handler| {
        on_a_free_port(async |listener| {
            let listener = TcpListener::from_std(listener).unwrap();
            warp::serve(app(handler)).incoming(listener).run().await;
        })
    },
    exceptions: &[
        Exception {
            row: "missing setup, genuine",
            instead: Instead::Impossible,
            reason: NO_FILTER,
        },
        Exception {
            row: "missing setup, no webhook header",
            instead: Instead::Impossible,
            reason: NO_FILTER,
        },
    ],
};

fn app(handler: Handler) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let clerk = WebhookEndpoint::new(verifier());
    let small = clerk.clone().with_max_body_bytes(SMALL_LIMIT);
    let rotating = WebhookEndpoint::new(rotating_verifier());
    let typed = |path: &'static str, endpoint| {
        let handler = handler.clone();
        at(path)
            .and(clerk_event(endpoint))
            .map(move |event| on_event(&handler, &event))
            .recover(answer_refusals)
    };
    let raw = {
        let handler = handler.clone();
        at(RAW)
            .and(clerk_event(clerk.clone()))
            .map(move |event| on_raw_event(&handler, &event))
            .recover(answer_refusals)
    };
    typed(PLAIN, clerk)
        .or(typed(SMALL, small))
        .or(typed(ROTATING, rotating))
        .or(raw)
}

/// The path without its first slash, and `POST`.
fn at(path: &'static str) -> impl Filter<Extract = (), Error = Rejection> + Clone {
    let segments = path.trim_start_matches('/').split('/');
    let path = segments.fold(warp::any().boxed(), |path, segment| {
        path.and(warp::path(segment)).boxed()
    });
    path.and(warp::path::end()).and(warp::post())
}

fn on_event(handler: &Handler, event: &VerifiedClerkEvent) -> Result<String, WebhookError> {
    Ok(handler.run(event.event_type().as_str(), event.delivery())?)
}

fn on_raw_event(
    handler: &Handler,
    event: &VerifiedClerkEvent<RawClerkEvent>,
) -> Result<String, WebhookError> {
    Ok(handler.run(event.event_type.as_str(), event.delivery())?)
}
