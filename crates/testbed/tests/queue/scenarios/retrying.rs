//! What becomes of an event whose run failed.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use clerk_webhooks::{
    ClerkEvent, WebhookError,
    queue::{EventContext, EventHandler, Handler, QueuedEvent},
};
use clerk_webhooks_testbed::queue::{TestedDeadLetter as _, TestedQueue};
use serde_json::json;
use tokio::{sync::mpsc, time::sleep};
use tower::{BoxError, Service, ServiceBuilder, service_fn};

use crate::support::{Bench, Running, Seen, event_with, hasty_policy, in_time, short_policy};

/// Fails until the given time that it is called.
fn failing_until(
    success: usize,
    seen: &Seen,
    error: fn() -> BoxError,
) -> impl Handler + Sync + use<> {
    let seen = seen.clone();
    service_fn(move |event: QueuedEvent| {
        let calls = seen.note(event);
        async move {
            match calls < success {
                true => Err(error()),
                false => Ok(()),
            }
        }
    })
}

const NEVER: usize = usize::MAX;

fn refused() -> BoxError {
    #[derive(Debug)]
    struct Outer(io::Error);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("the mail was not sent\0")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    Outer(io::Error::other("connection refused")).into()
}

/// Runs the worker until there is a dead letter, which its alarm and the engine agree on.
async fn dead_letter_of<Q: TestedQueue, S: Handler>(bench: &Bench<Q>, service: S) -> Q::DeadLetter {
    let (alarm, mut alarms) = mpsc::unbounded_channel();
    let worker = bench.queue.worker(service);
    let worker = worker.with_retry_policy(hasty_policy());
    let worker = Running::start(worker.on_dead_letter(move |letter| {
        alarm.send(letter.clone()).unwrap();
    }));
    let told = in_time(alarms.recv()).await.unwrap();
    worker.stop().await;
    let message_id = told.message_id();
    let stored = bench.queue.dead_letter(message_id).await.unwrap().unwrap();
    assert_eq!(stored.error(), told.error());
    assert_eq!(stored.attempts(), told.attempts());
    assert_eq!(stored.event(), told.event());
    stored
}

pub(crate) async fn a_failed_event_runs_again_after_a_growing_pause<Q: TestedQueue>(
    bench: Bench<Q>,
) {
    bench.store("msg_1").await;
    let seen = Seen::default();
    let worker = bench.queue.worker(failing_until(3, &seen, refused));
    let worker = Running::start(worker.with_retry_policy(short_policy()));
    seen.reaches(3).await;
    bench.is_counted(0, 0, 0).await;
    worker.stop().await;
    assert_eq!(seen.attempts(), [1, 2, 3]);
    let pauses = seen.pauses();
    assert!(Duration::from_secs(1) <= pauses[0], "{pauses:?}");
    assert!(Duration::from_secs(2) <= pauses[1], "{pauses:?}");
}

pub(crate) async fn after_the_last_attempt_it_is_a_dead_letter<Q: TestedQueue>(bench: Bench<Q>) {
    bench.store("msg_1").await;
    let seen = Seen::default();
    let letter = dead_letter_of(&bench, failing_until(NEVER, &seen, refused)).await;
    assert_eq!(seen.attempts(), [1, 2, 3]);
    assert_eq!((letter.message_id(), letter.attempts()), ("msg_1", 3));
    assert_eq!(
        letter.error(),
        "the mail was not sent\\u{0}: connection refused"
    );
    bench.is_counted(0, 0, 1).await;
}

pub(crate) async fn a_permanent_failure_is_a_dead_letter_at_once<Q: TestedQueue>(bench: Bench<Q>) {
    let broken = json!({ "body": r#"{"type": "user.created", "data": {"id": 7}}"# });
    let broken = event_with("msg_1", &broken);
    bench.queue.enqueue(&broken, None).await.unwrap();
    async fn on_event(_: ClerkEvent, _: EventContext<()>) -> Result<(), WebhookError> {
        unreachable!("it cannot be decoded")
    }
    let letter = dead_letter_of(&bench, EventHandler::new((), on_event)).await;
    assert_eq!(letter.attempts(), 1);
    assert!(letter.error().contains("data.id"), "{}", letter.error());
    assert_eq!(letter.event(), Some(broken));
}

pub(crate) async fn an_error_that_cannot_be_printed_is_one_too<Q: TestedQueue>(bench: Bench<Q>) {
    #[derive(Debug)]
    struct Unprintable;
    impl std::fmt::Display for Unprintable {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("it cannot be printed")
        }
    }
    impl std::error::Error for Unprintable {}

    bench.store("msg_1").await;
    let seen = Seen::default();
    let letter = dead_letter_of(&bench, failing_until(NEVER, &seen, || Unprintable.into())).await;
    assert_eq!(seen.attempts(), [1, 2, 3]);
    assert_eq!(letter.error(), "the handler panicked");
}

pub(crate) async fn the_largest_settings_are_taken<Q: TestedQueue>(bench: Bench<Q>) {
    let seen = Seen::default();
    let worker = bench
        .queue
        .worker(failing_until(0, &seen, refused))
        .with_concurrency(usize::MAX)
        .with_lease(Duration::MAX);
    let worker = Running::start(worker);
    for number in 0..250 {
        bench.store(&format!("msg_{number}")).await;
    }
    bench.is_counted(0, 0, 0).await;
    worker.stop().await;
    assert_eq!(seen.events().len(), 250);
}

pub(crate) async fn a_panic_is_a_failure_like_another<Q: TestedQueue>(bench: Bench<Q>) {
    bench.store("msg_1").await;
    let seen = Seen::default();
    let panicking = failing_until(NEVER, &seen, || panic!("with the payload in its text"));
    let letter = dead_letter_of(&bench, panicking).await;
    assert_eq!(seen.attempts(), [1, 2, 3]);
    assert_eq!(letter.error(), "the handler panicked");
}

pub(crate) async fn what_is_no_event_is_a_dead_letter<Q: TestedQueue>(bench: Bench<Q>) {
    bench.store("msg_1").await;
    bench.engine.replace(r#"{"message_id": "a secret""#).await;
    let seen = Seen::default();
    let letter = dead_letter_of(&bench, failing_until(0, &seen, refused)).await;
    assert_eq!((letter.message_id(), letter.attempts()), ("msg_1", 0));
    assert_eq!(letter.stored(), br#"{"message_id": "a secret""#);
    assert_eq!(letter.event(), None);
    let error = letter.error();
    assert!(
        error.ends_with(" is not a queued event: line 1, column 25"),
        "{error}"
    );
    assert!(seen.events().is_empty());
}

async fn means_again<Q: TestedQueue, S: Handler>(bench: Bench<Q>, service: S, error: &str) {
    bench.store("msg_1").await;
    let letter = dead_letter_of(&bench, service).await;
    assert_eq!(letter.attempts(), 3, "{}", letter.error());
    assert_eq!(letter.error(), error);
}

pub(crate) async fn a_handler_that_hangs_is_aborted_and_its_attempt_fails<Q: TestedQueue>(
    bench: Bench<Q>,
) {
    bench.store("msg_1").await;
    let dropped = Arc::new(());
    let hanging = {
        let dropped = Arc::clone(&dropped);
        service_fn(move |_: QueuedEvent| {
            let held = Arc::clone(&dropped);
            async move {
                sleep(Duration::from_secs(3600)).await;
                drop(held);
                Ok::<_, BoxError>(())
            }
        })
    };
    let worker = bench.queue.worker(hanging);
    let worker = worker.with_longest_run(Duration::from_millis(300));
    let worker = Running::start(worker.with_retry_policy(hasty_policy()));
    bench.is_counted(0, 0, 1).await;
    worker.stop().await;
    let letter = bench.queue.dead_letter("msg_1").await.unwrap().unwrap();
    assert_eq!(letter.attempts(), 3);
    assert_eq!(letter.error(), "the handler was aborted after 300ms");
    assert_eq!(Arc::strong_count(&dropped), 1, "a handler was not dropped");
}

pub(crate) async fn a_timeout_means_again<Q: TestedQueue>(bench: Bench<Q>) {
    let service = ServiceBuilder::new()
        .timeout(Duration::from_millis(10))
        .service_fn(|_: QueuedEvent| async {
            sleep(Duration::from_secs(3600)).await;
            Ok::<_, BoxError>(())
        });
    means_again(bench, service, "request timed out").await;
}

/// Never ready.
#[derive(Clone)]
struct Busy;

impl Service<QueuedEvent> for Busy {
    type Response = ();
    type Error = BoxError;
    type Future = std::future::Ready<Result<(), BoxError>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), BoxError>> {
        std::task::Poll::Pending
    }

    fn call(&mut self, _: QueuedEvent) -> Self::Future {
        unreachable!("it is never ready")
    }
}

pub(crate) async fn a_shed_load_means_again<Q: TestedQueue>(bench: Bench<Q>) {
    let service = ServiceBuilder::new().load_shed().service(Busy);
    means_again(bench, service, "service overloaded").await;
}

pub(crate) async fn a_broken_buffer_means_again<Q: TestedQueue>(bench: Bench<Q>) {
    let broken = service_fn(|_: QueuedEvent| async { Err::<(), _>(refused()) });
    // A worker of tower's buffer that has panicked: the buffer is closed.
    let (buffer, worker) = tower::buffer::Buffer::pair(broken, 4);
    drop(worker);
    means_again(bench, buffer, "buffer's worker closed unexpectedly").await;
}

pub(crate) async fn a_permanent_failure_is_seen_through_middleware<Q: TestedQueue>(
    bench: Bench<Q>,
) {
    bench.store("msg_1").await;
    let seen = Seen::default();
    let service = ServiceBuilder::new()
        .buffer(4)
        .concurrency_limit(1)
        .load_shed()
        .timeout(Duration::from_secs(60))
        .service(failing_until(NEVER, &seen, || {
            WebhookError::permanent("no such plan").into_boxed()
        }));
    let letter = dead_letter_of(&bench, service).await;
    assert_eq!(seen.attempts(), [1]);
    assert!(
        letter.error().contains("no such plan"),
        "{}",
        letter.error()
    );
}

pub(crate) async fn no_more_run_at_once_than_allowed<Q: TestedQueue>(bench: Bench<Q>) {
    for number in 0..12 {
        bench.store(&format!("msg_{number}")).await;
    }
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let service = {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        service_fn(move |_: QueuedEvent| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                sleep(Duration::from_millis(300)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                Ok::<_, BoxError>(())
            }
        })
    };
    let worker = Running::start(bench.queue.worker(service).with_concurrency(3));
    bench.is_counted(0, 0, 0).await;
    worker.stop().await;
    assert_eq!(most.load(Ordering::SeqCst), 3);
}
