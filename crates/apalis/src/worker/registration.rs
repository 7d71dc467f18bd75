//! A worker's row in the engine's table of workers: what its leases hang on.

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

use super::heart::Heart;
use crate::{
    engine::{Ended, Engine, Job, Lease, Run},
    error::{QueueError, chain},
    queue::Queue,
};

/// Between attempts to reach an engine.
pub(super) const ENGINE_PAUSE: Duration = Duration::from_millis(500);
/// A connection that broke without a word must not hold a worker up for ever.
const ENGINE_TIMEOUT: Duration = Duration::from_secs(10);
/// For so long the end of a run is tried to be recorded once it is time to stop; then it is left to another
/// process.
const LAST_TRIES: Duration = Duration::from_secs(10);
/// A lease's answer may have been lost, and the engine may carry it out long after that was noticed.
const BETWEEN_LOOKS: Duration = Duration::from_secs(60);

/// Kept by the loop and by every run: as long as one of them lives, the heart beats.
pub(super) struct Registration<E> {
    heart: Arc<Heart<E>>,
    beating: JoinHandle<()>,
    running: Mutex<HashSet<Lease>>,
    /// When to look for jobs that are leased to this worker without its knowing.
    look_at: Mutex<Instant>,
    stopping: AtomicBool,
}

impl<E: Engine> Registration<E> {
    pub(super) async fn new(queue: &Queue<E>, heartbeat: Duration) -> Result<Self, QueueError> {
        let heart = Arc::new(Heart {
            engine: queue.engine.clone(),
            queue: Arc::clone(&queue.name),
            worker: WorkerContext::new(&unique_name()),
            heartbeat,
        });
        heart.beat().await?;
        Ok(Self {
            running: Mutex::default(),
            look_at: Mutex::new(Instant::now() + BETWEEN_LOOKS),
            stopping: AtomicBool::new(false),
            beating: tokio::spawn(Arc::clone(&heart).keep_beating()),
            heart,
        })
    }

    /// What it leases counts as running until its [`end`](Self::end) is recorded.
    pub(super) async fn lease(&self, at_most: usize) -> Result<Vec<Job>, QueueError> {
        let mut next_look = *lock(&self.look_at);
        if next_look <= Instant::now() {
            self.free_what_is_not_running().await?;
            next_look = Instant::now() + BETWEEN_LOOKS;
        }
        *lock(&self.look_at) = Instant::now();
        let Heart { queue, worker, .. } = &*self.heart;
        let jobs = in_time::<E, _>(self.engine().lease(queue, worker, at_most)).await?;
        *lock(&self.look_at) = next_look;
        lock(&self.running).extend(jobs.iter().map(|job| job.lease.clone()));
        Ok(jobs)
    }

    /// Shows itself first: the engine may have been away, and others must not take over what it still runs.
    async fn free_what_is_not_running(&self) -> Result<(), QueueError> {
        self.heart.beat().await?;
        let running: Vec<_> = lock(&self.running).iter().cloned().collect();
        in_time::<E, _>(self.engine().free(&self.heart.worker, &running)).await
    }

    /// Records how the last of `runs` runs ended, however long the engine is away; whether the job was still
    /// this worker's, or nothing when the engine did not come back before it was time to stop.
    pub(super) async fn end(&self, job: &Job, runs: u32, ended: &Ended) -> Option<bool> {
        let run = Run {
            lease: &job.lease,
            worker: self.heart.worker.name(),
            runs,
            ended,
        };
        let recorded = self.record(&run).await?;
        lock(&self.running).remove(&job.lease);
        Some(recorded)
    }

    async fn record(&self, run: &Run<'_>) -> Option<bool> {
        let (mut stopping_since, mut is_unsure) = (None, false);
        loop {
            match in_time::<E, _>(self.record_once(run, is_unsure)).await {
                Ok(ours) => return Some(ours),
                Err(error) => warn(&self.heart.queue, &error),
            }
            is_unsure = true;
            if self.stopping.load(Ordering::Relaxed)
                && stopping_since.get_or_insert_with(Instant::now).elapsed() > LAST_TRIES
            {
                return None;
            }
            sleep(ENGINE_PAUSE).await;
        }
    }

    /// An earlier try may have been carried out, though its answer was lost.
    async fn record_once(&self, run: &Run<'_>, is_unsure: bool) -> Result<bool, QueueError> {
        let engine = self.engine();
        Ok(engine.end(run).await? || is_unsure && engine.has_ended(run).await?)
    }

    pub(super) fn prepare_to_leave(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// What could not be recorded stays leased, to be found by others like the jobs of a dead worker.
    pub(super) async fn leave(&self) {
        self.beating.abort();
        let (engine, worker) = (self.engine(), &self.heart.worker);
        let unrecorded: Vec<_> = lock(&self.running).iter().cloned().collect();
        let leaving = async {
            engine.free(worker, &unrecorded).await?;
            engine.leave(worker).await
        };
        if let Err(error) = in_time::<E, _>(leaving).await {
            let (queue, error) = (&*self.heart.queue, chain(&error));
            warn!(target: "clerk_webhooks", queue, error, "a worker could not sign off");
        }
    }

    fn engine(&self) -> &E {
        &self.heart.engine
    }
}

impl<E> Drop for Registration<E> {
    fn drop(&mut self) {
        self.beating.abort();
    }
}

pub(super) fn warn(queue: &str, error: &QueueError) {
    let error = chain(error);
    warn!(target: "clerk_webhooks", queue, error, "trying again");
}

async fn in_time<E: Engine, T>(
    asked: impl Future<Output = Result<T, QueueError>>,
) -> Result<T, QueueError> {
    within::<E, _>(ENGINE_TIMEOUT, asked).await
}

pub(super) async fn within<E: Engine, T>(
    patience: Duration,
    asked: impl Future<Output = Result<T, QueueError>>,
) -> Result<T, QueueError> {
    match timeout(patience, asked).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(QueueError::of(E::NAME, "answer in time")(elapsed)),
    }
}

/// No user's code runs under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// With a name of old, a restarted process would hold on to what its forerunner left behind.
fn unique_name() -> String {
    format!(
        "clerk-webhooks-{}-{:016x}",
        std::process::id(),
        fastrand::u64(..)
    )
}
