//! How much memory a worker on NATS needs, in a process of its own.

use std::{convert::Infallible, time::Duration};

use clerk_webhooks::queue::{EventQueue as _, QueuedEvent};
use clerk_webhooks_nats::{
    Streams, migrate, open_nats,
    queue::{Counts, Queue},
};
use clerk_webhooks_testbed::engines::Nats;
use peak_alloc::PeakAlloc;
use serde_json::json;
use tokio::{task::JoinHandle, time::sleep};
use tower::service_fn;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The largest body that the layer takes.
const BODY: usize = 2 * 1024 * 1024;
/// The stored event, its body in the handler, and copies while it is decoded.
const BODIES_FOR_EACH: usize = 4;
/// The client's buffers, and what is freed a little later.
const BESIDE: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "starts its own NATS: run it where nats-server is installed"]
async fn a_workers_memory_is_bounded_by_its_concurrency_not_by_the_backlog() {
    let nats = Nats::start().await.unwrap();
    let streams = Streams::new(open_nats(&nats.url()).await.unwrap());
    migrate(&streams).await.unwrap();
    let mut lines = Vec::new();
    for (concurrency, events) in [(2, 20), (2, 80), (8, 80)] {
        let queue = Queue::new(&streams, format!("{concurrency}_{events}")).await;
        let needed = needed(queue.unwrap(), concurrency, events).await;
        let most = (concurrency * BODIES_FOR_EACH + BESIDE) * BODY;
        lines.push(format!(
            "concurrency {concurrency}, {events} events of 2 MiB: {:.1} MiB at most, {:.1} bodies for each that runs",
            needed as f64 / (1024.0 * 1024.0),
            needed as f64 / (concurrency * BODY) as f64,
        ));
        assert!(needed < most, "{lines:#?}");
        assert!(needed > concurrency * BODY, "not measured: {lines:#?}");
    }
    use std::io::Write as _;
    writeln!(std::io::stderr(), "{}", lines.join("\n")).unwrap();
}

async fn needed(queue: Queue, concurrency: usize, events: usize) -> usize {
    for number in 0..events {
        queue.enqueue(&event(number), None).await.unwrap();
    }
    let slow = service_fn(|event: QueuedEvent| async move {
        sleep(Duration::from_millis(50)).await;
        drop(event);
        Ok::<_, Infallible>(())
    });
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let worker = queue.worker(slow).with_concurrency(concurrency);
    let working: JoinHandle<()> = tokio::spawn(worker.run());
    while queue.counts().await.unwrap() != Counts::default() {
        sleep(Duration::from_millis(50)).await;
    }
    let needed = ALLOCATOR.peak_usage() - before;
    working.abort();
    let _ = working.await;
    needed
}

fn event(number: usize) -> QueuedEvent {
    let frame = json!({ "type": "user.created", "data": { "id": "" } }).to_string();
    let id = "x".repeat(BODY - frame.len());
    let body = json!({ "type": "user.created", "data": { "id": id } });
    let stored = json!({
        "message_id": format!("msg_{number}"),
        "attempted_at": 1_767_225_600,
        "secret_label": "current",
        "body": body.to_string(),
    });
    serde_json::from_value(stored).unwrap()
}
