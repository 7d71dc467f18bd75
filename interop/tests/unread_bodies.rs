//! Headers that no body makes right, sent to us and to the peers, as their users mount them: who reads
//! the body nevertheless? The table in `docs/comparison.md` says what this test says.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    Router,
    body::Body,
    error_handling::HandleErrorLayer,
    http::{HeaderMap, HeaderName, Request, StatusCode},
    routing::{MethodRouter, post},
};
use axum_standardwebhooks::{SharedWebhook, StandardWebhook};
use bytes::Bytes;
use clerk_webhooks::{
    ClerkWebhookLayer, SigningSecret, VerifiedClerkEvent, Verifier, testing::SignedRequest,
};
use http_body::Frame;
use http_body_util::Full;
use tower::{ServiceBuilder, ServiceExt as _};
use webhook_verify::tower::VerifyLayer;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const EVENT: &str = r#"{"type":"user.created","data":{"id":"user_1"}}"#;

/// What is wrong with the headers, by the part of the name behind `svix-` or `webhook-`.
const FORGERIES: [(&str, Option<&str>); 5] = [
    ("id", None),
    ("timestamp", None),
    ("signature", None),
    ("timestamp", Some("1700000000")),
    ("signature", Some("v1,bm90LWEtc2lnbmF0dXJl")),
];

type Route = fn() -> MethodRouter;

/// `svix` and `standardwebhooks` are handed headers and body together.
const PEERS: [(&str, Route); 4] = [
    ("svix", svix),
    ("standardwebhooks", standardwebhooks),
    ("axum-standardwebhooks", axum_standardwebhooks),
    ("webhook-verify", webhook_verify),
];

#[tokio::test]
async fn we_refuse_bad_headers_before_the_body_is_read() {
    for family in ["svix", "webhook"] {
        for (part, value) in FORGERIES {
            let (status, was_read) = send(ours(), forged(family, part, value)).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{family}-{part}");
            assert!(!was_read, "{family}-{part}");
        }
    }
}

#[tokio::test]
async fn every_peer_reads_the_body_first() {
    for (name, route) in PEERS {
        for (part, value) in FORGERIES {
            let (status, was_read) = send(route(), forged("webhook", part, value)).await;
            assert!(status.is_client_error(), "{name}, {part}: {status}");
            assert!(was_read, "{name}, {part}");
        }
    }
}

#[tokio::test]
async fn what_is_genuine_is_read_and_accepted_by_all() {
    let peers = PEERS.iter().map(|(name, route)| (*name, route()));
    for (name, route) in [("ours", ours())].into_iter().chain(peers) {
        let (status, was_read) = send(route, genuine("webhook")).await;
        assert_eq!((status, was_read), (StatusCode::NO_CONTENT, true), "{name}");
    }
}

fn ours() -> MethodRouter {
    let verifier = Verifier::new(SigningSecret::parse(SECRET).unwrap());
    post(async |_: VerifiedClerkEvent| StatusCode::NO_CONTENT)
        .route_layer(ClerkWebhookLayer::new(verifier))
}

fn svix() -> MethodRouter {
    let webhook = Arc::new(svix::webhooks::Webhook::new(SECRET).unwrap());
    post(async move |headers: HeaderMap, body: Bytes| {
        status_of(webhook.verify(&body, &headers).is_ok())
    })
}

fn standardwebhooks() -> MethodRouter {
    let webhook = Arc::new(standardwebhooks::Webhook::new(SECRET).unwrap());
    post(async move |headers: HeaderMap, body: Bytes| {
        status_of(webhook.verify(&body, &headers).is_ok())
    })
}

fn axum_standardwebhooks() -> MethodRouter {
    let webhook = axum_standardwebhooks::Webhook::new(SECRET).unwrap();
    post(async |_: StandardWebhook<Bytes>| StatusCode::NO_CONTENT)
        .with_state(SharedWebhook::new(webhook))
}

fn webhook_verify() -> MethodRouter {
    let provider = webhook_verify::Provider::StandardWebhooks;
    let secret = webhook_verify::Secret::new(SECRET);
    post(async |_: Bytes| StatusCode::NO_CONTENT).route_layer(
        ServiceBuilder::new()
            .layer(HandleErrorLayer::new(
                async |_: webhook_verify::tower::BoxError| StatusCode::INTERNAL_SERVER_ERROR,
            ))
            .layer(VerifyLayer::<Full<Bytes>>::new(provider, secret)),
    )
}

fn status_of(is_verified: bool) -> StatusCode {
    if is_verified {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::BAD_REQUEST
    }
}

fn genuine(family: &str) -> HeaderMap {
    let signed = SignedRequest::new(&SigningSecret::parse(SECRET).unwrap(), EVENT);
    match family {
        "webhook" => signed.with_standard_webhooks_names().headers(),
        _ => signed.headers(),
    }
}

/// The genuine headers, but for one that is changed or taken away.
fn forged(family: &str, part: &str, value: Option<&'static str>) -> HeaderMap {
    let name: HeaderName = format!("{family}-{part}").parse().unwrap();
    let mut headers = genuine(family);
    match value {
        Some(value) => headers.insert(name, value.parse().unwrap()),
        None => headers.remove(name),
    };
    headers
}

/// The status, and whether anybody asked for the body.
async fn send(route: MethodRouter, headers: HeaderMap) -> (StatusCode, bool) {
    let was_read = Arc::new(AtomicBool::new(false));
    let body = Watched {
        data: Some(EVENT.into()),
        was_read: Arc::clone(&was_read),
    };
    let mut request = Request::post("/").body(Body::new(body)).unwrap();
    *request.headers_mut() = headers;
    let app = Router::new().route("/", route);
    let status = app.oneshot(request).await.unwrap().status();
    (status, was_read.load(Ordering::Relaxed))
}

/// A body that remembers being read.
struct Watched {
    data: Option<Bytes>,
    was_read: Arc<AtomicBool>,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.was_read.store(true, Ordering::Relaxed);
        Poll::Ready(self.data.take().map(|data| Ok(Frame::data(data))))
    }
}
