//! A worker's place in the engine's table of workers: what its leases hang on.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use apalis_core::worker::context::WorkerContext;
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tracing::warn;

use super::shift::ENGINE_PAUSE;
use crate::{
    engine::{Ended, Engine, Job, Lease, Run},
    error::QueueError,
    queue::Queue,
};

/// A connection that broke without a word must not hold a worker up for ever.
const ENGINE_TIMEOUT: Duration = Duration::from_secs(30);
/// So many missed heartbeats are a dead worker.
const MISSED: u32 = 3;
/// So often the end of a run is recorded once it is time to stop, before it is left to another process.
const LAST_TRIES: u32 = 10;

/// Kept by the loop and by every run: as long as one of them lives, the heart beats.
pub(super) struct Seat<E> {
    place: Arc<Place<E>>,
    running: Mutex<HashSet<Lease>>,
    /// A lease whose answer was lost may have given it rows that it does not know of.
    is_unsure: AtomicBool,
    stopping: AtomicBool,
    heart: JoinHandle<()>,
}

struct Place<E> {
    engine: E,
    queue: Arc<str>,
    worker: WorkerContext,
    dead_after: Duration,
}

impl<E: Engine> Seat<E> {
    pub(super) async fn take(queue: &Queue<E>, heartbeat: Duration) -> Result<Self, QueueError> {
        let place = Arc::new(Place {
            engine: queue.engine.clone(),
            queue: Arc::clone(&queue.name),
            worker: WorkerContext::new(&unique_name()),
            dead_after: whole_seconds(heartbeat * MISSED),
        });
        place.beat(Some(place.dead_after)).await?;
        Ok(Self {
            running: Mutex::default(),
            is_unsure: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            heart: tokio::spawn(Arc::clone(&place).keep_beating(heartbeat)),
            place,
        })
    }

    /// What it leases counts as running until its [`end`](Self::end).
    pub(super) async fn lease(&self, at_most: usize) -> Result<Vec<Job>, QueueError> {
        let Place {
            engine,
            queue,
            worker,
            ..
        } = &*self.place;
        if self.is_unsure.load(Ordering::Relaxed) {
            self.free_what_is_not_running().await?;
        }
        self.is_unsure.store(true, Ordering::Relaxed);
        let jobs = in_time::<E, _>(engine.lease(queue, worker, at_most)).await?;
        self.is_unsure.store(false, Ordering::Relaxed);
        self.running()
            .extend(jobs.iter().map(|job| job.lease.clone()));
        Ok(jobs)
    }

    /// Shows itself first: the engine was away, and others must not take over what it still runs.
    async fn free_what_is_not_running(&self) -> Result<(), QueueError> {
        self.place.beat(None).await?;
        let running: Vec<_> = self.running().iter().cloned().collect();
        in_time::<E, _>(self.place.engine.free(&self.place.worker, &running)).await
    }

    fn running(&self) -> MutexGuard<'_, HashSet<Lease>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records how the last of `runs` runs ended, however long the engine is away; whether the job was still
    /// this worker's, or nothing when the engine did not come back before it was time to stop.
    pub(super) async fn end(&self, job: &Job, runs: u32, ended: &Ended) -> Option<bool> {
        let run = Run {
            lease: &job.lease,
            worker: self.place.worker.name(),
            runs,
            ended,
        };
        let recorded = self.record(&run).await;
        self.running().remove(&job.lease);
        recorded
    }

    async fn record(&self, run: &Run<'_>) -> Option<bool> {
        let mut last_tries = LAST_TRIES;
        while last_tries > 0 {
            match in_time::<E, _>(self.place.engine.end(run)).await {
                Ok(ours) => return Some(ours),
                Err(error) => warn(&self.place.queue, &error),
            }
            if self.stopping.load(Ordering::Relaxed) {
                last_tries -= 1;
            }
            sleep(ENGINE_PAUSE).await;
        }
        None
    }

    pub(super) fn prepare_to_leave(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(super) async fn leave(&self) {
        self.heart.abort();
        let Place { engine, worker, .. } = &*self.place;
        for left in [
            in_time::<E, _>(engine.free(worker, &[])).await,
            in_time::<E, _>(engine.leave(worker)).await,
        ] {
            if let Err(error) = left {
                warn(&self.place.queue, &error);
            }
        }
    }
}

impl<E: Engine> Place<E> {
    async fn beat(&self, dead_after: Option<Duration>) -> Result<(), QueueError> {
        let beat = self.engine.beat(&self.queue, &self.worker, dead_after);
        in_time::<E, _>(beat).await
    }

    async fn keep_beating(self: Arc<Self>, heartbeat: Duration) {
        let mut last = Instant::now();
        loop {
            sleep(heartbeat).await;
            // After an outage of the engine, or a standstill of this process, the others look dead too:
            // give them a heartbeat.
            let knows_the_dead = last.elapsed() < self.dead_after;
            let dead_after = knows_the_dead.then_some(self.dead_after);
            match self.beat(dead_after).await {
                Ok(()) => last = Instant::now(),
                Err(error) => warn(&self.queue, &error),
            }
        }
    }
}

impl<E> Drop for Seat<E> {
    fn drop(&mut self) {
        self.heart.abort();
    }
}

pub(super) fn warn(queue: &str, error: &QueueError) {
    let source = std::error::Error::source(error);
    warn!(
        target: "clerk_webhooks",
        queue,
        cause = source.map(tracing::field::display),
        "{error}; trying again",
    );
}

async fn in_time<E: Engine, T>(
    asked: impl Future<Output = Result<T, QueueError>>,
) -> Result<T, QueueError> {
    match timeout(ENGINE_TIMEOUT, asked).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(QueueError::of(E::NAME, "answer in time")(elapsed)),
    }
}

/// With a name of old, a restarted process would hold on to what its forerunner left behind.
fn unique_name() -> String {
    format!(
        "clerk-webhooks-{}-{:016x}",
        std::process::id(),
        fastrand::u64(..)
    )
}

fn whole_seconds(duration: Duration) -> Duration {
    let begun = u64::from(duration.subsec_nanos() > 0);
    Duration::from_secs(duration.as_secs().saturating_add(begun))
}
