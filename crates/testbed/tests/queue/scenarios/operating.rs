//! What an operator does.

use std::time::{Duration, SystemTime};

use clerk_webhooks::{
    WebhookError,
    queue::{Enqueued, EventQueue as _, QueuedEvent},
};
use clerk_webhooks_sqlx::queue::{Engine, Handler, RETENTION};
use tower::{BoxError, service_fn};

use super::storing::noting;
use crate::support::{Bench, Running, Seen, event};

fn refusing() -> impl Handler {
    service_fn(|_: QueuedEvent| async {
        Err::<(), BoxError>(WebhookError::permanent("no such plan").into_boxed())
    })
}

async fn kill<DB: Engine>(bench: &Bench<DB>, message_ids: &[&str]) {
    for message_id in message_ids {
        bench.store(message_id).await;
    }
    let worker = Running::start(bench.queue.worker(refusing()));
    bench.is_counted(0, 0, message_ids.len() as u64).await;
    worker.stop().await;
}

pub(crate) async fn a_dead_letter_can_be_read_requeued_and_dropped<DB: Engine>(bench: Bench<DB>) {
    let before = SystemTime::now() - Duration::from_secs(2);
    kill(&bench, &["msg_1", "msg_2"]).await;
    let queue = &bench.queue;
    let letter = queue.dead_letter("msg_1").await.unwrap().unwrap();
    assert_eq!(letter.event(), Some(event("msg_1")));
    assert!(before < letter.died_at() && letter.died_at() <= SystemTime::now());
    let printed = format!("{letter:?}");
    assert!(
        printed.contains("msg_1") && !printed.contains("user_1"),
        "{printed}"
    );
    assert_eq!(queue.dead_letter("msg_3").await.unwrap(), None);

    assert!(queue.drop_dead_letter("msg_2").await.unwrap());
    assert!(!queue.drop_dead_letter("msg_2").await.unwrap());
    assert!(!queue.requeue_dead_letter("msg_2").await.unwrap());
    let again = queue.enqueue(&event("msg_1"), None).await.unwrap();
    assert_eq!(again, Enqueued::Duplicate);
    assert!(queue.requeue_dead_letter("msg_1").await.unwrap());
    assert!(!queue.requeue_dead_letter("msg_1").await.unwrap());
    assert!(!queue.drop_dead_letter("msg_1").await.unwrap());
    bench.store("msg_2").await;
    bench.is_counted(2, 0, 0).await;

    let seen = Seen::default();
    let worker = Running::start(queue.worker(noting(&seen)));
    bench.is_counted(0, 0, 0).await;
    worker.stop().await;
    assert_eq!(seen.attempts(), [1, 1]);
    assert!(!queue.drop_dead_letter("msg_1").await.unwrap());
}

pub(crate) async fn dead_letters_come_in_pages<DB: Engine>(bench: Bench<DB>) {
    kill(&bench, &["msg_1", "msg_2", "msg_3", "msg_4", "msg_5"]).await;
    let other = bench.queue.named("another");
    assert!(other.dead_letters(None, 10).await.unwrap().is_empty());
    let (mut last, mut sizes, mut ids) = (None, Vec::new(), Vec::new());
    loop {
        let page = bench.queue.dead_letters(last.as_ref(), 2).await.unwrap();
        sizes.push(page.len());
        ids.extend(page.iter().map(|letter| letter.message_id().to_owned()));
        let Some(letter) = page.into_iter().next_back() else {
            break;
        };
        last = Some(letter);
    }
    assert_eq!(sizes, [2, 2, 1, 0]);
    ids.sort();
    assert_eq!(ids, ["msg_1", "msg_2", "msg_3", "msg_4", "msg_5"]);
}

pub(crate) async fn what_was_processed_is_forgotten_after_its_time<DB: Engine>(bench: Bench<DB>) {
    kill(&bench, &["msg_dead"]).await;
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

pub(crate) async fn a_finished_body_is_not_kept<DB: Engine>(bench: Bench<DB>) {
    bench.store("msg_1").await;
    let seen = Seen::default();
    let worker = Running::start(bench.queue.worker(noting(&seen)));
    bench.is_counted(0, 0, 0).await;
    worker.stop().await;
    let bare = "DELETE FROM {queue} WHERE body IS NULL AND state = 'done'";
    assert_eq!(bench.execute(bare).await, 1);
}
