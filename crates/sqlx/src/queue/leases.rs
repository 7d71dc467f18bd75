//! The leases that a worker holds: takes, extends and ends them.

use std::{
    collections::BTreeSet,
    error::Error,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep};
use tracing::warn;

use super::{
    lease::{End, Lease, Outcome, Write},
    queue::Queue,
    touch::Touch,
};
use crate::{
    engine::{
        Engine,
        Value::{Number, Text},
    },
    error::DatabaseError,
    millis::millis,
};

/// The pause between attempts to reach the database.
pub(super) const DATABASE_PAUSE: Duration = Duration::from_millis(500);
/// How long a stopping worker tries to record how a run ended. After that the run counts as a crash.
const LAST_TRIES: Duration = Duration::from_secs(10);
const TAKEN_OVER_AT_ONCE: i64 = 100;

/// The next row to look at: its state, milliseconds until it is due or its lease ends, crashes.
type NextRow = (String, i64, i64);
/// A leased row: message id, attempts including this one, crashes, body.
type LeasedRow = (String, i64, i64, String);

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
        let queue = [Text(&self.queue.name)];
        let next = self.queue.rows("look for events", DB::NEXT, &queue).await?;
        self.was_answered();
        Ok(next)
    }

    /// Leases events. They are extended until their [`end`](Self::end).
    pub(super) async fn lease(
        &self,
        at_most: usize,
        crashes: (i64, i64),
    ) -> Result<Vec<Job>, DatabaseError> {
        let request = [
            Text(&self.queue.name),
            Number(crashes.0),
            Number(crashes.1),
            Number(at_most.try_into().unwrap_or(i64::MAX)),
            Text(&self.owner),
            Number(millis(self.lasts)),
        ];
        let rows: Vec<LeasedRow> = self.queue.rows("lease events", DB::LEASE, &request).await?;
        let mut held = lock(&self.held);
        let jobs = rows
            .into_iter()
            .map(|(message_id, attempt, crashes, body)| {
                held.insert((message_id.clone(), attempt));
                let lease = Lease {
                    engine: DB::NAME,
                    queue: Arc::clone(&self.queue.name),
                    message_id,
                    owner: Arc::clone(&self.owner),
                    attempt,
                    in_transaction: AtomicBool::new(false),
                };
                Job {
                    lease: Arc::new(lease),
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
        let name = &self.queue.name;
        let lost = [
            Text(name),
            Number(TAKEN_OVER_AT_ONCE),
            Number(millis(self.lasts)),
        ];
        let taken: Vec<(String, i64)> = self
            .queue
            .rows("take over events", DB::TAKE_OVER, &lost)
            .await?;
        for (message_id, crashes) in taken {
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
        let ids = serde_json::Value::from_iter(ids).to_string();
        let leases = [
            Number(millis(self.lasts)),
            Text(&self.queue.name),
            Text(&ids),
            Text(&self.owner),
        ];
        let extended = self.queue.execute("extend leases", DB::EXTEND, &leases);
        extended.await?;
        self.was_answered();
        Ok(())
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
        let write = Write::End(end.clone());
        let ended = self.queue.write("record how a run ended", write).await?;
        Ok(ended || is_unsure && self.has_ended(end).await?)
    }

    async fn has_ended(&self, end: &End) -> Result<bool, DatabaseError> {
        let ended = end.has_ended();
        let attempt = "read how a run ended";
        let rows: Vec<(i64,)> = self.queue.rows(attempt, DB::HAS_ENDED, &ended).await?;
        Ok(rows == [(1,)])
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

    fn was_answered(&self) {
        lock(&self.touch).again(self.lasts / 2);
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
