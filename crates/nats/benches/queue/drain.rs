//! How fast a worker with an empty handler empties the queue.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use clerk_webhooks::queue::{EventQueue as _, QueuedEvent};
use clerk_webhooks_nats::queue::Queue;
use tokio::{task::JoinSet, time::sleep};
use tower::service_fn;

use crate::{BoxError, contenders::event};

const EVENTS: usize = 20_000;
const PRODUCERS: usize = 64;

pub(crate) async fn measure(queue: &Queue) -> Result<(), BoxError> {
    for concurrency in [16, 64] {
        let queue = queue.named(format!("drained_{concurrency}"));
        fill(&queue).await?;
        let empty = service_fn(|_: QueuedEvent| async { Ok::<_, Infallible>(()) });
        let worker = queue.worker(empty).with_concurrency(concurrency);
        let begun = Instant::now();
        let working = tokio::spawn(worker.run());
        loop {
            let counts = queue.counts().await?;
            if counts.waiting + counts.running == 0 {
                break;
            }
            sleep(Duration::from_millis(5)).await;
        }
        let rate = EVENTS as f64 / begun.elapsed().as_secs_f64();
        working.abort();
        println!("\n{concurrency} at once, an empty handler: {rate:.0} events/s drained");
    }
    Ok(())
}

async fn fill(queue: &Queue) -> Result<(), BoxError> {
    let mut producers = JoinSet::new();
    for producer in 0..PRODUCERS {
        let queue = queue.clone();
        producers.spawn(async move {
            for number in (producer..EVENTS).step_by(PRODUCERS) {
                queue.enqueue(&event(format!("msg_{number}")), None).await?;
            }
            Ok::<_, BoxError>(())
        });
    }
    while let Some(produced) = producers.join_next().await {
        produced??;
    }
    Ok(())
}
