//! How fast a worker with an empty handler empties the queue, and what that does to acknowledgements.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use clerk_webhooks::queue::{EventQueue as _, QueuedEvent};
use clerk_webhooks_sqlx::{Engine, queue::Queue};
use tokio::{task::JoinSet, time::sleep};
use tower::service_fn;

use crate::{BoxError, contenders::event};

const EVENTS: usize = 10_000;
const PRODUCERS: usize = 64;
const CONCURRENCY: usize = 100;

pub(crate) async fn measure<DB: Engine>(engine: &str, queue: &Queue<DB>) -> Result<(), BoxError> {
    let queue = queue.named("drained");
    fill(&queue).await?;
    let empty = service_fn(|_: QueuedEvent| async { Ok::<_, Infallible>(()) });
    let worker = queue.worker(empty).with_concurrency(CONCURRENCY);
    let begun = Instant::now();
    let working = tokio::spawn(worker.run());
    let mut times = Vec::new();
    while queue.counts().await?.waiting > 0 {
        for _ in 0..20 {
            let event = event(format!("msg_beside_{}", times.len()));
            let begun = Instant::now();
            queue.enqueue(&event, None).await?;
            times.push(begun.elapsed());
            sleep(Duration::from_millis(5)).await;
        }
    }
    let rate = (EVENTS + times.len()) as f64 / begun.elapsed().as_secs_f64();
    working.abort();
    times.sort_unstable();
    let (p50, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!(
        "{engine}: {CONCURRENCY} at once, an empty handler: {rate:.0} events/s drained; beside that an \
         acknowledgement takes {p50:.1?}, at most {p99:.1?} for 99 of 100\n"
    );
    Ok(())
}

async fn fill<DB: Engine>(queue: &Queue<DB>) -> Result<(), BoxError> {
    let mut producers = JoinSet::new();
    for producer in 0..PRODUCERS {
        let queue = queue.clone();
        producers.spawn(async move {
            for number in 0..EVENTS.div_ceil(PRODUCERS) {
                let event = event(format!("msg_{producer}_{number}"));
                queue.enqueue(&event, None).await?;
            }
            Ok::<_, BoxError>(())
        });
    }
    while let Some(produced) = producers.join_next().await {
        produced??;
    }
    Ok(())
}
