//! What a queue needs of an engine: apalis' tables and queries where it has them, and one statement of our
//! own to end a run.

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use apalis_core::{task::Task, worker::context::WorkerContext};
use clerk_webhooks::queue::Enqueued;

#[cfg(feature = "postgres")]
pub use self::postgres::{Postgres, PostgresQueue};
#[cfg(feature = "sqlite")]
pub use self::sqlite::{Sqlite, SqliteQueue};
use crate::{dead_letter::DeadLetter, error::QueueError, operations::Counts};

/// One of apalis' engines, as [`Queue`](crate::Queue) uses it: `Sqlite` or `Postgres`.
///
/// It is sealed. Name it to write one function for both, which is how a program chooses its engine when it
/// starts:
///
/// ```
/// use clerk_webhooks_apalis::{Engine, Queue};
///
/// async fn report<E: Engine>(queue: &Queue<E>) -> Result<(), clerk_webhooks_apalis::QueueError> {
///     let counts = queue.counts().await?;
///     println!("{} waiting, {} in the dead letter", counts.pending, counts.dead);
///     Ok(())
/// }
/// ```
pub trait Engine: sealed::Engine {}

impl<E: sealed::Engine> Engine for E {}

pub(crate) use sealed::{Ended, Job, Lease, Run};

pub(crate) mod sealed {
    use super::*;

    /// Every method works on the rows of one queue alone.
    pub trait Engine: Clone + fmt::Debug + Send + Sync + 'static {
        /// As errors call it.
        const NAME: &'static str;

        /// Stores `job` under `key`, unless the queue has a row of that key.
        fn push(
            &self,
            queue: &str,
            key: &str,
            job: Vec<u8>,
            not_before: Option<SystemTime>,
        ) -> impl Future<Output = Result<Enqueued, QueueError>> + Send;

        /// Says that `worker` is alive.
        fn beat(
            &self,
            queue: &str,
            worker: &WorkerContext,
        ) -> impl Future<Output = Result<(), QueueError>> + Send;

        /// Frees the jobs of those workers, other than this one, that have not said so for `dead_after`: the run
        /// that they had begun counts.
        fn free_jobs_of_the_dead(
            &self,
            queue: &str,
            worker: &WorkerContext,
            dead_after: Duration,
        ) -> impl Future<Output = Result<(), QueueError>> + Send;

        /// Gives `worker` up to `at_most` jobs that are due.
        fn lease(
            &self,
            queue: &str,
            worker: &WorkerContext,
            at_most: usize,
        ) -> impl Future<Output = Result<Vec<Job>, QueueError>> + Send;

        /// Ends the run of a job in one statement; false when the job is no longer the worker's, or is its
        /// own again by another lease.
        fn end(&self, run: &Run<'_>) -> impl Future<Output = Result<bool, QueueError>> + Send;

        /// Whether the run was ended like this by an earlier [`end`](Self::end) whose answer was lost.
        fn has_ended(&self, run: &Run<'_>)
        -> impl Future<Output = Result<bool, QueueError>> + Send;

        /// Frees what the worker leased but never began: all of its rows less those that are `running`.
        fn free(
            &self,
            worker: &WorkerContext,
            running: &[Lease],
        ) -> impl Future<Output = Result<(), QueueError>> + Send;

        /// Takes the worker off the table, unless it still holds a lease.
        fn leave(
            &self,
            worker: &WorkerContext,
        ) -> impl Future<Output = Result<(), QueueError>> + Send;

        fn counts(&self, queue: &str) -> impl Future<Output = Result<Counts, QueueError>> + Send;

        /// In the order of their rows, from behind the given one.
        fn dead_letters(
            &self,
            queue: &str,
            after: &str,
            limit: u32,
        ) -> impl Future<Output = Result<Vec<DeadLetter>, QueueError>> + Send;

        fn dead_letter(
            &self,
            queue: &str,
            message_id: &str,
        ) -> impl Future<Output = Result<Option<DeadLetter>, QueueError>> + Send;

        fn requeue(
            &self,
            queue: &str,
            message_id: &str,
        ) -> impl Future<Output = Result<bool, QueueError>> + Send;

        fn drop_dead(
            &self,
            queue: &str,
            message_id: &str,
        ) -> impl Future<Output = Result<bool, QueueError>> + Send;

        /// Deletes some of what was processed longer ago than `keep`; how many, none when nothing is left.
        fn purge(
            &self,
            queue: &str,
            keep: Duration,
        ) -> impl Future<Output = Result<u64, QueueError>> + Send;

        /// Deletes the rows of workers that are long gone.
        fn purge_workers(&self, queue: &str)
        -> impl Future<Output = Result<(), QueueError>> + Send;
    }

    /// A leased row.
    #[derive(Debug)]
    pub struct Job {
        pub lease: Lease,
        pub message_id: String,
        pub stored: Vec<u8>,
    }

    /// What a worker holds, told apart from an earlier lease of the same row by the same worker: whoever takes
    /// a job over counts one more run.
    #[derive(Debug, Clone, PartialEq, Eq, Hash)]
    pub struct Lease {
        pub row: String,
        /// How many were begun before this one.
        pub runs: u32,
    }

    impl From<Task<Vec<u8>>> for Job {
        fn from(task: Task<Vec<u8>>) -> Self {
            let row = task.task_id().map(ToString::to_string).unwrap_or_default();
            let key = task.idempotency_key().map(str::to_owned);
            Self {
                message_id: key.unwrap_or_else(|| row.clone()),
                lease: Lease {
                    runs: task.attempt().try_into().unwrap_or(u32::MAX),
                    row,
                },
                stored: task.args,
            }
        }
    }

    /// A run that has ended.
    #[derive(Debug)]
    pub struct Run<'a> {
        pub lease: &'a Lease,
        pub worker: &'a str,
        /// How many there were, with this one.
        pub runs: u32,
        pub ended: &'a Ended,
    }

    #[derive(Debug)]
    pub enum Ended {
        Done,
        Again { pause: Duration, error: String },
        Dead { error: String },
    }

    impl Ended {
        /// What the row holds afterwards; empty when there is none.
        #[cfg(any(feature = "postgres", feature = "sqlite"))]
        pub(crate) fn error(&self) -> &str {
            match self {
                Self::Done => "",
                Self::Again { error, .. } | Self::Dead { error } => error,
            }
        }
    }
}

/// How many rows one statement of [`sealed::Engine::purge`] deletes, so that none blocks for long.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
const PURGED_AT_ONCE: i64 = 1000;

/// How long the row of a worker that no longer shows itself is kept.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
const WORKERS_KEPT: Duration = Duration::from_secs(24 * 3600);

/// What remains of a body once its event was processed: apalis' column takes no null.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
const NO_BODY: &[u8] = b"{}";

/// Engines cut off what is below: rounded up, so that nothing happens too early.
pub(crate) fn whole_seconds(duration: Duration) -> u64 {
    let begun = u64::from(duration.subsec_nanos() > 0);
    duration.as_secs().saturating_add(begun)
}

/// The time of an event, since 1970: never an earlier one than was asked for.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
fn stored_time(time: SystemTime) -> i64 {
    let since_1970 = time.duration_since(SystemTime::UNIX_EPOCH);
    let seconds = whole_seconds(since_1970.unwrap_or_default());
    seconds.try_into().unwrap_or(i64::MAX)
}

/// What a push says that does nothing when the key is there.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
fn enqueued(rows_affected: u64) -> Enqueued {
    match rows_affected {
        0 => Enqueued::Duplicate,
        _ => Enqueued::New,
    }
}

#[cfg(feature = "sqlite")]
fn seconds(duration: Duration) -> i64 {
    duration.as_secs().try_into().unwrap_or(i64::MAX)
}
