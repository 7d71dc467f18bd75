//! Duplicates in flight: they wait for the verdict of the delivery that runs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{Router, body::Body, http::StatusCode, routing::post};
use clerk_webhooks::{
    ClerkWebhookLayer, RejectionKind, Verifier,
    idempotency::{IdempotencyLayer, MemoryStore},
    testing::SignedRequest,
};
use tokio::time::{Instant, sleep};
use tower::ServiceExt as _;

use super::endpoint::{Answer, Do, EVENT, Endpoint, SCOPE, Scripted, until};
use crate::common::{Logs, other_secret, secret};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_duplicate_waits_for_success() {
    let endpoint = Endpoint::new([Do::WaitThen(StatusCode::NO_CONTENT)]);
    let first = endpoint.deliver_meanwhile("msg_1");
    endpoint.until_started(1).await;
    let second = endpoint.deliver_meanwhile("msg_1");
    until(|| endpoint.counts().waited == 1).await;
    endpoint.let_go();
    first.await.unwrap().is(204);
    let second = second.await.unwrap();
    second.is(200);
    assert_eq!(second.text, "already processed");
    assert_eq!((endpoint.started(), endpoint.counts().in_progress), (1, 0));
}

#[tokio::test]
async fn when_the_first_fails_for_now_one_that_waits_runs_and_the_others_wait_on() {
    let endpoint = Endpoint::new([
        Do::WaitThen(StatusCode::BAD_GATEWAY),
        Do::WaitThen(StatusCode::CREATED),
    ]);
    let first = endpoint.deliver_meanwhile("msg_1");
    endpoint.until_started(1).await;
    let others: Vec<_> = (0..3)
        .map(|_| endpoint.deliver_meanwhile("msg_1"))
        .collect();
    until(|| endpoint.counts().waited == 3).await;
    endpoint.let_go();
    first.await.unwrap().is(502);
    endpoint.until_started(2).await;
    sleep(Duration::from_millis(100)).await;
    assert!(others.iter().all(|other| !other.is_finished()));
    endpoint.let_go();
    let mut statuses = Vec::new();
    for other in others {
        statuses.push(other.await.unwrap().status.as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 201]);
    assert_eq!((endpoint.started(), endpoint.ended()), (2, 2));
}

#[tokio::test]
async fn a_duplicate_waits_for_a_permanent_failure() {
    let endpoint = Endpoint::new([Do::WaitThenGiveUp]);
    let first = endpoint.deliver_meanwhile("msg_1");
    endpoint.until_started(1).await;
    let second = endpoint.deliver_meanwhile("msg_1");
    until(|| endpoint.counts().waited == 1).await;
    endpoint.let_go();
    first.await.unwrap().is(422);
    let second = second.await.unwrap();
    second.is_refused(422, RejectionKind::PermanentlyFailed);
    assert!(second.stops_retries);
    assert_eq!(endpoint.started(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_waits_ten_seconds_unless_set() {
    let set = |wait| {
        Endpoint::with([Do::Take(60 * SECOND)], move |layer| {
            layer.with_duplicate_wait(wait)
        })
    };
    let unset = Endpoint::new([Do::Take(60 * SECOND)]);
    for (endpoint, wait) in [
        (unset, 10 * SECOND),
        (set(3 * SECOND), 3 * SECOND),
        (set(Duration::ZERO), Duration::ZERO),
    ] {
        let _first = endpoint.deliver_meanwhile("msg_1");
        endpoint.until_started(1).await;
        let came = Instant::now();
        let second = endpoint.deliver("msg_1").await;
        let waited = came.elapsed();
        second.is_refused(409, RejectionKind::MessageInProgress);
        assert_eq!(second.retry_after.as_deref(), Some("5"));
        assert!(wait <= waited && waited < wait + SECOND / 10, "{waited:?}");
        assert_eq!((endpoint.started(), endpoint.counts().in_progress), (1, 1));
    }
}

#[test]
#[should_panic(expected = "the sender of a duplicate that waits 12.001s would have gone")]
fn a_wait_beyond_the_senders_is_refused() {
    let layer = IdempotencyLayer::new(MemoryStore::new(), SCOPE);
    let _ = layer.with_duplicate_wait(Duration::from_millis(12_001));
}

#[tokio::test(start_paused = true)]
async fn so_many_wait_and_no_more() {
    let unset = Endpoint::new([Do::Take(5 * SECOND)]);
    let set = Endpoint::with([Do::Take(5 * SECOND)], |layer| layer.with_max_waiting(2));
    for (endpoint, max) in [(unset, 64), (set, 2)] {
        let first = endpoint.deliver_meanwhile("msg_1");
        endpoint.until_started(1).await;
        let waiting: Vec<_> = (0..max)
            .map(|_| endpoint.deliver_meanwhile("msg_1"))
            .collect();
        until(|| endpoint.counts().waited == max).await;
        let came = Instant::now();
        let refused = endpoint.deliver("msg_1").await;
        refused.is_refused(409, RejectionKind::MessageInProgress);
        assert!(came.elapsed() < SECOND / 10, "{:?}", came.elapsed());
        first.await.unwrap().is(204);
        for waiting in waiting {
            waiting.await.unwrap().is(200);
        }
        // Their permits are free again.
        endpoint.deliver("msg_1").await.is(200);
    }
}

#[tokio::test]
async fn a_drain_ends_the_wait() {
    let endpoint = Endpoint::new([Do::WaitThen(StatusCode::NO_CONTENT)]);
    let first = endpoint.deliver_meanwhile("msg_1");
    endpoint.until_started(1).await;
    let second = endpoint.deliver_meanwhile("msg_1");
    until(|| endpoint.counts().waited == 1).await;
    let handle = endpoint.layer.drain_handle();
    let drained = tokio::spawn(async move { handle.drain().await });
    let second = second.await.unwrap();
    second.is_refused(503, RejectionKind::ShuttingDown);
    assert!(!drained.is_finished());
    endpoint.let_go();
    first.await.unwrap().is(204);
    drained.await.unwrap();
}

/// What loses an event when a duplicate in flight is answered 409: a failed manual attempt that started last
/// makes the sender drop its retries.
#[tokio::test(start_paused = true)]
async fn a_manual_resend_at_one_second_of_a_handler_of_four_that_fails_runs_it() {
    let endpoint = Endpoint::new([Do::TakeThen(4 * SECOND, StatusCode::BAD_GATEWAY)]);
    let first = endpoint.deliver_meanwhile("msg_1");
    sleep(SECOND).await;
    let resend = endpoint.deliver("msg_1").await;
    resend.is(200);
    assert_eq!(resend.text, "handled msg_1");
    first.await.unwrap().is(502);
    assert_eq!((endpoint.ended(), endpoint.counts().completed), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_manual_resend_at_one_second_of_a_handler_of_four_that_succeeds_is_acknowledged() {
    let endpoint = Endpoint::new([Do::Take(4 * SECOND)]);
    let first = endpoint.deliver_meanwhile("msg_1");
    sleep(SECOND).await;
    let came = Instant::now();
    endpoint.deliver("msg_1").await.is(200);
    let waited = came.elapsed();
    assert!(
        waited < 3 * SECOND + SECOND / 10,
        "woken at once: {waited:?}"
    );
    first.await.unwrap().is(204);
    assert_eq!(endpoint.ended(), 1);
}

/// Another process is not woken: it asks the store, but not too often.
#[tokio::test(start_paused = true)]
async fn a_duplicate_in_another_process_gets_the_verdict_too() {
    let memory = MemoryStore::new();
    let process = |script| {
        let store = Scripted {
            memory: memory.clone(),
            ..Scripted::default()
        };
        Endpoint::on(store, [script], |layer| layer)
    };
    let (one, other) = (process(Do::Take(9 * SECOND)), process(Do::Succeed));
    let first = one.deliver_meanwhile("msg_1");
    one.until_started(1).await;
    let came = Instant::now();
    other.deliver("msg_1").await.is(200);
    let waited = came.elapsed();
    assert!(
        9 * SECOND - SECOND / 10 < waited && waited < 10 * SECOND,
        "{waited:?}"
    );
    first.await.unwrap().is(204);
    let claims = other.store.faults.claims.load(SeqCst);
    assert!((10..=25).contains(&claims), "{claims}");
    assert_eq!((one.started(), other.started()), (1, 0));
}

/// The claim got through, but its answer took longer than the layer waits.
#[tokio::test(start_paused = true)]
async fn a_claim_that_got_through_unheard_during_the_wait_is_found_again() {
    let store = Scripted::default();
    let slow = Scripted {
        memory: store.memory.clone(),
        ..Scripted::default()
    };
    let one = Endpoint::on(
        store,
        [Do::TakeThen(2 * SECOND, StatusCode::BAD_GATEWAY)],
        |layer| layer,
    );
    let other = Endpoint::on(slow, [], |layer| layer);
    let first = one.deliver_meanwhile("msg_1");
    one.until_started(1).await;
    *other.store.faults.claims_answer_takes.lock().unwrap() = 3 * SECOND;
    let logs = Logs::capture();
    let second = other.deliver_meanwhile("msg_1");
    first.await.unwrap().is(502);
    sleep(2 * SECOND).await;
    assert_eq!(other.started(), 0);
    *other.store.faults.claims_answer_takes.lock().unwrap() = Duration::ZERO;
    let second = second.await.unwrap();
    second.is(200);
    assert_eq!(second.text, "handled msg_1");
    let logged = logs.take();
    assert!(logged.contains("could not ask the store"), "{logged}");
}

/// A store that is down at the end of the wait: nothing stays claimed.
#[tokio::test(start_paused = true)]
async fn a_store_that_falls_silent_during_the_wait_fails_closed_in_time() {
    let endpoint = Endpoint::new([Do::Take(60 * SECOND)]);
    let _first = endpoint.deliver_meanwhile("msg_1");
    endpoint.until_started(1).await;
    let came = Instant::now();
    let second = endpoint.deliver_meanwhile("msg_1");
    until(|| endpoint.counts().waited == 1).await;
    endpoint.store.faults.is_silent.store(true, SeqCst);
    let second = second.await.unwrap();
    second.is_refused(503, RejectionKind::StoreUnavailable);
    assert!(came.elapsed() < 13 * SECOND, "{:?}", came.elapsed());
}

/// Clerk's rotation guide makes a second endpoint with the same URL and another secret: both deliver every
/// message, within milliseconds.
#[tokio::test]
async fn during_a_rotation_no_attempt_fails() {
    let layer = IdempotencyLayer::new(MemoryStore::new(), SCOPE);
    let verifier = Verifier::new(secret()).with_secret(other_secret());
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let handler = move || async move {
        counted.fetch_add(1, SeqCst);
        sleep(Duration::from_millis(300)).await;
    };
    let route = post(handler)
        .route_layer(layer)
        .route_layer(ClerkWebhookLayer::new(verifier));
    let router = Router::new().route("/", route);
    let attempts: Vec<_> = (0..20)
        .flat_map(|number| [(number, secret()), (number, other_secret())])
        .map(|(number, secret)| {
            let request = SignedRequest::new(&secret, EVENT);
            let request = request.with_message_id(format!("msg_{number}"));
            let request = request.into_request::<Body>("/".parse().unwrap());
            tokio::spawn(router.clone().oneshot(request))
        })
        .collect();
    for attempt in attempts {
        Answer::read(attempt.await.unwrap().unwrap()).await.is(200);
    }
    assert_eq!(runs.load(SeqCst), 20);
}
