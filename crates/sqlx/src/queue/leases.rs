//! The leases that a worker holds: takes, extends and ends them.

use std::{
    collections::BTreeSet,
    error::Error,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use clerk_webhooks::queue::QueueMetrics;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tracing::warn;

use super::{
    lease::{End, Lease, Outcome, Write},
    operations::NextRow,
    queue::Queue,
    settings::Settings,
    touch::Touch,
};
use crate::{
    engine::{
        Engine, Sql,
        Value::{Number, Text},
    },
    error::DatabaseError,
    millis::millis,
    purge, request,
    statements::Statements as _,
};

/// The pause between attempts to reach the database.
pub(super) const DATABASE_PAUSE: Duration = Duration::from_millis(500);
/// How long a stopping worker tries to record how a run ended. After that the run counts as a crash.
const LAST_TRIES: Duration = Duration::from_secs(10);
const TAKEN_OVER_AT_ONCE: i64 = 100;
const BETWEEN_PURGES: Duration = Duration::from_secs(3600);
/// Prometheus' usual interval.
const BETWEEN_METRICS: Duration = Duration::from_secs(15);

/// A leased row: message id, attempts including this one, crashes, body.
type LeasedRow = (String, i64, i64, String);

/// Shared by the loop and every run.
pub(super) struct Leases<DB: Engine> {
    pub(super) queue: Queue<DB>,
    pub(super) settings: Settings,
    owner: Arc<str>,
    /// The message ids and attempts of the leased events.
    held: Mutex<BTreeSet<(String, i64)>>,
    touch: Mutex<Touch>,
    stop: watch::Receiver<bool>,
}

impl<DB: Engine> Leases<DB> {
    pub(super) fn new(queue: Queue<DB>, settings: Settings, stop: watch::Receiver<bool>) -> Self {
        Self {
            queue,
            settings,
            owner: unique_name().into(),
            held: Mutex::default(),
            touch: Mutex::new(Touch::now()),
            stop,
        }
    }

    pub(super) async fn next(&self) -> Result<Vec<NextRow>, DatabaseError> {
        let next = self.queue.next().await?;
        self.was_answered();
        Ok(next)
    }

    /// Leases events. They are extended until their [`end`](Self::end).
    pub(super) async fn lease(
        &self,
        at_most: usize,
        crashes: (i64, i64),
    ) -> Result<Vec<Arc<Lease>>, DatabaseError> {
        let request = [
            Text(&self.queue.name),
            Number(crashes.0),
            Number(crashes.1),
            Number(at_most.try_into().unwrap_or(i64::MAX)),
            Text(&self.owner),
            Number(millis(self.settings.lease)),
        ];
        let rows: Vec<LeasedRow> =
            request::rows(&self.queue.pool, Sql::<DB>::LEASE, &request).await?;
        let mut held = lock(&self.held);
        let leases = rows
            .into_iter()
            .map(|(message_id, attempt, crashes, body)| {
                held.insert((message_id.clone(), attempt));
                Arc::new(Lease {
                    engine: DB::NAME,
                    queue: Arc::clone(&self.queue.name),
                    message_id,
                    owner: Arc::clone(&self.owner),
                    attempt,
                    crashes,
                    body,
                    in_transaction: AtomicBool::new(false),
                })
            });
        Ok(leases.collect())
    }

    /// Whether this worker may take over an event whose lease has ended. It may when the database has answered for
    /// the length of a lease: a worker that still runs has then had time to extend its lease.
    pub(super) fn may_take_over(&self) -> bool {
        lock(&self.touch).lasts() >= self.settings.lease
    }

    pub(super) async fn take_over(&self) -> Result<(), DatabaseError> {
        let name = &self.queue.name;
        let lost = [
            Text(name),
            Number(TAKEN_OVER_AT_ONCE),
            Number(millis(self.settings.lease)),
        ];
        let taken: Vec<(String, i64)> =
            request::rows(&self.queue.pool, Sql::<DB>::TAKE_OVER, &lost).await?;
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

    /// Purges now and hourly, until the future is dropped.
    pub(super) async fn purge(self: Arc<Self>) {
        let retention = self.settings.retention;
        purge::continuously(BETWEEN_PURGES, || self.queue.purge(retention)).await;
    }

    /// Sets the gauges of the queue now and then, until the future is dropped.
    pub(super) async fn record_metrics(self: Arc<Self>) {
        while QueueMetrics::IS_ON {
            if let Err(error) = self.queue.record_metrics().await {
                self.warn(&error);
            }
            sleep(BETWEEN_METRICS).await;
        }
    }

    /// Extends the held leases until the future is dropped.
    pub(super) async fn keep(self: Arc<Self>) {
        loop {
            sleep(self.settings.lease / 4).await;
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
            Number(millis(self.settings.lease)),
            Text(&self.queue.name),
            Text(&ids),
            Text(&self.owner),
        ];
        let extended = request::execute(&self.queue.pool, Sql::<DB>::EXTEND, &leases);
        extended.await?;
        self.was_answered();
        Ok(())
    }

    /// Records how a run ended, however long the database cannot be reached.
    ///
    /// Returns whether the lease was still held. Returns `None` when the worker stops and the database still does
    /// not answer.
    pub(super) async fn end(&self, end: &End) -> Option<bool> {
        let recorded = self.until_answered(|| self.end_once(end)).await?;
        self.forget(&end.lease);
        Some(recorded)
    }

    /// An earlier attempt to record it may have been carried out although its answer was lost.
    async fn end_once(&self, end: &End) -> Result<bool, DatabaseError> {
        let write = Write::End(end.clone());
        let ended = self.queue.write(write).await?;
        Ok(ended || self.has_ended(end).await?)
    }

    async fn has_ended(&self, end: &End) -> Result<bool, DatabaseError> {
        let (statement, ended) = (Sql::<DB>::HAS_ENDED, end.has_ended());
        let rows: Vec<(i64,)> = request::rows(&self.queue.pool, statement, &ended).await?;
        Ok(rows == [(1,)])
    }

    /// Whether the handler's own transaction has ended the event. Returns `None` in the same case as
    /// [`end`](Self::end).
    pub(super) async fn is_completed(&self, lease: &Arc<Lease>) -> Option<bool> {
        let end = End {
            lease: Arc::clone(lease),
            outcome: Outcome::Done,
        };
        self.until_answered(|| self.has_ended(&end)).await
    }

    /// Stops extending the lease, since its end is recorded.
    pub(super) fn forget(&self, lease: &Lease) {
        lock(&self.held).remove(&(lease.message_id.clone(), lease.attempt));
    }

    /// Asks until there is an answer. Returns `None` when a stopping worker has asked for long enough.
    async fn until_answered<F>(&self, mut ask: impl FnMut() -> F) -> Option<bool>
    where
        F: Future<Output = Result<bool, DatabaseError>>,
    {
        let mut stopping_since = None;
        loop {
            match ask().await {
                Ok(answer) => return Some(answer),
                Err(error) => self.warn(&error),
            }
            if *self.stop.borrow()
                && stopping_since.get_or_insert_with(Instant::now).elapsed() > LAST_TRIES
            {
                return None;
            }
            sleep(DATABASE_PAUSE).await;
        }
    }

    fn was_answered(&self) {
        lock(&self.touch).again(self.settings.lease / 2);
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
