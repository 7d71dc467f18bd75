//! Whole requests through a router, in process.

use std::{sync::Arc, time::SystemTime};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, Uri},
    routing::{MethodRouter, post},
};
use clerk_webhooks::{
    ClerkWebhookLayer, SigningSecret, Verifier,
    idempotency::{ClaimToken, IdempotencyLayer, IdempotencyStore},
    testing::{SignedRequest, fixtures},
};
use tower::ServiceExt as _;

use super::{
    contenders::RETENTION,
    measure::{Operation, operation},
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// As long as Svix' own, and never the same.
pub(crate) fn new_id() -> String {
    format!("msg_00000000000{}", ClaimToken::random())
}

pub(crate) fn verified() -> Operation {
    requests(handler())
}

pub(crate) fn deduplicated(store: impl IdempotencyStore) -> Operation {
    let idempotency = IdempotencyLayer::new(store, "users").with_retention(RETENTION);
    requests(handler().route_layer(idempotency))
}

fn handler() -> MethodRouter {
    post(async || StatusCode::NO_CONTENT)
}

/// A first delivery each time. Making and signing it is measured too, for all alike.
fn requests(route: MethodRouter) -> Operation {
    let secret = SigningSecret::parse(SECRET).expect("it is one");
    let delivery = Arc::new(SignedRequest::new(&secret, fixtures::user_created()));
    let clerk = ClerkWebhookLayer::new(Verifier::new(secret));
    let app: Router = Router::new().route("/", route.route_layer(clerk));
    operation(move || {
        let (app, delivery) = (app.clone(), SignedRequest::clone(&delivery));
        async move {
            let delivery = delivery
                .with_message_id(new_id())
                .with_sent_at(SystemTime::now());
            let request: Request<Body> = delivery.into_request(Uri::from_static("/"));
            let Ok(response) = app.oneshot(request).await;
            assert_eq!(response.status(), StatusCode::NO_CONTENT);
        }
    })
}
