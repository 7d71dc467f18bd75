//! `Enqueue` inside `ClerkWebhookLayer`, in axum and without it.

use std::{
    io,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, Response},
    routing::post_service,
};
use bytes::Bytes;
use clerk_webhooks::{
    ClerkWebhookLayer, Rejection, RejectionKind, Verifier,
    queue::{Enqueue, Enqueued, EventQueue, QueuedEvent},
    testing::SignedRequest,
};
use http_body_util::{BodyExt as _, Full};
use tower::{Layer as _, ServiceBuilder, ServiceExt as _};

use crate::common::{Logs, other_secret, secret};

/// A queue that keeps what it is given, fails, or never answers.
#[derive(Clone)]
struct Kept {
    events: Arc<Mutex<Vec<QueuedEvent>>>,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Up,
    Down,
    Silent,
}

impl Kept {
    fn new(state: State) -> Self {
        Self {
            events: Arc::default(),
            state,
        }
    }
}

impl EventQueue for Kept {
    type Error = io::Error;

    async fn enqueue(
        &self,
        event: &QueuedEvent,
        not_before: Option<SystemTime>,
    ) -> io::Result<Enqueued> {
        assert_eq!(not_before, None, "a delivery is to be processed at once");
        match self.state {
            State::Up => {}
            State::Down => return Err(io::Error::other("connection refused")),
            State::Silent => std::future::pending().await,
        }
        let mut events = self.events.lock().unwrap();
        let is_known = |known: &QueuedEvent| known.message_id() == event.message_id();
        if events.iter().any(is_known) {
            return Ok(Enqueued::Duplicate);
        }
        events.push(event.clone());
        Ok(Enqueued::New)
    }
}

fn clerk() -> ClerkWebhookLayer {
    ClerkWebhookLayer::new(Verifier::new(secret().with_label("current")))
}

fn app(queue: Kept) -> Router {
    let enqueue = post_service(Enqueue::new(queue)).route_layer(clerk());
    Router::new().route("/webhooks/clerk", enqueue)
}

fn delivery(message_id: &str, body: impl Into<Bytes>) -> Request<Body> {
    SignedRequest::new(&secret(), body)
        .with_message_id(message_id)
        .into_request("/webhooks/clerk".parse().unwrap())
}

async fn deliver(router: &Router, request: Request<Body>) -> Response<Body> {
    router.clone().oneshot(request).await.unwrap()
}

#[tokio::test]
async fn a_delivery_is_stored_as_it_came_and_acknowledged() {
    let queue = Kept::new(State::Up);
    let body = r#"{"type": "some.day",  "data": "not an event"}"#;
    let response = deliver(&app(queue.clone()), delivery("msg_1", body)).await;
    assert_eq!(response.status(), 202);
    let text = to_bytes(response.into_body(), 100).await.unwrap();
    assert_eq!(text, "accepted");

    let events = queue.events.lock().unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].message_id(), "msg_1");
    assert_eq!(events[0].raw_body(), body);
    assert_eq!(
        (events[0].secret_label(), events[0].attempt()),
        ("current", 1)
    );
    let age = events[0].attempted_at().elapsed().unwrap();
    assert!(age < Duration::from_secs(60), "{age:?}");
}

#[tokio::test]
async fn a_duplicate_is_acknowledged_like_the_first() {
    let queue = Kept::new(State::Up);
    let router = app(queue.clone());
    for _ in 0..3 {
        let response = deliver(&router, delivery("msg_1", "{}")).await;
        assert_eq!(response.status(), 202);
    }
    assert_eq!(queue.events.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_engine_that_is_down_is_not_acknowledged() {
    let logs = Logs::capture();
    let response = deliver(&app(Kept::new(State::Down)), delivery("msg_1", "{}")).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "5");
    let rejection = response.extensions().get::<Rejection>().unwrap();
    assert_eq!(rejection.kind(), RejectionKind::QueueUnavailable);
    let logged = logs.take();
    for part in ["ERROR", r#"message_id="msg_1""#, "cause=connection refused"] {
        assert!(logged.contains(part), "{part}: {logged}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_engine_is_not_waited_for_longer_than_5_seconds() {
    let called = tokio::time::Instant::now();
    let response = deliver(&app(Kept::new(State::Silent)), delivery("msg_1", "{}")).await;
    assert_eq!(response.status(), 503);
    assert_eq!(called.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn forgeries_are_not_stored() {
    let queue = Kept::new(State::Up);
    let forged = SignedRequest::new(&other_secret(), "{}");
    let forged = forged.into_request("/webhooks/clerk".parse().unwrap());
    let response = deliver(&app(queue.clone()), forged).await;
    assert_eq!(response.status(), 400);
    assert!(queue.events.lock().unwrap().is_empty());
}

#[tokio::test]
async fn another_method_and_another_path_are_axums() {
    let router = app(Kept::new(State::Up));
    for (method, path, status) in [("GET", "/webhooks/clerk", 405), ("POST", "/", 404)] {
        let request = Request::builder().method(method).uri(path);
        let response = deliver(&router, request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), status);
    }
}

#[tokio::test]
async fn it_needs_no_framework() {
    let queue = Kept::new(State::Up);
    let service = clerk().layer(Enqueue::new(queue.clone()));
    let request: Request<Full<Bytes>> =
        SignedRequest::new(&secret(), "{}").into_request("/".parse().unwrap());
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 202);
    let text = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(text, "accepted");
    assert_eq!(queue.events.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn it_is_wired_by_a_service_builder_too() {
    let queue = Kept::new(State::Up);
    let service = ServiceBuilder::new()
        .layer(clerk())
        .service(Enqueue::new(queue.clone()));
    let router = Router::new().route("/webhooks/clerk", post_service(service));
    assert_eq!(
        deliver(&router, delivery("msg_1", "{}")).await.status(),
        202
    );
    assert_eq!(queue.events.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn without_the_layer_nothing_is_stored_and_the_log_shows_the_wiring() {
    let logs = Logs::capture();
    let queue = Kept::new(State::Up);
    let route = post_service(Enqueue::new(queue.clone()));
    let router = Router::new().route("/webhooks/clerk", route);
    let response = deliver(&router, delivery("msg_1", "{}")).await;
    assert_eq!(response.status(), 500);
    assert!(queue.events.lock().unwrap().is_empty());
    let logged = logs.take();
    let wiring = "post_service(Enqueue::new(queue)).route_layer(clerk)";
    assert!(
        logged.contains("ERROR") && logged.contains(wiring),
        "{logged}"
    );
}
