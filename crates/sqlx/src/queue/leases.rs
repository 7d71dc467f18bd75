//! The leases that a worker holds: takes, extends and ends them.

use std::{
    collections::BTreeSet,
    error::Error,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout};
use tracing::warn;

use super::{
    lease::{End, Lease, LeaseRequest, NextRow, Outcome},
    queue::{Engine, Queue},
    statements::Statements as _,
    touch::Touch,
    writer::Write,
};
use crate::{connect, error::DatabaseError, millis::millis};

/// The pause between attempts to reach the database.
pub(super) const DATABASE_PAUSE: Duration = Duration::from_millis(500);
/// A broken connection that never answers must not block a worker for ever.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a stopping worker tries to record how a run ended. After that the run counts as a crash.
const LAST_TRIES: Duration = Duration::from_secs(10);
const TAKEN_OVER_AT_ONCE: i64 = 100;

/// An event to run.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) lease: Arc<Lease>,
    pub(super) crashes: i64,
    pub(super) body: String,
}

/// Shared by the loop and every run.
pub(super) struct Leases<DB: Engine> {
    queue: Queue<DB>,
    owner: Arc<str>,
    lasts: Duration,
    /// The message ids and attempts of the leased events.
    held: Mutex<BTreeSet<(String, i64)>>,
    touch: Mutex<Touch>,
    stopping: AtomicBool,
}

impl<DB: Engine> Leases<DB> {
    pub(super) fn new(queue: Queue<DB>, lasts: Duration) -> Self {
        Self {
            queue,
            owner: unique_name().into(),
            lasts,
            held: Mutex::default(),
            touch: Mutex::new(Touch::now()),
            stopping: AtomicBool::new(false),
        }
    }

    pub(super) fn queue(&self) -> &Queue<DB> {
        &self.queue
    }

    pub(super) async fn next(&self) -> Result<Vec<NextRow>, DatabaseError> {
        let name = &self.queue.name;
        let asking = async { connect::acquire(&self.queue.pool).await?.next(name).await };
        self.in_time("look for events", asking).await
    }

    /// Leases events. They are extended until their [`end`](Self::end).
    pub(super) async fn lease(
        &self,
        at_most: usize,
        crashes: (i64, i64),
    ) -> Result<Vec<Job>, DatabaseError> {
        let request = LeaseRequest {
            queue: &self.queue.name,
            crashes,
            at_most: at_most.try_into().unwrap_or(i64::MAX),
            owner: &self.owner,
            lasts: millis(self.lasts),
        };
        let leasing = async {
            let mut connection = connect::acquire(&self.queue.pool).await?;
            connection.lease(&request).await
        };
        let rows = self.in_time("lease events", leasing).await?;
        let mut held = lock(&self.held);
        let jobs = rows
            .into_iter()
            .map(|(message_id, attempt, crashes, body)| {
                held.insert((message_id.clone(), attempt));
                let (queue, owner) = (Arc::clone(&self.queue.name), Arc::clone(&self.owner));
                let lease = Lease::new(DB::NAME, queue, owner, (message_id, attempt)).into();
                Job {
                    lease,
                    crashes,
                    body,
                }
            });
        Ok(jobs.collect())
    }

    /// Whether this worker may take over an event whose lease has ended. It may when the database has answered for
    /// the length of a lease: a worker that still runs has then had time to extend its lease.
    pub(super) fn may_take_over(&self) -> bool {
        lock(&self.touch).lasts() >= self.lasts
    }

    pub(super) async fn take_over(&self) -> Result<(), DatabaseError> {
        let (name, longest_pause) = (&self.queue.name, millis(self.lasts));
        let taking = async {
            let mut connection = connect::acquire(&self.queue.pool).await?;
            let (at_most, pause) = (TAKEN_OVER_AT_ONCE, longest_pause);
            connection.take_over(name, at_most, pause).await
        };
        for (message_id, crashes) in self.in_time("take over events", taking).await? {
            warn!(
                target: "clerk_webhooks",
                queue = &**name,
                message_id,
                crashes,
                "took over an event: its worker crashed, or lost the database"
            );
        }
        Ok(())
    }

    /// Extends the held leases until the future is dropped.
    pub(super) async fn keep(self: Arc<Self>) {
        loop {
            sleep(self.lasts / 4).await;
            while let Err(error) = self.extend().await {
                self.warn(&error);
                sleep(DATABASE_PAUSE).await;
            }
        }
    }

    async fn extend(&self) -> Result<(), DatabaseError> {
        let ids: BTreeSet<_> = lock(&self.held).iter().map(|(id, _)| id.clone()).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let extending = async {
            let unwritable = |error| sqlx::Error::Encode(Box::new(error));
            let ids = serde_json::to_string(&ids).map_err(unwritable)?;
            let mut connection = connect::acquire(&self.queue.pool).await?;
            let whose = (&*self.queue.name, &*self.owner);
            connection.extend(whose, &ids, millis(self.lasts)).await
        };
        self.in_time("extend leases", extending).await
    }

    /// Records how a run ended, however long the database cannot be reached.
    ///
    /// Returns whether the lease was still held. Returns `None` when the worker stops and the database still does
    /// not answer.
    pub(super) async fn end(&self, end: &End) -> Option<bool> {
        let (mut is_unsure, mut stopping_since) = (false, None);
        let recorded = loop {
            match self.end_once(end, is_unsure).await {
                Ok(recorded) => break recorded,
                Err(error) => self.pause_after(&error, &mut stopping_since).await?,
            }
            is_unsure = true;
        };
        self.forget(&end.lease);
        Some(recorded)
    }

    /// When `is_unsure`, an earlier attempt may have been carried out although its answer was lost.
    async fn end_once(&self, end: &End, is_unsure: bool) -> Result<bool, DatabaseError> {
        let ending = self.queue.writer.write(Write::End(end.clone()));
        let ended = self.in_time("record how a run ended", ending).await?;
        Ok(ended || is_unsure && self.has_ended(end).await?)
    }

    async fn has_ended(&self, end: &End) -> Result<bool, DatabaseError> {
        let asking = async {
            let mut connection = connect::acquire(&self.queue.pool).await?;
            connection.has_ended(end).await
        };
        self.in_time("read how a run ended", asking).await
    }

    /// Whether the handler's own transaction has ended the event. Returns `None` in the same case as
    /// [`end`](Self::end).
    pub(super) async fn is_completed(&self, lease: &Arc<Lease>) -> Option<bool> {
        let end = End {
            lease: Arc::clone(lease),
            outcome: Outcome::Done,
        };
        let mut stopping_since = None;
        loop {
            match self.has_ended(&end).await {
                Ok(is_completed) => return Some(is_completed),
                Err(error) => self.pause_after(&error, &mut stopping_since).await?,
            }
        }
    }

    /// Stops extending the lease, since its end is recorded.
    pub(super) fn forget(&self, lease: &Lease) {
        lock(&self.held).remove(&(lease.message_id.clone(), lease.attempt));
    }

    /// Logs the error and waits. Returns `None` when a stopping worker has tried for long enough.
    async fn pause_after(
        &self,
        error: &DatabaseError,
        stopping_since: &mut Option<Instant>,
    ) -> Option<()> {
        self.warn(error);
        if self.stopping.load(Ordering::Relaxed)
            && stopping_since.get_or_insert_with(Instant::now).elapsed() > LAST_TRIES
        {
            return None;
        }
        sleep(DATABASE_PAUSE).await;
        Some(())
    }

    pub(super) fn prepare_to_stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    async fn in_time<T, E: Into<Arc<sqlx::Error>>>(
        &self,
        attempt: &'static str,
        asking: impl Future<Output = Result<T, E>>,
    ) -> Result<T, DatabaseError> {
        let answer = match timeout(DATABASE_TIMEOUT, asking).await {
            Ok(answer) => answer.map_err(Into::into),
            Err(elapsed) => Err(sqlx::Error::Io(io::Error::from(elapsed)).into()),
        };
        let answer = answer.map_err(DatabaseError::of(DB::NAME, attempt))?;
        lock(&self.touch).again(self.lasts / 2);
        Ok(answer)
    }

    pub(super) fn warn(&self, error: &DatabaseError) {
        let queue = &*self.queue.name;
        let cause = error.source().map(ToString::to_string);
        warn!(target: "clerk_webhooks", queue, cause, "{error}; trying again");
    }
}

/// A poisoned lock is safe to use: no user's code runs under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Must differ on every start: otherwise a restarted process would extend the leases of the crashed one.
fn unique_name() -> String {
    format!("{}-{:016x}", std::process::id(), fastrand::u64(..))
}
