//! What is stored, and when it runs.

use std::{
    collections::HashSet,
    convert::Infallible,
    time::{Duration, SystemTime},
};

use clerk_webhooks::queue::{Enqueued, Handler, QueuedEvent};
use clerk_webhooks_testbed::queue::TestedQueue;
use serde_json::json;
use tower::service_fn;

use crate::support::{Bench, Running, Seen, event, event_with};

pub(crate) fn noting(seen: &Seen) -> impl Handler + use<> {
    let seen = seen.clone();
    service_fn(move |event: QueuedEvent| {
        seen.note(event);
        async { Ok::<_, Infallible>(()) }
    })
}

pub(crate) async fn the_same_message_is_stored_once<Q: TestedQueue>(bench: Bench<Q>) {
    let (first, again) = (
        event("msg_1"),
        event_with("msg_1", &json!({ "body": "{}" })),
    );
    let queue = &bench.queue;
    assert_eq!(queue.enqueue(&first, None).await.unwrap(), Enqueued::New);
    assert_eq!(
        queue.enqueue(&again, None).await.unwrap(),
        Enqueued::Duplicate
    );
    bench.is_counted(1, 0, 0).await;

    let seen = Seen::default();
    let worker = Running::start(queue.worker(noting(&seen)));
    bench.is_counted(0, 0, 0).await;
    assert_eq!(
        queue.enqueue(&again, None).await.unwrap(),
        Enqueued::Duplicate
    );
    bench.store("msg_2").await;
    seen.reaches(2).await;
    worker.stop().await;
    let ids: Vec<_> = seen
        .events()
        .iter()
        .map(|e| e.message_id().to_owned())
        .collect();
    assert_eq!(ids, ["msg_1", "msg_2"]);
}

pub(crate) async fn an_event_arrives_as_it_was_stored<Q: TestedQueue>(bench: Bench<Q>) {
    let text = event_with(
        "msg_text",
        &json!({ "body": "{\"type\":\"caf\u{e9} \\u0000\"}" }),
    );
    let bytes = event_with("msg_bytes", &json!({ "body_base64": "AP/+gA==" }));
    for event in [&text, &bytes] {
        bench.queue.enqueue(event, None).await.unwrap();
    }
    let seen = Seen::default();
    let worker = Running::start(bench.queue.worker(noting(&seen)));
    seen.reaches(2).await;
    worker.stop().await;
    let mut events = seen.events();
    events.sort_by_key(|event| event.message_id() != "msg_text");
    assert_eq!(events, [text, bytes]);
    assert_eq!(&**events[1].raw_body(), [0, 0xff, 0xfe, 0x80]);
}

pub(crate) async fn an_event_waits_for_its_time<Q: TestedQueue>(bench: Bench<Q>) {
    let due = SystemTime::now() + Duration::from_millis(2500);
    let late = event("msg_late");
    bench.queue.enqueue(&late, Some(due)).await.unwrap();
    let long_ago = Some(SystemTime::UNIX_EPOCH);
    bench
        .queue
        .enqueue(&event("msg_now"), long_ago)
        .await
        .unwrap();

    let seen = Seen::default();
    let worker = Running::start(bench.queue.worker(noting(&seen)));
    seen.reaches(2).await;
    worker.stop().await;
    assert_eq!(seen.events()[1].message_id(), "msg_late");
    assert!(due <= seen.clock_times()[1]);
}

pub(crate) async fn two_queues_on_one_database_are_two_worlds<Q: TestedQueue>(bench: Bench<Q>) {
    let other = bench.queue.named("another");
    bench.store("msg_1").await;
    let stored = other.enqueue(&event("msg_1"), None).await.unwrap();
    assert_eq!(stored, Enqueued::New);

    let seen = Seen::default();
    let worker = Running::start(other.worker(noting(&seen)).with_lease(Duration::ZERO));
    seen.reaches(1).await;
    worker.stop().await;
    assert_eq!(other.counts().await.unwrap()[0], 0);
    bench.is_counted(1, 0, 0).await;
    assert_eq!(seen.attempts(), [1]);
}

pub(crate) async fn many_at_once_are_each_stored_once<Q: TestedQueue>(bench: Bench<Q>) {
    let other = (bench.reopen)().await;
    let mut storing = tokio::task::JoinSet::new();
    for number in 0..120 {
        // Each message three times, by two handles.
        let queue = if number % 2 == 0 {
            &bench.queue
        } else {
            &other
        }
        .clone();
        storing.spawn(async move {
            let event = event(&format!("msg_{}", number % 40));
            queue.enqueue(&event, None).await.unwrap()
        });
    }
    let stored = storing.join_all().await;
    let new = stored.iter().filter(|&&stored| stored == Enqueued::New);
    assert_eq!(new.count(), 40);

    let seen = Seen::default();
    let worker = Running::start(bench.queue.worker(noting(&seen)));
    bench.is_counted(0, 0, 0).await;
    worker.stop().await;
    let events = seen.events();
    let ids: HashSet<_> = events.iter().map(QueuedEvent::message_id).collect();
    assert_eq!((ids.len(), events.len()), (40, 40));
}
