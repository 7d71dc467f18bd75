//! The whole request: a route for each contender, as its users write it, its key parsed before.

use std::{hint::black_box, sync::Arc};

use axum::{
    Json, Router,
    body::Body,
    error_handling::HandleErrorLayer,
    routing::{MethodRouter, post},
};
use axum_standardwebhooks::{SharedWebhook, StandardWebhook};
use bytes::Bytes;
use clerk_webhooks::{ClerkEvent, ClerkWebhookLayer, SigningSecret, VerifiedClerkEvent, Verifier};
use cpu_time::ThreadTime;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::Full;
use serde_json::Value;
use svix::webhooks::Webhook;
use tower::{ServiceBuilder, ServiceExt as _};
use webhook_verify::tower::VerifyLayer;

use super::{
    payloads::{Names, PATH, SECRET},
    rounds::Contender,
};

pub(crate) struct App {
    pub(crate) name: &'static str,
    pub(crate) names: Names,
    pub(crate) verifies: bool,
    pub(crate) route: fn() -> MethodRouter,
}

pub(crate) const BARE: App = App {
    name: "axum, Bytes",
    names: Names::Svix,
    verifies: false,
    route: bare,
};
pub(crate) const VERIFY_ONLY: App = App {
    name: "clerk-webhooks, verify only",
    names: Names::Svix,
    verifies: true,
    route: verify_only,
};
pub(crate) const TYPED: App = App {
    name: "clerk-webhooks, typed",
    names: Names::Svix,
    verifies: true,
    route: typed,
};
pub(crate) const SVIX_VALUE: App = App {
    name: "svix + Value",
    names: Names::Svix,
    verifies: true,
    route: svix_value,
};

pub(crate) const ALL: [App; 8] = [
    BARE,
    App {
        name: "axum, Json<Value>, unverified",
        names: Names::Svix,
        verifies: false,
        route: json_value,
    },
    VERIFY_ONLY,
    TYPED,
    SVIX_VALUE,
    App {
        name: "svix + our types",
        names: Names::Svix,
        verifies: true,
        route: svix_typed,
    },
    App {
        name: "axum-standardwebhooks + Value",
        names: Names::StandardWebhooks,
        verifies: true,
        route: axum_standardwebhooks_value,
    },
    App {
        name: "webhook-verify + Value",
        names: Names::StandardWebhooks,
        verifies: true,
        route: webhook_verify_value,
    },
];

impl App {
    pub(crate) fn router(&self) -> Router {
        Router::new().route(PATH, (self.route)())
    }

    /// The request through the router, as a server calls it; the requests are made before, the
    /// response is dropped within the time.
    pub(crate) fn contender(
        &self,
        request: impl Fn() -> Request<Body> + 'static,
        is_expected: fn(StatusCode) -> bool,
    ) -> Contender<'static> {
        let router = self.router();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let response = runtime.block_on(router.clone().oneshot(request())).unwrap();
        assert!(
            is_expected(response.status()),
            "{}: {}",
            self.name,
            response.status()
        );
        Contender::new(self.name, move |times| {
            let requests: Vec<_> = (0..times).map(|_| request()).collect();
            runtime.block_on(async {
                let start = ThreadTime::now();
                for request in requests {
                    let response = router.clone().oneshot(request).await;
                    drop(black_box(response));
                }
                start.elapsed()
            })
        })
    }
}

fn bare() -> MethodRouter {
    post(async |body: Bytes| {
        black_box(&body);
        StatusCode::NO_CONTENT
    })
}

fn json_value() -> MethodRouter {
    post(async |Json(event): Json<Value>| {
        black_box(&event);
        StatusCode::NO_CONTENT
    })
}

pub(crate) fn clerk() -> ClerkWebhookLayer {
    ClerkWebhookLayer::new(Verifier::new(SigningSecret::parse(SECRET).unwrap()))
}

/// What axum itself takes for a layer on a route.
pub(crate) const IDENTITY: App = App {
    name: "axum, Bytes, behind a layer that does nothing",
    names: Names::Svix,
    verifies: false,
    route: || bare().route_layer(tower::layer::util::Identity::new()),
};
/// As [`VERIFY_ONLY`], but the handler does not read the body again.
pub(crate) const VERIFIED: App = App {
    name: "clerk-webhooks, Extension<VerifiedDelivery>",
    names: Names::Svix,
    verifies: true,
    route: || {
        post(
            async |verified: axum::Extension<clerk_webhooks::VerifiedDelivery>| {
                black_box(&verified);
                StatusCode::NO_CONTENT
            },
        )
        .route_layer(clerk())
    },
};
/// No handler's arguments.
pub(crate) const NOTHING: App = App {
    name: "axum, no argument",
    names: Names::Svix,
    verifies: false,
    route: || post(async || StatusCode::NO_CONTENT),
};

/// The bare handler behind the layer.
fn verify_only() -> MethodRouter {
    bare().route_layer(clerk())
}

fn typed() -> MethodRouter {
    post(async |event: VerifiedClerkEvent| {
        black_box(&event);
        StatusCode::NO_CONTENT
    })
    .route_layer(clerk())
}

fn svix_value() -> MethodRouter {
    with_svix(|body| {
        serde_json::from_slice::<Value>(body).is_ok_and(|event| {
            black_box(&event);
            true
        })
    })
}

fn svix_typed() -> MethodRouter {
    with_svix(|body| {
        ClerkEvent::from_slice(body).is_ok_and(|event| {
            black_box(&event);
            true
        })
    })
}

fn with_svix(decodes: fn(&[u8]) -> bool) -> MethodRouter {
    let webhook = Arc::new(Webhook::new(SECRET).unwrap());
    post(async move |headers: HeaderMap, body: Bytes| {
        if webhook.verify(&body, &headers).is_ok() && decodes(&body) {
            StatusCode::NO_CONTENT
        } else {
            StatusCode::BAD_REQUEST
        }
    })
}

fn axum_standardwebhooks_value() -> MethodRouter {
    let webhook = axum_standardwebhooks::Webhook::new(SECRET).unwrap();
    post(
        async |StandardWebhook(Json(event)): StandardWebhook<Json<Value>>| {
            black_box(&event);
            StatusCode::NO_CONTENT
        },
    )
    .with_state(SharedWebhook::new(webhook))
}

/// Its error is a boxed one, which axum does not take by itself; with axum's own body inside it is not `Sync`.
fn webhook_verify_value() -> MethodRouter {
    let provider = webhook_verify::Provider::StandardWebhooks;
    let secret = webhook_verify::Secret::new(SECRET);
    json_value().route_layer(
        ServiceBuilder::new()
            .layer(HandleErrorLayer::new(
                async |_: webhook_verify::tower::BoxError| StatusCode::BAD_REQUEST,
            ))
            .layer(VerifyLayer::<Full<Bytes>>::new(provider, secret)),
    )
}
