//! Stores that are down before, during and after; that are silent; that lose a lease.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use axum::http::StatusCode;
use clerk_webhooks::{RejectionKind, idempotency::IdempotencyLayer};
use tokio::time::{Instant, sleep};

use super::endpoint::{Do, Endpoint, Scripted};
use crate::common::Logs;

const LEASE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_store_that_is_down_fails_closed() {
    let logs = Logs::capture();
    let endpoint = Endpoint::new([]);
    endpoint.store.faults.claims_fail.store(true, SeqCst);
    let refused = endpoint.deliver("msg_1").await;
    refused.is_refused(503, RejectionKind::StoreUnavailable);
    let logged = logs.take();
    for part in [
        "ERROR",
        r#"code="store_unavailable""#,
        r#"message_id="msg_1""#,
        "cause=connection refused",
    ] {
        assert!(logged.contains(part), "{part}: {logged}");
    }
    assert_eq!(
        (endpoint.started(), endpoint.counts().store_failures),
        (0, 1)
    );
    endpoint.store.faults.claims_fail.store(false, SeqCst);
    endpoint.deliver("msg_1").await.is(200);
}

#[tokio::test(start_paused = true)]
async fn a_silent_store_fails_closed_in_time() {
    let endpoint = Endpoint::new([]);
    endpoint.store.faults.is_silent.store(true, SeqCst);
    let called = Instant::now();
    let refused = endpoint.deliver("msg_1").await;
    refused.is_refused(503, RejectionKind::StoreUnavailable);
    assert!(
        called.elapsed() < Duration::from_secs(6),
        "{:?}",
        called.elapsed()
    );
    assert_eq!(endpoint.started(), 0);
}

/// Without a withdrawal the message would be blocked for the lease of a claim that nobody holds.
#[tokio::test(start_paused = true)]
async fn a_claim_that_times_out_is_withdrawn_even_when_it_comes_late() {
    for late in [Duration::ZERO, Duration::from_secs(7)] {
        let endpoint = Endpoint::new([]);
        let faults = &endpoint.store.faults;
        *faults.silent_claims_take.lock().unwrap() = Some(late);
        faults.is_silent.store(true, SeqCst);
        let refused = endpoint.deliver("msg_1").await;
        refused.is_refused(503, RejectionKind::StoreUnavailable);
        faults.is_silent.store(false, SeqCst);
        sleep(Duration::from_secs(8)).await;
        let called = Instant::now();
        endpoint.deliver("msg_1").await.is(200);
        assert!(called.elapsed() < Duration::from_secs(1));
        assert_eq!(endpoint.started(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_withdrawal_ends_with_the_lease() {
    let endpoint = Endpoint::new([]);
    endpoint.store.faults.claims_fail.store(true, SeqCst);
    let refused = endpoint.deliver("msg_1").await;
    refused.is_refused(503, RejectionKind::StoreUnavailable);
    let operations = || endpoint.store.faults.operations.load(SeqCst);
    sleep(LEASE + Duration::from_secs(6)).await;
    let within_the_lease = operations();
    assert!((10..=30).contains(&within_the_lease), "{within_the_lease}");
    sleep(10 * LEASE).await;
    assert_eq!(operations(), within_the_lease);
}

#[tokio::test]
async fn a_store_that_panics_fails_closed() {
    let logs = Logs::capture();
    let endpoint = Endpoint::new([]);
    endpoint.store.faults.claims_panic.store(true, SeqCst);
    let refused = endpoint.deliver("msg_1").await;
    refused.is_refused(503, RejectionKind::StoreUnavailable);
    assert!(
        logs.take()
            .contains("cause=the store panicked: as the test wants")
    );
    assert_eq!(endpoint.started(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_completion_is_tried_again_before_it_is_given_up() {
    let endpoint = Endpoint::new([]);
    endpoint.store.faults.completions_to_fail.store(3, SeqCst);
    endpoint.deliver("msg_1").await.is(200);
    assert_eq!(endpoint.deliver("msg_1").await.text, "already processed");
}

#[tokio::test(start_paused = true)]
async fn a_completion_that_cannot_be_recorded_is_not_acknowledged() {
    let logs = Logs::capture();
    let endpoint = Endpoint::new([]);
    endpoint.store.faults.completions_to_fail.store(4, SeqCst);
    let unrecorded = endpoint.deliver("msg_1").await;
    unrecorded.is_refused(500, RejectionKind::CompletionNotRecorded);
    let logged = logs.take();
    assert!(logged.contains("it may run twice"), "{logged}");
    // Its claim stays until the lease is over, then it does run twice.
    let soon = endpoint.deliver("msg_1").await;
    soon.is_refused(409, RejectionKind::MessageInProgress);
    sleep(LEASE).await;
    endpoint.deliver("msg_1").await.is(200);
    assert_eq!(endpoint.started(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_cannot_be_released_ends_with_its_lease() {
    let logs = Logs::capture();
    let endpoint = Endpoint::new([Do::Answer(StatusCode::BAD_GATEWAY)]);
    endpoint.store.faults.releases_fail.store(true, SeqCst);
    endpoint.deliver("msg_1").await.is(502);
    assert!(logs.take().contains("could not release a claim"));
    let soon = endpoint.deliver("msg_1").await;
    soon.is_refused(409, RejectionKind::MessageInProgress);
    sleep(LEASE).await;
    endpoint.deliver("msg_1").await.is(200);
}

#[tokio::test(start_paused = true)]
async fn a_lost_lease_is_counted_and_the_handler_answers() {
    let logs = Logs::capture();
    let endpoint = Endpoint::new([Do::Take(3 * LEASE)]);
    endpoint.store.faults.leases_are_lost.store(true, SeqCst);
    endpoint.deliver("msg_1").await.is(204);
    assert!(logs.take().contains("it may run a second time beside it"));
    let counts = endpoint.counts();
    assert_eq!((counts.lost_leases, counts.completed), (1, 1));
    // Its late completion counts.
    endpoint.deliver("msg_1").await.is(200);
    assert_eq!(endpoint.started(), 1);
}

/// From just before the first extension until shortly before the lease is over.
#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_for_most_of_a_lease_costs_nothing() {
    for is_silent in [false, true] {
        let endpoint = Endpoint::new([Do::Take(3 * LEASE)]);
        let first = endpoint.deliver_meanwhile("msg_1");
        sleep(LEASE / 3 - Duration::from_secs(1)).await;
        let faults = &endpoint.store.faults;
        let down = if is_silent {
            &faults.is_silent
        } else {
            &faults.extensions_fail
        };
        down.store(true, SeqCst);
        sleep(LEASE / 2).await;
        down.store(false, SeqCst);
        first.await.unwrap().is(204);
        let counts = endpoint.counts();
        assert!(counts.store_failures >= 3, "{counts:?}");
        assert_eq!((counts.lost_leases, counts.completed), (0, 1), "{counts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_falls_silent_before_the_completion_does_not_keep_the_sender_waiting() {
    let endpoint = Endpoint::new([Do::Take(Duration::from_secs(1))]);
    let called = Instant::now();
    let first = endpoint.deliver_meanwhile("msg_1");
    endpoint.until_started(1).await;
    endpoint.store.faults.is_silent.store(true, SeqCst);
    let unrecorded = first.await.unwrap();
    unrecorded.is_refused(500, RejectionKind::CompletionNotRecorded);
    assert!(
        called.elapsed() < Duration::from_secs(7),
        "{:?}",
        called.elapsed()
    );
}

/// A virtual machine that was moved, a process that was stopped: no extension could be asked for.
#[tokio::test(start_paused = true)]
async fn a_lease_that_ran_out_while_the_process_stood_still_is_counted() {
    let endpoint = Endpoint::new([Do::WaitThen(StatusCode::NO_CONTENT)]);
    let first = endpoint.deliver_meanwhile("msg_1");
    endpoint.until_started(1).await;
    endpoint.let_go();
    tokio::time::advance(2 * LEASE).await;
    first.await.unwrap().is(204);
    assert_eq!(endpoint.counts().lost_leases, 1);
}

#[tokio::test]
async fn a_store_that_panics_midway_ends_the_handler_with_it() {
    let endpoint = Endpoint::with([Do::WaitThen(StatusCode::OK)], |layer| {
        layer.with_lease(Duration::from_millis(30))
    });
    endpoint.store.faults.extensions_panic.store(true, SeqCst);
    let panicked = endpoint.deliver("msg_1").await;
    panicked.is_refused(503, RejectionKind::StoreUnavailable);
    endpoint.let_go();
    sleep(Duration::from_millis(20)).await;
    assert_eq!((endpoint.started(), endpoint.ended()), (1, 0));
    assert_eq!(endpoint.layer.drain_handle().running(), 0);
}

#[tokio::test(start_paused = true)]
async fn when_a_lease_ran_out_another_process_may_run_the_message() {
    let store = Scripted::default();
    let slow = Endpoint::on(store.clone(), [Do::Take(3 * LEASE)], |layer| layer);
    let other = Endpoint::on(store.clone(), [], |layer| layer);
    store.faults.extensions_fail.store(true, SeqCst);
    let first = slow.deliver_meanwhile("msg_1");
    slow.until_started(1).await;
    let early = other.deliver("msg_1").await;
    early.is_refused(409, RejectionKind::MessageInProgress);
    sleep(LEASE).await;
    other.deliver("msg_1").await.is(200);
    store.faults.extensions_fail.store(false, SeqCst);
    first.await.unwrap().is(204);
    assert_eq!((slow.counts().lost_leases, other.started()), (1, 1));
}

/// Shorter than the store may take to answer.
const SHORT_LEASE: Duration = Duration::from_secs(2);

fn short_lease(layer: IdempotencyLayer<Scripted>) -> IdempotencyLayer<Scripted> {
    layer
        .with_lease(SHORT_LEASE)
        .with_duplicate_wait(Duration::ZERO)
}

/// Another process on the same store, whose own calls are not slow.
fn beside(endpoint: &Endpoint, script: impl IntoIterator<Item = Do>) -> Endpoint {
    let store = Scripted {
        memory: endpoint.store.memory.clone(),
        ..Scripted::default()
    };
    Endpoint::on(store, script, short_lease)
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_is_answered_when_its_lease_is_over_runs_no_handler() {
    let logs = Logs::capture();
    let slow = Endpoint::with([], short_lease);
    let other = beside(&slow, [Do::WaitThen(StatusCode::NO_CONTENT)]);
    *slow.store.faults.claims_answer_takes.lock().unwrap() = Duration::from_secs(3);
    let first = slow.deliver_meanwhile("msg_1");
    sleep(Duration::from_millis(2_500)).await;
    let second = other.deliver_meanwhile("msg_1");
    other.until_started(1).await;

    let refused = first.await.unwrap();
    refused.is_refused(503, RejectionKind::StoreUnavailable);
    assert!(logs.take().contains("when its lease of 2s was over"));
    let counts = slow.counts();
    assert_eq!(
        (slow.started(), counts.store_failures, counts.released),
        (0, 1, 0)
    );
    other.let_go();
    second.await.unwrap().is(204);
    assert_eq!(other.counts().lost_leases, 0);
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_is_answered_late_is_extended_at_once() {
    let slow = Endpoint::with([Do::Take(Duration::from_secs(1))], short_lease);
    let other = beside(&slow, []);
    *slow.store.faults.claims_answer_takes.lock().unwrap() = Duration::from_millis(1_900);
    let first = slow.deliver_meanwhile("msg_1");
    sleep(Duration::from_millis(2_300)).await;
    let second = other.deliver("msg_1").await;
    second.is_refused(409, RejectionKind::MessageInProgress);
    first.await.unwrap().is(204);
    assert_eq!(slow.counts().lost_leases, 0);
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_extended_while_a_completion_takes_its_time() {
    let slow = Endpoint::with([], short_lease);
    let other = beside(&slow, []);
    *slow.store.faults.completions_take.lock().unwrap() = Duration::from_secs(4);
    let first = slow.deliver_meanwhile("msg_1");
    sleep(Duration::from_secs(3)).await;
    let second = other.deliver("msg_1").await;
    second.is_refused(409, RejectionKind::MessageInProgress);
    first.await.unwrap().is(200);
    assert_eq!((slow.counts().lost_leases, slow.counts().completed), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_runs_out_before_the_completion_is_counted() {
    let slow = Endpoint::with([], short_lease);
    *slow.store.faults.completions_take.lock().unwrap() = Duration::from_secs(4);
    slow.store.faults.extensions_fail.store(true, SeqCst);
    slow.deliver("msg_1").await.is(200);
    assert_eq!((slow.counts().lost_leases, slow.counts().completed), (1, 1));
}

/// The extension beside it finds the message completed.
#[tokio::test(start_paused = true)]
async fn a_completion_whose_answer_takes_its_time_is_no_lost_lease() {
    let slow = Endpoint::with([], short_lease);
    *slow.store.faults.completions_answer_takes.lock().unwrap() = Duration::from_secs(1);
    slow.deliver("msg_1").await.is(200);
    assert_eq!(slow.store.faults.extensions.load(SeqCst), 1);
    assert_eq!((slow.counts().lost_leases, slow.counts().completed), (0, 1));
}

#[tokio::test]
async fn a_full_store_in_memory_is_a_store_that_is_down() {
    let logs = Logs::capture();
    let mut store = Scripted::default();
    store.memory = store.memory.with_capacity(1);
    let endpoint = Endpoint::on(store, [Do::WaitThen(StatusCode::OK)], |layer| layer);
    let first = endpoint.deliver_meanwhile("msg_1");
    endpoint.until_started(1).await;
    let refused = endpoint.deliver("msg_2").await;
    refused.is_refused(503, RejectionKind::StoreUnavailable);
    assert!(logs.take().contains("raise `with_capacity`"));
    endpoint.let_go();
    first.await.unwrap().is(200);
    endpoint.deliver("msg_2").await.is(200);
}

fn layer() -> IdempotencyLayer<Scripted> {
    IdempotencyLayer::new(Scripted::default(), "users")
}

#[test]
#[should_panic(expected = "a lease of 0ns would run out at once")]
fn a_lease_of_nothing_is_refused() {
    let _ = layer().with_lease(Duration::ZERO);
}

#[test]
#[should_panic(expected = "a retention of nothing would run duplicates")]
fn a_retention_of_nothing_is_refused() {
    let _ = layer().with_retention(Duration::ZERO);
}

#[test]
#[should_panic(expected = "a longest run of nothing would abort every handler")]
fn a_longest_run_of_nothing_is_refused() {
    let _ = layer().with_longest_run(Duration::ZERO);
}

#[test]
#[should_panic(expected = "a store timeout of nothing would refuse every delivery")]
fn a_store_timeout_of_nothing_is_refused() {
    let _ = layer().with_store_timeout(Duration::ZERO);
}

#[test]
#[should_panic(expected = "at most 0 running would refuse every delivery")]
fn none_at_a_time_is_refused() {
    let _ = layer().with_max_running(0);
}
