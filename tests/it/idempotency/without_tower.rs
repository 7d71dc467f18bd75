//! `IdempotencyLayer::run`: a handler that is called without tower.

use std::{
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};

use clerk_webhooks::{
    RawClerkEvent, RejectionKind, VerifiedDelivery, WebhookError,
    idempotency::{IdempotencyLayer, MemoryStore},
    testing::{Delivery, fixtures},
};
use tokio_test::assert_pending;

use super::endpoint::until;
use crate::common::Logs;

fn layer() -> IdempotencyLayer<MemoryStore> {
    IdempotencyLayer::new(MemoryStore::new(), "users")
}

fn delivery(message_id: &str) -> VerifiedDelivery {
    let delivery = Delivery::of(fixtures::user_created()).with_message_id(message_id);
    delivery.event::<RawClerkEvent>().into_parts().1
}

#[tokio::test]
async fn a_message_runs_once_and_its_duplicates_do_not() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let layer = layer();
    let handler = async || Ok::<_, WebhookError>(RUNS.fetch_add(1, SeqCst));
    let (first, again) = (delivery("msg_1"), delivery("msg_1"));
    assert_eq!(
        layer.run(&first, handler()).await.unwrap().unwrap(),
        Some(0)
    );
    assert_eq!(layer.run(&again, handler()).await.unwrap().unwrap(), None);
    let other = delivery("msg_2");
    assert_eq!(
        layer.run(&other, handler()).await.unwrap().unwrap(),
        Some(1)
    );
    assert_eq!(
        (layer.counts().completed, layer.counts().duplicates),
        (2, 1)
    );
}

#[tokio::test]
async fn a_retry_runs_again_and_a_permanent_failure_does_not() {
    let layer = layer();
    let message = delivery("msg_1");
    let fail = |error: WebhookError| async { Err::<(), _>(error) };
    let retry = layer.run(&message, fail(WebhookError::retry("down"))).await;
    assert_eq!(retry.unwrap().unwrap_err().status(), 500);
    let permanent = layer
        .run(&message, fail(WebhookError::permanent("no")))
        .await;
    assert_eq!(permanent.unwrap().unwrap_err().status(), 422);
    let again = layer.run(&message, async { Ok(()) }).await.unwrap_err();
    assert_eq!(again.kind(), RejectionKind::PermanentlyFailed);
}

#[tokio::test]
async fn a_failure_is_logged_once_with_its_message() {
    let logs = Logs::capture();
    let failing = async { Err::<(), _>(WebhookError::retry("the database is down")) };
    let failure = layer()
        .run(&delivery("msg_1"), failing)
        .await
        .unwrap()
        .unwrap_err();
    drop(failure.to_response::<String>());
    let logged = logs.take();
    let lines: Vec<_> = logged
        .lines()
        .filter(|line| line.contains("database"))
        .collect();
    assert_eq!(lines.len(), 1, "{logged}");
    assert!(lines[0].contains(r#"message_id="msg_1""#), "{logged}");
}

#[tokio::test]
async fn a_handler_continues_without_its_caller_and_its_panic_is_logged() {
    let logs = Logs::capture();
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let layer = layer();
    let message = delivery("msg_1");
    let handler = async move {
        gone.await.unwrap();
        panic!("as the test wants");
        #[expect(unreachable_code, reason = "names the type of the answer")]
        Ok::<(), WebhookError>(())
    };
    {
        let mut caller = pin!(layer.run(&message, handler));
        assert_pending!(tokio_test::task::spawn(caller.as_mut()).poll());
        tokio::task::yield_now().await;
    }
    go.send(()).unwrap();
    until(|| layer.counts().released == 1).await;
    tokio::task::yield_now().await;
    let logged = logs.take();
    assert!(logged.contains(r#"code="handler_panicked""#), "{logged}");
    assert_eq!(
        layer.run(&message, async { Ok(1) }).await.unwrap().unwrap(),
        Some(1)
    );
}
