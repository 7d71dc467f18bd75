//! hyper alone: tower services, and a match on the path.

use std::{convert::Infallible, net};

use bytes::Bytes;
use clerk_webhooks::{
    BoxError, ClerkWebhookLayer, RawClerkEvent, Rejection, VerifiedBody, VerifiedClerkEvent,
    layer::ResponseBody,
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::net::TcpListener;
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::framework::{
    Exception, Framework, Handler, Instead, PLAIN, RAW, ROTATING, SMALL, SMALL_LIMIT,
    on_a_free_port, rotating_verifier, verifier,
};

const NO_LAYER: &str =
    "a service that takes `Request<VerifiedBody>` does not compile without the layer";

pub(crate) const HYPER: Framework = Framework {
    name: "hyper",
    start: |handler| {
        let routes = Routes::new(handler);
        on_a_free_port(|listener| {
            serve(listener, move |request: Request<Incoming>| {
                routes.clone().route(request)
            })
        })
    },
    exceptions: &[
        Exception {
            row: "missing setup, genuine",
            instead: Instead::Impossible,
            reason: NO_LAYER,
        },
        Exception {
            row: "missing setup, no webhook header",
            instead: Instead::Impossible,
            reason: NO_LAYER,
        },
    ],
};

pub(super) type Answer = Response<ResponseBody<Full<Bytes>>>;

/// Serves connections until the process ends.
pub(super) async fn serve<F, A>(
    listener: net::TcpListener,
    answer: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static,
) where
    F: Future<Output = Result<Response<A>, Infallible>> + Send + 'static,
    A: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(service_fn(answer.clone()));
        tokio::spawn(async move {
            let connection = auto::Builder::new(TokioExecutor::new());
            // A sender that disconnects is one of the rows.
            let _: Result<_, _> = connection
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// The routes as a service for any request body.
#[derive(Clone)]
pub(super) struct Routes {
    plain: ClerkWebhookLayer,
    rotating: ClerkWebhookLayer,
    handler: Handler,
}

impl Routes {
    pub(super) fn new(handler: Handler) -> Self {
        Self {
            plain: ClerkWebhookLayer::new(verifier()),
            rotating: ClerkWebhookLayer::new(rotating_verifier()),
            handler,
        }
    }

    pub(super) async fn route<B>(self, request: Request<B>) -> Result<Answer, Infallible>
    where
        B: Body<Error: Into<BoxError>>,
    {
        let layer = match request.uri().path() {
            PLAIN | RAW => self.plain,
            SMALL => self.plain.with_max_body_bytes(SMALL_LIMIT),
            ROTATING => self.rotating,
            _ => return Ok(bare(StatusCode::NOT_FOUND)),
        };
        if request.method() != Method::POST {
            return Ok(bare(StatusCode::METHOD_NOT_ALLOWED));
        }
        let handler = self.handler;
        let service = service_fn(move |request| on_request(handler.clone(), request));
        layer.layer(service).oneshot(request).await
    }
}

async fn on_request(
    handler: Handler,
    request: Request<VerifiedBody>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let is_raw = request.uri().path() == RAW;
    let answered = if is_raw {
        on_raw_event(&handler, request)
    } else {
        on_event(&handler, request)
    };
    Ok(answered.unwrap_or_else(|rejection| rejection.to_response()))
}

fn on_event(
    handler: &Handler,
    request: Request<VerifiedBody>,
) -> Result<Response<Full<Bytes>>, Rejection> {
    let event: VerifiedClerkEvent =
        VerifiedClerkEvent::decode(request.into_body().into_delivery())?;
    Ok(
        match handler.run(event.event_type().as_str(), event.delivery()) {
            Ok(text) => Response::new(text.into()),
            Err(failure) => failure.to_response(),
        },
    )
}

fn on_raw_event(
    handler: &Handler,
    request: Request<VerifiedBody>,
) -> Result<Response<Full<Bytes>>, Rejection> {
    let event: VerifiedClerkEvent<RawClerkEvent> =
        VerifiedClerkEvent::decode(request.into_body().into_delivery())?;
    Ok(
        match handler.run(event.event_type.as_str(), event.delivery()) {
            Ok(text) => Response::new(text.into()),
            Err(failure) => failure.to_response(),
        },
    )
}

fn bare(status: StatusCode) -> Answer {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}
