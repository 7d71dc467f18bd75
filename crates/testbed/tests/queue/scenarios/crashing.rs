//! What becomes of an event whose worker is gone.

use std::{convert::Infallible, pin::pin, sync::Arc, thread, time::Duration};

use clerk_webhooks::{
    WebhookError,
    queue::{Handler, QueuedEvent},
};
use clerk_webhooks_testbed::queue::{TestedDeadLetter as _, TestedQueue};
use tokio::{runtime, sync::Notify, time::sleep};
use tower::{BoxError, service_fn};

use super::storing::noting;
use crate::support::{Bench, BoxFuture, Running, Seen, in_time, short_policy};

const LEASE: Duration = Duration::from_secs(2);

type Reopen<Q> = Arc<dyn Fn() -> BoxFuture<Q> + Send + Sync>;

/// Runs a worker in a runtime of its own, which ends in the middle of what it runs: nothing of it gets to
/// say goodbye.
async fn crash_in_the_middle<Q: TestedQueue>(reopen: Reopen<Q>) -> Vec<u32> {
    let crash = move || {
        let doomed = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let seen = Seen::default();
        let begun = seen.clone();
        doomed.block_on(async move {
            let queue = reopen().await;
            let hanging = service_fn(move |event: QueuedEvent| {
                begun.note(event);
                std::future::pending::<Result<(), Infallible>>()
            });
            let worker = queue.worker(hanging).with_retry_policy(short_policy());
            let worker = worker.with_lease(LEASE);
            let mark = seen.clone();
            tokio::spawn(worker.run());
            mark.reaches(1).await;
            mark.attempts()
        })
        // `doomed` is dropped here, with every task in it.
    };
    let thread = thread::spawn(crash);
    tokio::task::spawn_blocking(|| thread.join().unwrap())
        .await
        .unwrap()
}

pub(crate) async fn a_crashed_run_counts_and_the_next_follows_without_a_pause<Q: TestedQueue>(
    bench: Bench<Q>,
) {
    bench.store("msg_1").await;
    assert_eq!(crash_in_the_middle(bench.reopen.clone()).await, [1]);
    bench.is_counted(0, 1, 0).await;

    let seen = Seen::default();
    // A pause would be one of an hour.
    let policy = short_policy().with_initial_backoff(Duration::from_secs(3600));
    let worker = bench.queue.worker(noting(&seen)).with_retry_policy(policy);
    let worker = Running::start(worker.with_lease(LEASE));
    seen.reaches(1).await;
    bench.is_counted(0, 0, 0).await;
    worker.stop().await;
    assert_eq!(seen.attempts(), [2]);
}

pub(crate) async fn an_event_that_kills_its_process_ends_as_a_dead_letter<Q: TestedQueue>(
    bench: Bench<Q>,
) {
    bench.store("msg_deadly").await;
    for attempt in 1..=3 {
        assert_eq!(crash_in_the_middle(bench.reopen.clone()).await, [attempt]);
    }
    let seen = Seen::default();
    let worker = bench
        .queue
        .worker(noting(&seen))
        .with_retry_policy(short_policy());
    let worker = Running::start(worker.with_lease(LEASE));
    bench.is_counted(0, 0, 1).await;
    worker.stop().await;
    assert!(seen.events().is_empty());
    let letter = bench
        .queue
        .dead_letter("msg_deadly")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(letter.attempts(), 3);
    let error = letter.error();
    assert!(error.starts_with("no attempt is left after 3"), "{error}");
}

/// As when a machine was suspended: its worker lives, but was taken for dead.
pub(crate) async fn a_late_end_of_a_run_that_was_given_up_changes_nothing<Q: TestedQueue>(
    bench: Bench<Q>,
) {
    bench.store("msg_1").await;
    let (seen_late, go_on) = (Seen::default(), Arc::new(Notify::new()));
    let late = {
        let (seen, go_on) = (seen_late.clone(), Arc::clone(&go_on));
        service_fn(move |event: QueuedEvent| {
            let go_on = Arc::clone(&go_on);
            seen.note(event);
            async move {
                go_on.notified().await;
                Err::<(), BoxError>("too late".into())
            }
        })
    };
    let late = bench
        .queue
        .worker(late)
        // Has no place left for the second run.
        .with_concurrency(1)
        .with_lease(Duration::from_secs(3600));
    let late = Running::start(late);
    seen_late.reaches(1).await;
    bench.engine.end_lease().await;

    let seen = Seen::default();
    let prompt = bench.queue.worker(noting(&seen)).with_lease(LEASE);
    let prompt = Running::start(prompt);
    seen.reaches(1).await;
    bench.is_counted(0, 0, 0).await;
    go_on.notify_one();
    late.stop().await;
    prompt.stop().await;
    assert_eq!((seen_late.attempts(), seen.attempts()), (vec![1], vec![2]));
    bench.is_counted(0, 0, 0).await;
}

/// As the one above, but the worker that was taken for dead is the one that runs the event again.
pub(crate) async fn a_late_end_changes_nothing_for_the_same_workers_next_run<Q: TestedQueue>(
    bench: Bench<Q>,
) {
    bench.store("msg_1").await;
    let (seen, endings) = (Seen::default(), [(); 2].map(|()| Arc::new(Notify::new())));
    let service = {
        let (seen, endings) = (seen.clone(), endings.clone());
        service_fn(move |event: QueuedEvent| {
            let attempt = event.attempt();
            let ending = Arc::clone(&endings[attempt as usize - 1]);
            seen.note(event);
            async move {
                ending.notified().await;
                match attempt {
                    1 => Err(WebhookError::permanent("too late").into_boxed()),
                    _ => Ok(()),
                }
            }
        })
    };
    let worker = Running::start(bench.queue.worker(service));
    seen.reaches(1).await;
    bench.engine.take_over().await;
    seen.reaches(2).await;

    endings[0].notify_one();
    sleep(Duration::from_millis(500)).await;
    bench.is_counted(0, 1, 0).await;
    endings[1].notify_one();
    bench.is_counted(0, 0, 0).await;
    worker.stop().await;
    assert_eq!(seen.attempts(), [1, 2]);
}

pub(crate) async fn a_worker_that_is_dropped_cuts_off_what_it_runs<Q: TestedQueue>(
    bench: Bench<Q>,
) {
    bench.store("msg_1").await;
    let (seen, go_on) = (Seen::default(), Arc::new(Notify::new()));
    let service = waiting_for(&seen, &go_on, |_| true);
    let dropped = bench.queue.worker(service);
    {
        let mut dropped = pin!(dropped.run());
        tokio::select! {
            () = &mut dropped => unreachable!("it runs for ever"),
            () = seen.reaches(1) => {}
        }
    }
    in_time(async {
        while Arc::strong_count(&go_on) > 1 {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await;

    let worker = bench.queue.worker(noting(&seen)).with_lease(LEASE);
    let worker = Running::start(worker);
    bench.is_counted(0, 0, 0).await;
    worker.stop().await;
    assert_eq!(seen.attempts(), [1, 2]);
}

pub(crate) fn waiting_for(
    seen: &Seen,
    go_on: &Arc<Notify>,
    waits: impl Fn(&QueuedEvent) -> bool + Clone + Send + 'static,
) -> impl Handler {
    let (seen, go_on) = (seen.clone(), Arc::clone(go_on));
    service_fn(move |event: QueuedEvent| {
        let (waits, go_on) = (waits(&event), Arc::clone(&go_on));
        seen.note(event);
        async move {
            if waits {
                go_on.notified().await;
            }
            Ok::<_, Infallible>(())
        }
    })
}

/// The drain takes longer than a worker without a sign of life would be given.
pub(crate) async fn a_shutdown_finishes_what_runs_and_nobody_runs_it_twice<Q: TestedQueue>(
    bench: Bench<Q>,
) {
    bench.store("msg_1").await;
    let seen = Seen::default();
    let slow = {
        let seen = seen.clone();
        service_fn(move |event: QueuedEvent| {
            let seen = seen.clone();
            async move {
                seen.note(event);
                sleep(Duration::from_secs(6)).await;
                Ok::<_, Infallible>(())
            }
        })
    };
    let worker = bench.queue.worker(slow.clone()).with_lease(LEASE);
    let worker = Running::start(worker.with_concurrency(1));
    seen.reaches(1).await;
    let other = (bench.reopen)().await;
    let other = Running::start(other.worker(noting(&seen)).with_lease(LEASE));
    worker.stop().await;
    bench.is_counted(0, 0, 0).await;
    other.stop().await;
    assert_eq!(seen.attempts(), [1]);
}

pub(crate) async fn several_workers_run_each_event_once<Q: TestedQueue>(bench: Bench<Q>) {
    let seen = Seen::default();
    let mut workers = Vec::new();
    for _ in 0..3 {
        let queue = (bench.reopen)().await;
        workers.push(Running::start(queue.worker(noting(&seen))));
    }
    for number in 0..100 {
        bench.store(&format!("msg_{number}")).await;
    }
    bench.is_counted(0, 0, 0).await;
    for worker in workers {
        worker.stop().await;
    }
    assert_eq!(seen.attempts(), [1; 100]);
}
