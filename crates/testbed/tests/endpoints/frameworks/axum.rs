//! axum, with the tower layer.

use axum::{
    Router,
    extract::State,
    routing::{MethodRouter, post},
};
use clerk_webhooks::{ClerkWebhookLayer, RawClerkEvent, VerifiedClerkEvent, WebhookError};
use tokio::net::TcpListener;

use crate::framework::{
    Framework, Handler, NO_SETUP, PLAIN, RAW, ROTATING, SMALL, SMALL_LIMIT, on_a_free_port,
    rotating_verifier, verifier,
};

pub(crate) const AXUM: Framework = Framework {
    name: "axum",
    start: |handler| {
        on_a_free_port(async |listener| {
            let listener = TcpListener::from_std(listener).unwrap();
            axum::serve(listener, app(handler)).await
        })
    },
    exceptions: &[],
};

pub(super) fn app(handler: Handler) -> Router {
    let clerk = ClerkWebhookLayer::new(verifier());
    let small = clerk.clone().with_max_body_bytes(SMALL_LIMIT);
    let rotating = ClerkWebhookLayer::new(rotating_verifier());
    let typed = || -> MethodRouter<Handler> { post(on_event) };
    Router::new()
        .route(PLAIN, typed().route_layer(clerk.clone()))
        .route(SMALL, typed().route_layer(small))
        .route(ROTATING, typed().route_layer(rotating))
        .route(RAW, post(on_raw_event).route_layer(clerk))
        .route(NO_SETUP, typed())
        .with_state(handler)
}

async fn on_event(
    State(handler): State<Handler>,
    event: VerifiedClerkEvent,
) -> Result<String, WebhookError> {
    handler.run(event.event_type().as_str(), event.delivery())
}

async fn on_raw_event(
    State(handler): State<Handler>,
    event: VerifiedClerkEvent<RawClerkEvent>,
) -> Result<String, WebhookError> {
    handler.run(event.event_type.as_str(), event.delivery())
}
