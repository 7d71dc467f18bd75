//! Handlers that fail, panic, take long, never return; senders that do not wait for them.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use axum::{Router, http::StatusCode, routing::post};
use clerk_webhooks::{
    ClerkWebhookLayer, RejectionKind, Verifier,
    idempotency::{IdempotencyStore as _, MessageKey},
};
use tokio::time::{Instant, sleep, timeout};
use tower::ServiceExt as _;

use super::endpoint::{Answer, Do, Endpoint, SCOPE, delivery, until};
use crate::common::{Logs, secret};

const LEASE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_failed_message_runs_again() {
    let failures = [
        Do::Retry,
        Do::Answer(StatusCode::NOT_FOUND),
        Do::Answer(StatusCode::FOUND),
    ];
    let endpoint = Endpoint::new(failures);
    for status in [500, 404, 302] {
        endpoint.deliver("msg_1").await.is(status);
    }
    endpoint.deliver("msg_1").await.is(200);
    endpoint.deliver("msg_1").await.is(200);
    assert_eq!(endpoint.started(), 4);
    assert_eq!(
        (endpoint.counts().released, endpoint.counts().completed),
        (3, 1)
    );
}

#[tokio::test]
async fn a_permanent_failure_stays_one_until_it_is_forgotten() {
    let endpoint = Endpoint::new([Do::GiveUp]);
    let first = endpoint.deliver("msg_1").await;
    first.is(422);
    assert!(first.stops_retries);
    for _ in 0..2 {
        let again = endpoint.deliver("msg_1").await;
        again.is_refused(422, RejectionKind::PermanentlyFailed);
        assert!(again.stops_retries);
        assert_eq!(again.text, first.text);
    }
    assert_eq!((endpoint.started(), endpoint.counts().duplicates), (1, 2));
    let key = MessageKey::new(SCOPE, "msg_1");
    assert!(endpoint.store.forget(&key).await.unwrap());
    endpoint.deliver("msg_1").await.is(200);
    endpoint.deliver("msg_1").await.is(200);
}

#[tokio::test]
async fn a_panic_is_answered_500_and_the_message_runs_again() {
    let logs = Logs::capture();
    let endpoint = Endpoint::new([Do::Panic]);
    let panicked = endpoint.deliver("msg_1").await;
    panicked.is_refused(500, RejectionKind::HandlerPanicked);
    let logged = logs.take();
    for part in [
        "ERROR",
        r#"code="handler_panicked""#,
        r#"message_id="msg_1""#,
        r#"event_type="user.created""#,
        "cause=as the test wants",
    ] {
        assert!(logged.contains(part), "{part}: {logged}");
    }
    endpoint.deliver("msg_1").await.is(200);
}

#[tokio::test]
async fn what_a_panic_says_cannot_forge_a_line_of_the_log() {
    let logs = Logs::capture();
    let endpoint = Endpoint::new([Do::PanicWith("one\nERROR two\u{1b}[31m")]);
    endpoint.deliver("msg_1").await;
    let logged = logs.take();
    let escaped = r"cause=one\nERROR two\u{1b}[31m";
    assert!(logged.contains(escaped), "{logged}");
}

#[tokio::test]
async fn a_sender_that_disconnects_does_not_cut_the_handler_off() {
    let endpoint = Endpoint::new([Do::WaitThen(StatusCode::NO_CONTENT)]);
    let sender = endpoint.deliver_meanwhile("msg_1");
    endpoint.until_started(1).await;
    sender.abort();
    assert!(sender.await.unwrap_err().is_cancelled());
    let meanwhile = endpoint.deliver_meanwhile("msg_1");
    until(|| endpoint.counts().waited == 1).await;
    endpoint.let_go();
    meanwhile.await.unwrap().is(200);
    assert_eq!((endpoint.started(), endpoint.counts().completed), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_outlives_its_sender_is_warned_of() {
    let logs = Logs::capture();
    let endpoint = Endpoint::new([Do::Take(Duration::from_secs(20))]);
    let sender = timeout(Duration::from_secs(15), endpoint.deliver("msg_1"));
    assert!(sender.await.is_err());
    until(|| endpoint.counts().completed == 1).await;
    let logged = logs.take();
    for part in [
        "WARN",
        "a handler ended after its sender had disconnected",
        r#"message_id="msg_1""#,
        r#"event_type="user.created""#,
        "ran_ms=20",
    ] {
        assert!(logged.contains(part), "{part}: {logged}");
    }
    endpoint.deliver("msg_2").await.is(200);
    assert!(!logs.take().contains("disconnected"));
}

/// As when the sender's connection breaks within the same instant.
#[tokio::test]
async fn a_sender_that_disconnects_during_the_claim_does_not_cut_the_handler_off() {
    let endpoint = Endpoint::new([]);
    let mut sender = tokio_test::task::spawn(endpoint.router.clone().oneshot(delivery("msg_1")));
    assert!(sender.poll().is_pending());
    drop(sender);
    endpoint.until_ended(1).await;
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_extended_while_the_handler_runs() {
    let endpoint = Endpoint::new([Do::Take(10 * LEASE)]);
    let first = endpoint.deliver_meanwhile("msg_1");
    endpoint.until_started(1).await;
    for _ in 0..9 {
        sleep(LEASE - Duration::from_secs(10)).await;
        let other = endpoint.deliver("msg_1").await;
        other.is_refused(409, RejectionKind::MessageInProgress);
    }
    first.await.unwrap().is(204);
    let extensions = endpoint.store.faults.extensions.load(SeqCst);
    assert!((28..=30).contains(&extensions), "{extensions}");
    assert_eq!(endpoint.counts().lost_leases, 0);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_never_returns_is_aborted_and_its_message_runs_again() {
    let logs = Logs::capture();
    let longest = Duration::from_secs(100);
    let endpoint = Endpoint::with([Do::Take(Duration::MAX)], |layer| {
        layer.with_longest_run(longest)
    });
    let called = Instant::now();
    let aborted = endpoint.deliver("msg_1").await;
    aborted.is_refused(500, RejectionKind::HandlerTimedOut);
    let took = called.elapsed();
    assert!(
        longest <= took && took < longest + Duration::from_secs(1),
        "{took:?}"
    );
    assert!(logs.take().contains(r#"code="handler_timed_out""#));
    assert_eq!((endpoint.started(), endpoint.ended()), (1, 0));
    endpoint.deliver("msg_1").await.is(200);
}

#[tokio::test(start_paused = true)]
async fn the_longest_run_is_15_minutes_unless_set() {
    let endpoint = Endpoint::new([Do::Take(Duration::from_secs(899))]);
    endpoint.deliver("msg_1").await.is(204);
    let endpoint = Endpoint::new([Do::Take(Duration::from_secs(901))]);
    let aborted = endpoint.deliver("msg_1").await;
    aborted.is_refused(500, RejectionKind::HandlerTimedOut);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_its_thread_keeps_its_lease() {
    let lease = Duration::from_millis(600);
    let endpoint = Endpoint::with([], |layer| layer.with_lease(lease));
    deliver_to_one_that_blocks(&endpoint, 3 * lease)
        .await
        .is(200);
    assert!(endpoint.store.faults.extensions.load(SeqCst) >= 3);
    assert_eq!(endpoint.counts().lost_leases, 0);
}

/// `abort` does not stop what does not await: its success must not be thrown away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_beyond_the_longest_run_and_succeeds_is_done() {
    let endpoint = Endpoint::with([], |layer| {
        layer.with_longest_run(Duration::from_millis(50))
    });
    let answer = deliver_to_one_that_blocks(&endpoint, Duration::from_millis(300)).await;
    answer.is(200);
    assert_eq!(endpoint.counts().completed, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_beyond_all_bounds_is_released_and_told_of() {
    let lease = Duration::from_millis(300);
    let endpoint = Endpoint::with([], |layer| {
        layer
            .with_longest_run(Duration::from_millis(50))
            .with_lease(lease)
    });
    let answer = deliver_to_one_that_blocks(&endpoint, 5 * lease).await;
    answer.is_refused(500, RejectionKind::HandlerTimedOut);
    assert_eq!(
        (endpoint.counts().released, endpoint.counts().completed),
        (1, 0)
    );
}

async fn deliver_to_one_that_blocks(endpoint: &Endpoint, block: Duration) -> Answer {
    let clerk = ClerkWebhookLayer::new(Verifier::new(secret()));
    let blocking = post(move || async move { std::thread::sleep(block) })
        .route_layer(endpoint.layer.clone())
        .route_layer(clerk);
    let router = Router::new().route("/", blocking);
    Answer::read(router.oneshot(delivery("msg_1")).await.unwrap()).await
}

#[tokio::test]
async fn what_a_handler_logs_carries_the_message_id() {
    let logs = Logs::capture();
    let endpoint = Endpoint::new([]);
    endpoint.deliver("msg_1").await.is(200);
    let logged = logs.take();
    let line = logged.lines().find(|line| line.contains("handling"));
    assert!(
        line.is_some_and(|line| line.contains(r#"delivery{messaging.message.id=msg_1}"#)),
        "{logged}"
    );
}

/// A response whose body breaks later has been sent: its message is done.
#[tokio::test]
async fn a_message_is_completed_when_the_head_of_the_response_is_there() {
    let endpoint = Endpoint::new([]);
    let response = endpoint.router.clone().oneshot(delivery("msg_1")).await;
    assert_eq!(endpoint.counts().completed, 1);
    drop(response.unwrap());
    let again = timeout(Duration::from_secs(5), endpoint.deliver("msg_1")).await;
    assert_eq!(again.unwrap().text, "already processed");
}
