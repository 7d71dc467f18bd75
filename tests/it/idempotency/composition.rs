//! Where the layer stands, and beside what.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use axum::{
    Router,
    body::Body,
    http::{Request, Response, StatusCode},
    routing::{MethodRouter, post},
};
use clerk_webhooks::{
    ClerkWebhookLayer, RejectionKind, VerifiedBody, Verifier,
    idempotency::{IdempotencyLayer, MemoryStore},
    testing::SignedRequest,
};
use http_body_util::Full;
use tower::{
    Layer as _, ServiceBuilder, ServiceExt as _, limit::ConcurrencyLimitLayer, service_fn,
};

use super::endpoint::{Answer, EVENT, delivery, until};
use crate::common::{Logs, secret};

fn clerk() -> ClerkWebhookLayer {
    ClerkWebhookLayer::new(Verifier::new(secret()))
}

fn idempotency() -> IdempotencyLayer<MemoryStore> {
    IdempotencyLayer::new(MemoryStore::new(), "users")
}

/// A handler that counts, and a route around it.
fn counted(mount: impl FnOnce(MethodRouter) -> MethodRouter) -> (Router, Arc<AtomicUsize>) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let route = post(move || async move {
        counter.fetch_add(1, SeqCst);
    });
    (Router::new().route("/hook", mount(route)), runs)
}

async fn deliver(router: &Router) -> Answer {
    let request: Request<Body> = SignedRequest::new(&secret(), "{}")
        .with_message_id("msg_1")
        .into_request("/hook".parse().unwrap());
    Answer::read(router.clone().oneshot(request).await.unwrap()).await
}

#[track_caller]
fn tells_the_right_order(logged: &str) {
    for part in [
        "ERROR",
        r#"code="missing_setup""#,
        "/hook",
        ".route_layer(idempotency).route_layer(clerk)",
        ".layer(clerk).layer(idempotency)",
    ] {
        assert!(logged.contains(part), "{part}: {logged}");
    }
}

#[tokio::test]
async fn inside_it_runs_the_handler_once() {
    let stack = ServiceBuilder::new().layer(clerk()).layer(idempotency());
    for (router, runs) in [
        counted(|route| route.route_layer(idempotency()).route_layer(clerk())),
        counted(|route| route.route_layer(stack)),
    ] {
        for _ in 0..2 {
            deliver(&router).await.is(200);
        }
        assert_eq!(runs.load(SeqCst), 1);
    }
}

#[tokio::test]
async fn outside_it_refuses_and_tells_the_right_order() {
    let stack = ServiceBuilder::new().layer(idempotency()).layer(clerk());
    for (router, runs) in [
        counted(|route| route.route_layer(clerk()).route_layer(idempotency())),
        counted(|route| route.route_layer(stack)),
    ] {
        let logs = Logs::capture();
        let refused = deliver(&router).await;
        refused.is_refused(500, RejectionKind::MissingSetup);
        assert_eq!(runs.load(SeqCst), 0);
        tells_the_right_order(&logs.take());
    }
}

#[tokio::test]
async fn alone_it_refuses_and_tells_the_right_order() {
    let logs = Logs::capture();
    let (router, runs) = counted(|route| route.route_layer(idempotency()));
    let refused = deliver(&router).await;
    refused.is_refused(500, RejectionKind::MissingSetup);
    assert_eq!(runs.load(SeqCst), 0);
    tells_the_right_order(&logs.take());
}

/// The request's body is any: here the layer's own, before axum boxes it.
#[tokio::test]
async fn it_stands_on_a_plain_tower_service() {
    let inner = service_fn(async |request: Request<VerifiedBody>| {
        let text = request.into_body().delivery().message_id().to_owned();
        Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::from(text)))
    });
    let service = clerk().layer(idempotency().layer(inner));
    let request: Request<Full<bytes::Bytes>> = SignedRequest::new(&secret(), "{}")
        .with_message_id("msg_1")
        .into_request("/".parse().unwrap());
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

/// An inner service that is called without having been asked for its readiness panics, if it is tower's
/// `ConcurrencyLimit`.
#[tokio::test(flavor = "multi_thread")]
async fn the_inner_services_readiness_is_kept() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let inner = service_fn(move |_: Request<VerifiedBody>| {
        let counter = Arc::clone(&counter);
        async move {
            counter.fetch_add(1, SeqCst);
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::default()))
        }
    });
    let service = ServiceBuilder::new()
        .layer(clerk())
        .layer(idempotency())
        .layer(ConcurrencyLimitLayer::new(2))
        .service(inner);
    let deliveries: Vec<_> = (0..20)
        .map(|number| {
            let request: Request<Full<bytes::Bytes>> = SignedRequest::new(&secret(), "{}")
                .with_message_id(format!("msg_{number}"))
                .into_request("/".parse().unwrap());
            tokio::spawn(service.clone().oneshot(request))
        })
        .collect();
    for delivery in deliveries {
        assert_eq!(delivery.await.unwrap().unwrap().status(), StatusCode::OK);
    }
    assert_eq!(runs.load(SeqCst), 20);
}

/// An error of the inner service goes on to the middleware outside, and its message runs again.
#[tokio::test]
async fn an_error_of_the_inner_service_is_handed_on() {
    let layer = idempotency();
    let inner = service_fn(async |_: Request<VerifiedBody>| {
        Err::<Response<Full<bytes::Bytes>>, _>(std::io::Error::other("inner"))
    });
    let service = clerk().layer(layer.clone().layer(inner));
    for _ in 0..2 {
        let request = delivery("msg_1").map(|_| Full::<bytes::Bytes>::from(EVENT));
        let error = service.clone().oneshot(request).await.unwrap_err();
        assert_eq!(error.to_string(), "inner");
    }
    assert_eq!(layer.counts().released, 2);
}

/// Limit 1 inside, and its one permit taken: duplicates do not wait for it.
#[tokio::test]
async fn a_duplicate_does_not_wait_for_a_busy_inner_service() {
    let inner = service_fn(async |request: Request<VerifiedBody>| {
        if request.body().delivery().message_id() == "msg_2" {
            std::future::pending::<()>().await;
        }
        Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::default()))
    });
    let layer = idempotency();
    let service = ServiceBuilder::new()
        .layer(clerk())
        .layer(layer.clone())
        .layer(ConcurrencyLimitLayer::new(1))
        .service(inner);
    let deliver = |message_id| {
        let request = delivery(message_id).map(|_| Full::<bytes::Bytes>::from(EVENT));
        service.clone().oneshot(request)
    };
    deliver("msg_1").await.unwrap();
    let _busy = tokio::spawn(deliver("msg_2"));
    until(|| layer.drain_handle().running() == 1).await;
    let duplicate = tokio::time::timeout(std::time::Duration::from_secs(5), deliver("msg_1"));
    let duplicate = duplicate.await.unwrap().unwrap();
    assert_eq!(duplicate.status(), StatusCode::OK);
    assert_eq!(layer.counts().duplicates, 1);
}

/// Senders that give up leave their deliveries waiting inside, where no limit outside counts them.
#[tokio::test(start_paused = true)]
async fn so_many_may_run_or_wait_and_no_more() {
    let layer = idempotency().with_max_running(2);
    let inner = service_fn(async |_: Request<VerifiedBody>| {
        tokio::time::sleep(std::time::Duration::from_secs(40)).await;
        Ok::<_, Infallible>(Response::new(Body::empty()))
    });
    let service = ServiceBuilder::new()
        .layer(clerk())
        .layer(layer.clone())
        .layer(ConcurrencyLimitLayer::new(1))
        .service(inner);
    let deliver = |message_id: &str| service.clone().oneshot(delivery(message_id));
    for message_id in ["msg_1", "msg_2"] {
        let gives_up =
            tokio::time::timeout(std::time::Duration::from_secs(15), deliver(message_id));
        assert!(gives_up.await.is_err());
    }

    let logs = Logs::capture();
    let refused = deliver("msg_3").await.unwrap();
    let refused = Answer::read(refused.map(Body::new)).await;
    refused.is_refused(503, RejectionKind::TooManyRunning);
    assert_eq!(refused.retry_after.as_deref(), Some("5"));
    let logged = logs.take();
    assert!(
        logged.contains("INFO") && logged.contains(r#"code="too_many_running""#),
        "{logged}"
    );

    until(|| layer.drain_handle().running() < 2).await;
    let third = deliver("msg_3").await.unwrap();
    assert_eq!(
        third.status(),
        StatusCode::OK,
        "nothing was claimed for it before"
    );
}

#[tokio::test(start_paused = true)]
async fn one_that_never_finds_the_inner_service_ready_ends_with_the_longest_run() {
    let logs = Logs::capture();
    let layer = idempotency().with_longest_run(std::time::Duration::from_secs(100));
    let places = Arc::new(tokio::sync::Semaphore::new(0));
    let limit = tower::limit::GlobalConcurrencyLimitLayer::with_semaphore(places);
    let route = post(async || ())
        .route_layer(limit)
        .route_layer(layer.clone())
        .route_layer(clerk());
    let router = Router::new().route("/hook", route);
    let ended = deliver(&router).await;
    ended.is_refused(500, RejectionKind::HandlerTimedOut);
    assert!(
        logs.take()
            .contains("including its wait for the inner service")
    );
    assert_eq!(layer.counts().released, 1);
}

/// A timeout inside ends the handler, and its message runs again; so does what else ends it.
#[tokio::test(start_paused = true)]
async fn a_timeout_inside_ends_the_handler() {
    let timeout = tower_http::timeout::TimeoutLayer::with_status_code(
        StatusCode::SERVICE_UNAVAILABLE,
        std::time::Duration::from_secs(10),
    );
    let layer = idempotency();
    let route = post(std::future::pending::<()>)
        .route_layer(timeout)
        .route_layer(layer.clone())
        .route_layer(clerk());
    let router = Router::new().route("/hook", route);
    deliver(&router).await.is(503);
    assert_eq!(layer.counts().released, 1);
}
