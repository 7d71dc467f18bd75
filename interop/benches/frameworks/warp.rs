//! Warp, with its filter.

use std::sync::Arc;

use bytes::Bytes;
use clerk_webhooks::VerifiedClerkEvent;
use clerk_webhooks_warp::{WebhookEndpoint, answer_refusals, clerk_event};
use http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;
use warp::Filter as _;

use crate::framework::{Framework, Part, on_a_free_port, svix_accepts, verifier, webhook};

pub(crate) const WARP: Framework = Framework {
    name: "warp",
    start: |part| {
        on_a_free_port(async move |listener| {
            let listener = TcpListener::from_std(listener).unwrap();
            let route = warp::path!("webhooks" / "clerk").and(warp::post());
            match part {
                Part::Bare => {
                    let bare = route.and(warp::body::bytes()).map(|_: Bytes| NO_CONTENT);
                    warp::serve(bare).incoming(listener).run().await;
                }
                Part::Ours => {
                    let ours = route
                        .and(clerk_event(WebhookEndpoint::new(verifier())))
                        .map(|_: VerifiedClerkEvent| NO_CONTENT)
                        .recover(answer_refusals);
                    warp::serve(ours).incoming(listener).run().await;
                }
                Part::Svix => {
                    let webhook = Arc::new(webhook());
                    let by_hand = route
                        .and(warp::header::headers_cloned())
                        .and(warp::body::bytes())
                        .map(move |headers: HeaderMap, body: Bytes| {
                            match svix_accepts(&webhook, &headers, &body) {
                                true => NO_CONTENT,
                                false => StatusCode::BAD_REQUEST,
                            }
                        });
                    warp::serve(by_hand).incoming(listener).run().await;
                }
            }
        })
    },
};

const NO_CONTENT: StatusCode = StatusCode::NO_CONTENT;
