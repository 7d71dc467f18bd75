//! The same message, again: after its end, during it, and in another scope.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use axum::{Router, body::Body, http::StatusCode, routing::post};
use clerk_webhooks::{
    ClerkWebhookLayer, Verifier,
    idempotency::{IdempotencyLayer, IdempotencyStore as _, MessageKey},
    testing::SignedRequest,
};
use tower::ServiceExt as _;

use super::endpoint::{Do, Endpoint, SCOPE, delivery, until};
use crate::common::{other_secret, secret};

#[tokio::test]
async fn a_duplicate_is_acknowledged_without_the_handler() {
    let endpoint = Endpoint::new([]);
    let first = endpoint.deliver("msg_1").await;
    first.is(200);
    assert_eq!(first.text, "handled msg_1");
    for _ in 0..3 {
        let duplicate = endpoint.deliver("msg_1").await;
        duplicate.is(200);
        assert_eq!(duplicate.text, "already processed");
    }
    endpoint.deliver("msg_2").await.is(200);
    assert_eq!(endpoint.started(), 2);
    assert_eq!(
        (endpoint.counts().completed, endpoint.counts().duplicates),
        (2, 3)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_deliveries_at_once_one_runs() {
    let endpoint = Endpoint::new([Do::WaitThen(StatusCode::OK)]);
    let deliveries: Vec<_> = (0..32)
        .map(|_| endpoint.deliver_meanwhile("msg_1"))
        .collect();
    until(|| endpoint.counts().waited == 31).await;
    endpoint.let_go();
    for delivery in deliveries {
        delivery.await.unwrap().is(200);
    }
    assert_eq!((endpoint.started(), endpoint.counts().duplicates), (1, 31));
}

#[tokio::test(start_paused = true)]
async fn retention_ends() {
    let endpoint = Endpoint::with([], |layer| layer.with_retention(Duration::from_secs(3600)));
    endpoint.deliver("msg_1").await.is(200);
    tokio::time::sleep(Duration::from_secs(3599)).await;
    endpoint.deliver("msg_1").await.is(200);
    assert_eq!(endpoint.started(), 1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    endpoint.deliver("msg_1").await.is(200);
    assert_eq!(endpoint.started(), 2);
}

#[tokio::test]
async fn a_forgotten_message_runs_again() {
    let endpoint = Endpoint::new([]);
    endpoint.deliver("msg_1").await.is(200);
    let key = MessageKey::new(SCOPE, "msg_1");
    assert!(endpoint.store.forget(&key).await.unwrap());
    endpoint.deliver("msg_1").await.is(200);
    assert_eq!(endpoint.started(), 2);
}

#[tokio::test]
async fn two_endpoints_on_one_store_each_do_their_own_work() {
    let endpoint = Endpoint::new([]);
    let billing = IdempotencyLayer::new(endpoint.store.clone(), "billing");
    endpoint.deliver("msg_1").await.is(200);
    let clerk = ClerkWebhookLayer::new(Verifier::new(secret()));
    let route = post(|| async { StatusCode::CREATED });
    let route = route.route_layer(billing).route_layer(clerk);
    let router = Router::new().route("/", route);
    let response = router.oneshot(delivery("msg_1")).await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn forged_deliveries_never_reach_the_store() {
    let endpoint = Endpoint::new([]);
    let forged = SignedRequest::new(&other_secret(), "{}").with_message_id("msg_1");
    let stale = SignedRequest::new(&secret(), "{}").with_age(Duration::from_secs(3600));
    let altered = SignedRequest::new(&secret(), "{}").with_altered_body("[]");
    for request in [forged, stale, altered] {
        let request = request.into_request::<Body>("/".parse().unwrap());
        let response = endpoint.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    }
    assert_eq!(endpoint.store.faults.operations.load(SeqCst), 0);
}

#[tokio::test]
async fn ids_of_the_greatest_length_are_told_apart() {
    let endpoint = Endpoint::new([]);
    for last in ["1", "2", "1"] {
        let message_id = "m".repeat(255) + last;
        endpoint.deliver(&message_id).await.is(200);
    }
    assert_eq!((endpoint.started(), endpoint.counts().duplicates), (2, 1));
}
