//! axum, with the tower layer.

use std::{net, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode},
    routing::{MethodRouter, post},
};
use clerk_webhooks::{ClerkWebhookLayer, VerifiedClerkEvent};
use tokio::net::TcpListener;

use crate::{
    framework::{Framework, Part, on_a_free_port, svix_accepts, verifier, webhook},
    support::payloads::PATH,
};

pub(crate) const AXUM: Framework = Framework {
    name: "axum",
    start: |part| on_a_free_port(move |listener| serve(listener, part)),
};

async fn serve(listener: net::TcpListener, part: Part) {
    let listener = TcpListener::from_std(listener).unwrap();
    axum::serve(listener, Router::new().route(PATH, route(part)))
        .await
        .unwrap();
}

fn route(part: Part) -> MethodRouter {
    match part {
        Part::Bare => post(async |_: Bytes| StatusCode::NO_CONTENT),
        Part::Ours => post(async |_: VerifiedClerkEvent| StatusCode::NO_CONTENT)
            .route_layer(ClerkWebhookLayer::new(verifier())),
        Part::Svix => {
            let webhook = Arc::new(webhook());
            post(async move |headers: HeaderMap, body: Bytes| {
                match svix_accepts(&webhook, &headers, &body) {
                    true => StatusCode::NO_CONTENT,
                    false => StatusCode::BAD_REQUEST,
                }
            })
        }
    }
}
