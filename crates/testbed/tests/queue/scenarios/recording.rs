//! What depends on how the SQL queues record leases and ids.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use clerk_webhooks::queue::{Enqueued, EventQueue as _, QueuedEvent};
use clerk_webhooks_sqlx::{Engine, queue::RETENTION};
use tokio::{sync::Notify, time::sleep};
use tower::{BoxError, service_fn};

use super::{crashing::waiting_for, operating::kill, storing::noting};
use crate::support::{Running, Seen, SqlBench, event, short_policy};

/// The engine gave the worker an event, but its answer was lost: the worker lives, and does not know of it.
pub(crate) async fn what_was_leased_without_an_answer_runs_all_the_same<DB: Engine>(
    bench: SqlBench<DB>,
) {
    let (seen, go_on) = (Seen::default(), Arc::new(Notify::new()));
    let service = waiting_for(&seen, &go_on, |event| event.message_id() == "msg_running");
    let worker = Running::start(bench.queue.worker(service));
    bench.store("msg_running").await;
    seen.reaches(1).await;

    bench.store_for_later("msg_lost").await;
    bench.is_leased_unheard("msg_lost", "msg_running").await;
    seen.reaches(2).await;
    bench.is_counted(0, 1, 0).await;
    go_on.notify_one();
    bench.is_counted(0, 0, 0).await;
    worker.stop().await;
    let events = seen.events();
    let ids: Vec<_> = events.iter().map(QueuedEvent::message_id).collect();
    assert_eq!(ids, ["msg_running", "msg_lost"]);
    assert_eq!(seen.attempts(), [1, 2]);
}

/// The same of an event that was taken from the worker, and that it still runs.
pub(crate) async fn what_was_leased_again_without_an_answer_runs_again<DB: Engine>(
    bench: SqlBench<DB>,
) {
    let (seen, go_on) = (Seen::default(), Arc::new(Notify::new()));
    let service = waiting_for(&seen, &go_on, |event| event.attempt() == 1);
    let worker = Running::start(bench.queue.worker(service));
    bench.store("msg_1").await;
    seen.reaches(1).await;

    bench.is_leased_unheard("msg_1", "msg_1").await;
    go_on.notify_one();
    seen.reaches(2).await;
    bench.is_counted(0, 0, 0).await;
    worker.stop().await;
    assert_eq!(seen.attempts(), [1, 3]);
}

/// The engine recorded how the run ended, but its answer was lost.
pub(crate) async fn an_end_whose_answer_was_lost_is_reported_once<DB: Engine>(bench: SqlBench<DB>) {
    bench.store("msg_1").await;
    let (seen, go_on) = (Seen::default(), Arc::new(Notify::new()));
    let service = {
        let (seen, go_on) = (seen.clone(), Arc::clone(&go_on));
        service_fn(move |event: QueuedEvent| {
            let go_on = Arc::clone(&go_on);
            seen.note(event);
            async move {
                go_on.notified().await;
                Err::<(), BoxError>("no such customer".into())
            }
        })
    };
    let (letters, dead) = mpsc::channel();
    let worker = bench
        .queue
        .worker(service)
        .with_retry_policy(short_policy().with_max_attempts(1))
        .on_dead_letter(move |letter| letters.send(letter.message_id.clone()).unwrap());
    let worker = Running::start(worker);
    seen.reaches(1).await;

    bench.execute("ALTER TABLE {queue} RENAME TO away").await;
    go_on.notify_one();
    sleep(Duration::from_secs(1)).await;
    assert!(dead.try_recv().is_err(), "it could not be recorded yet");
    let ended = bench
        .execute("UPDATE away SET state = 'dead', owner = NULL, last_error = 'no such customer'")
        .await;
    assert_eq!(ended, 1);
    bench
        .execute("ALTER TABLE away RENAME TO clerk_queue")
        .await;
    worker.stop().await;
    assert_eq!(Vec::from_iter(dead), ["msg_1"]);
    bench.is_counted(0, 0, 1).await;
}

pub(crate) async fn what_was_processed_is_forgotten_after_its_time<DB: Engine>(
    bench: SqlBench<DB>,
) {
    kill(&*bench, &["msg_dead"]).await;
    bench.store("msg_done").await;
    let seen = Seen::default();
    let worker = Running::start(bench.queue.worker(noting(&seen)));
    bench.is_counted(0, 0, 1).await;
    worker.stop().await;
    bench.store("msg_pending").await;

    let other = bench.queue.named("another");
    assert_eq!(other.purge(Duration::ZERO).await.unwrap(), 0);
    assert_eq!(bench.queue.purge(RETENTION).await.unwrap(), 0);
    let six_days = "UPDATE {queue} SET at = {now} - 6 * 86400000 WHERE state = 'done'";
    assert_eq!(bench.execute(six_days).await, 1);
    assert_eq!(bench.queue.purge(RETENTION).await.unwrap(), 0);
    let again = bench.queue.enqueue(&event("msg_done"), None).await.unwrap();
    assert_eq!(again, Enqueued::Duplicate);
    let eight_days = "UPDATE {queue} SET at = {now} - 8 * 86400000 WHERE state = 'done'";
    assert_eq!(bench.execute(eight_days).await, 1);
    assert_eq!(bench.queue.purge(RETENTION).await.unwrap(), 1);

    bench.store("msg_done").await;
    bench.is_counted(2, 0, 1).await;
}
