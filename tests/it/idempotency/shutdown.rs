//! A process that ends: gracefully, or under a running handler.

use std::time::Duration;

use axum::http::StatusCode;
use clerk_webhooks::RejectionKind;
use tokio::runtime::Runtime;

use super::endpoint::{Do, Endpoint, Scripted};

#[tokio::test]
async fn a_drain_waits_for_what_runs_and_refuses_what_is_new() {
    let endpoint = Endpoint::new([Do::WaitThen(StatusCode::NO_CONTENT)]);
    let first = endpoint.deliver_meanwhile("msg_1");
    endpoint.until_started(1).await;
    let handle = endpoint.layer.drain_handle();
    let mut drained = tokio_test::task::spawn(handle.drain());
    assert!(drained.poll().is_pending());
    assert_eq!(handle.running(), 1);

    for message_id in ["msg_1", "msg_2"] {
        let refused = endpoint.deliver(message_id).await;
        refused.is_refused(503, RejectionKind::ShuttingDown);
    }
    assert!(drained.poll().is_pending());
    endpoint.let_go();
    first.await.unwrap().is(204);
    let drained = tokio::time::timeout(Duration::from_secs(5), drained);
    drained.await.unwrap();
    assert_eq!((endpoint.started(), endpoint.ended()), (1, 1));
}

#[tokio::test]
async fn a_drain_waits_for_handlers_whose_sender_has_gone() {
    let endpoint = Endpoint::new([Do::WaitThen(StatusCode::NO_CONTENT)]);
    let sender = endpoint.deliver_meanwhile("msg_1");
    endpoint.until_started(1).await;
    sender.abort();
    let handle = endpoint.layer.drain_handle();
    let mut drained = tokio_test::task::spawn(handle.drain());
    assert!(drained.poll().is_pending());
    endpoint.let_go();
    let drained = tokio::time::timeout(Duration::from_secs(5), drained);
    drained.await.unwrap();
    assert_eq!((endpoint.ended(), endpoint.counts().completed), (1, 1));
}

/// A runtime that is dropped aborts its handlers, as the death of their process does.
#[test]
fn a_message_whose_process_died_runs_again_after_its_lease() {
    let lease = Duration::from_secs(2);
    let store = Scripted::default();
    let start = |script| {
        let endpoint = Endpoint::on(store.clone(), script, |layer| {
            layer.with_lease(lease).with_duplicate_wait(Duration::ZERO)
        });
        (Runtime::new().unwrap(), endpoint)
    };
    let (process, endpoint) = start(vec![Do::WaitThen(StatusCode::OK)]);
    process.block_on(async {
        let _cut_off = endpoint.deliver_meanwhile("msg_1");
        endpoint.until_started(1).await;
    });
    process.shutdown_background();

    let (process, endpoint) = start(vec![]);
    process.block_on(async {
        let mut refused = 0;
        while endpoint.deliver("msg_1").await.status == StatusCode::CONFLICT {
            refused += 1;
            tokio::time::sleep(lease / 10).await;
        }
        assert!(refused > 0, "its lease had not run out");
        assert_eq!(endpoint.ended(), 1);
    });
}
