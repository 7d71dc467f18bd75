//! What an operator does.

use std::{
    sync::LazyLock,
    time::{Duration, SystemTime},
};

use clerk_webhooks::{
    WebhookError,
    queue::{Enqueued, Handler, QueuedEvent},
};
use clerk_webhooks_testbed::queue::{TestedDeadLetter as _, TestedQueue};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::time::sleep;
use tower::{BoxError, service_fn};

use super::storing::noting;
use crate::support::{Bench, Running, Seen, event, hasty_policy};

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

/// One for all tests: each looks at a queue of its own.
static RECORDER: LazyLock<PrometheusHandle> =
    LazyLock::new(|| PrometheusBuilder::new().install_recorder().unwrap());

/// The value of one series of a queue.
fn measured(queue: &str, name: &str, label: &str) -> Option<f64> {
    let text = RECORDER.render();
    let is_it = |line: &&str| {
        line.starts_with(&format!("clerk_webhooks_queue_{name}{{"))
            && line.contains(&format!("queue=\"{queue}\""))
            && line.contains(label)
    };
    let (_, value) = text.lines().find(is_it)?.rsplit_once(' ')?;
    Some(value.parse().unwrap())
}

pub(crate) async fn its_depth_age_and_attempts_are_measured<Q: TestedQueue>(mut bench: Bench<Q>) {
    LazyLock::force(&RECORDER);
    let name = format!("measured_{:016x}", fastrand::u64(..));
    bench.queue = bench.queue.named(&name);
    for message_id in ["msg_1", "msg_2"] {
        bench.store(message_id).await;
    }
    sleep(Duration::from_millis(1_500)).await;
    bench.queue.record_metrics().await.unwrap();
    assert_eq!(measured(&name, "events", "waiting"), Some(2.0));
    assert_eq!(measured(&name, "events", "dead"), Some(0.0));
    let age = measured(&name, "oldest_due_seconds", "").unwrap();
    assert!((1.0..60.0).contains(&age), "{age} s");

    let failing = service_fn(|_: QueuedEvent| async { Err::<(), BoxError>("busy".into()) });
    let worker = bench.queue.worker(failing);
    let worker = worker.with_retry_policy(hasty_policy().with_max_attempts(2));
    let worker = Running::start(worker);
    bench.is_counted(0, 0, 2).await;
    worker.stop().await;
    bench.queue.record_metrics().await.unwrap();
    assert_eq!(measured(&name, "events", "waiting"), Some(0.0));
    assert_eq!(measured(&name, "events", "running"), Some(0.0));
    assert_eq!(measured(&name, "events", "dead"), Some(2.0));
    assert_eq!(measured(&name, "oldest_due_seconds", ""), Some(0.0));
    assert_eq!(measured(&name, "attempts_total", "\"retry\""), Some(2.0));
    assert_eq!(
        measured(&name, "attempts_total", "\"dead_letter\""),
        Some(2.0)
    );
    assert_eq!(
        measured(&name, "handler_duration_seconds_count", ""),
        Some(4.0)
    );
}
