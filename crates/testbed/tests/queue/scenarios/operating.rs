//! What an operator does.

use std::time::{Duration, SystemTime};

use clerk_webhooks::{
    WebhookError,
    queue::{Enqueued, Handler, QueuedEvent},
};
use clerk_webhooks_testbed::queue::{TestedDeadLetter as _, TestedQueue};
use tower::{BoxError, service_fn};

use super::storing::noting;
use crate::support::{Bench, Running, Seen, event};

fn refusing() -> impl Handler {
    service_fn(|_: QueuedEvent| async {
        Err::<(), BoxError>(WebhookError::permanent("no such plan").into_boxed())
    })
}

pub(crate) async fn kill<Q: TestedQueue>(bench: &Bench<Q>, message_ids: &[&str]) {
    for message_id in message_ids {
        bench.store(message_id).await;
    }
    let worker = Running::start(bench.queue.worker(refusing()));
    bench.is_counted(0, 0, message_ids.len() as u64).await;
    worker.stop().await;
}

pub(crate) async fn a_dead_letter_can_be_read_requeued_and_dropped<Q: TestedQueue>(
    bench: Bench<Q>,
) {
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
    let again = queue.enqueue(&event("msg_2"), None).await.unwrap();
    let waiting = match again {
        Enqueued::New => 2,
        Enqueued::Duplicate => 1,
    };
    assert_eq!(again == Enqueued::New, bench.engine.forgets_dropped_ids());
    bench.is_counted(waiting, 0, 0).await;

    let seen = Seen::default();
    let worker = Running::start(queue.worker(noting(&seen)));
    bench.is_counted(0, 0, 0).await;
    worker.stop().await;
    assert_eq!(seen.attempts(), vec![1; waiting as usize]);
    assert!(!queue.drop_dead_letter("msg_1").await.unwrap());
}

pub(crate) async fn dead_letters_come_in_pages<Q: TestedQueue>(bench: Bench<Q>) {
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

pub(crate) async fn a_finished_body_is_not_kept<Q: TestedQueue>(bench: Bench<Q>) {
    bench.store("msg_1").await;
    let seen = Seen::default();
    let worker = Running::start(bench.queue.worker(noting(&seen)));
    bench.is_counted(0, 0, 0).await;
    worker.stop().await;
    assert_eq!(bench.engine.stored_bodies().await, 0);
}
