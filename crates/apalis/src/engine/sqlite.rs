//! SQLite: one file, nothing to install.

use std::{
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use apalis_core::{backend::WorkerFilter, worker::context::WorkerContext};
use apalis_sqlite::{Config, SqliteStorage, SqliteTask, queries};
use clerk_webhooks::queue::Enqueued;
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use ulid::Ulid;

use super::{
    NO_BODY, PURGED_AT_ONCE, WORKERS_KEPT, enqueued,
    sealed::{Ended, Engine, Job, Lease, Run},
    seconds, stored_time,
};
use crate::{
    dead_letter::{DeadLetter, StoredRow},
    error::QueueError,
    operations::Counts,
    queue::Queue,
};

/// A queue in a file of its own.
///
/// Several processes of one machine may share the file; not several machines, and not a network drive.
pub type SqliteQueue = Queue<Sqlite>;

/// apalis' engine on SQLite.
#[derive(Debug, Clone)]
pub struct Sqlite {
    pool: SqlitePool,
}

/// How long a statement waits for another connection that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Processes that start at once on a new file get in each other's way while it is set up.
const SETUP_PATIENCE: Duration = Duration::from_secs(10);
const SETUP_PAUSE: Duration = Duration::from_millis(100);

impl SqliteQueue {
    /// Opens the queue called `name` in the file at `path`, which is made when there is none.
    ///
    /// The file should hold nothing else: apalis numbers its tables' versions where sqlx keeps the user's
    /// own. It is opened with `journal_mode=WAL`, `synchronous=FULL`, so that what was acknowledged survives
    /// the loss of power, a busy timeout of 5 s, and one connection: more only wait for each other.
    ///
    /// `name` is the scope of deduplication: one name for each endpoint of Clerk's dashboard, if they have
    /// different duties.
    ///
    /// ```
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use clerk_webhooks_apalis::SqliteQueue;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("queue.db");
    /// let queue = SqliteQueue::open(path, "clerk").await?;
    /// assert_eq!(queue.counts().await?.pending, 0);
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or its tables cannot be made.
    pub async fn open(path: impl AsRef<Path>, name: impl Into<String>) -> Result<Self, QueueError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_lazy_with(options);
        set_up(&pool).await?;
        Ok(Self::on(Sqlite { pool }, name))
    }
}

async fn set_up(pool: &SqlitePool) -> Result<(), QueueError> {
    let begun = Instant::now();
    loop {
        match SqliteStorage::migrations().run(pool).await {
            Ok(()) => break,
            Err(error) if begun.elapsed() > SETUP_PATIENCE => {
                return Err(cannot("open its file and make its tables")(error));
            }
            Err(_) => tokio::time::sleep(SETUP_PAUSE).await,
        }
    }
    // apalis has none that a purge could use: it would read all that is kept.
    const DONE: &str = "CREATE INDEX IF NOT EXISTS clerk_webhooks_done ON Jobs (job_type, done_at) \
         WHERE status = 'Done'";
    let made = sqlx::query(DONE).execute(pool).await;
    made.map(drop).map_err(cannot("make its tables"))
}

fn cannot<E: Into<tower::BoxError>>(attempt: &'static str) -> impl FnOnce(E) -> QueueError {
    QueueError::of(Sqlite::NAME, attempt)
}

/// What takes several statements.
impl Sqlite {
    async fn fetch(
        &self,
        config: &Config,
        worker: &WorkerContext,
    ) -> Result<Vec<SqliteTask>, apalis_sqlite::Error> {
        if !self.is_any_due(config.queue.as_ref()).await? {
            return Ok(Vec::new());
        }
        let mut transaction = self.pool.begin().await?;
        let tasks = queries::fetch_next(&mut *transaction, config, worker).await?;
        transaction.commit().await?;
        Ok(tasks)
    }

    /// Asking is cheaper than trying: it takes no lock that keeps others from writing.
    async fn is_any_due(&self, queue: &str) -> Result<bool, sqlx::Error> {
        const DUE: &str = "SELECT EXISTS (SELECT 1 FROM Jobs WHERE job_type = ?1 \
             AND status = 'Pending' AND run_at <= unixepoch())";
        sqlx::query_scalar(DUE)
            .bind(queue)
            .fetch_one(&self.pool)
            .await
    }
}

const PURGE: &str = "DELETE FROM Jobs WHERE id IN (SELECT id FROM Jobs WHERE job_type = ?1 \
     AND status = 'Done' AND done_at <= unixepoch() - ?2 LIMIT ?3)";

impl Engine for Sqlite {
    const NAME: &'static str = "SQLite";

    async fn push(
        &self,
        queue: &str,
        key: &str,
        job: Vec<u8>,
        not_before: Option<SystemTime>,
    ) -> Result<Enqueued, QueueError> {
        // As apalis' own push, which does not say whether the key was there.
        const PUSH: &str = "INSERT INTO Jobs \
             (job, id, job_type, max_attempts, run_at, metadata, idempotency_key) \
             VALUES (?1, ?2, ?3, 1, coalesce(?4, unixepoch()), '{}', ?5) \
             ON CONFLICT (job_type, idempotency_key) DO NOTHING";
        let pushed = sqlx::query(PUSH)
            .bind(job)
            .bind(Ulid::generate().to_string())
            .bind(queue)
            .bind(not_before.map(stored_time))
            .bind(key)
            .execute(&self.pool)
            .await
            .map_err(cannot("store an event"))?;
        Ok(enqueued(pushed.rows_affected()))
    }

    async fn beat(&self, queue: &str, worker: &WorkerContext) -> Result<(), QueueError> {
        const SEEN: &str = "INSERT INTO Workers \
             (id, worker_type, storage_name, layers, last_seen, started_at) \
             VALUES (?1, ?2, 'clerk-webhooks', '', unixepoch(), unixepoch()) \
             ON CONFLICT (id) DO UPDATE SET last_seen = unixepoch()";
        let seen = sqlx::query(SEEN).bind(worker.name()).bind(queue);
        let seen = seen.execute(&self.pool).await;
        seen.map(drop).map_err(cannot("show that a worker lives"))
    }

    async fn free_jobs_of_the_dead(
        &self,
        queue: &str,
        worker: &WorkerContext,
        dead_after: Duration,
    ) -> Result<(), QueueError> {
        let others = WorkerFilter::AllExcept(worker.name().to_owned());
        let freeing = async {
            let mut connection = self.pool.acquire().await?;
            // Both times are cut off to whole seconds: their difference may be one too many.
            let dead_for = seconds(dead_after).saturating_add(1);
            queries::reenqueue_orphaned(&mut *connection, dead_for, queue, &others).await
        };
        let freed = freeing.await;
        freed
            .map(drop)
            .map_err(cannot("take over the jobs of dead workers"))
    }

    async fn lease(
        &self,
        queue: &str,
        worker: &WorkerContext,
        at_most: usize,
    ) -> Result<Vec<Job>, QueueError> {
        let config = Config::default().queue(queue).batch_size(at_most.max(1));
        let tasks = self.fetch(&config, worker).await;
        let tasks = tasks.map_err(cannot("fetch events"))?;
        Ok(tasks.into_iter().map(Job::from).collect())
    }

    async fn end(&self, run: &Run<'_>) -> Result<bool, QueueError> {
        // A row that shrinks keeps its page to itself; when it moves away, what its body took is free.
        const DONE: &str = "UPDATE Jobs SET rowid = (SELECT max(rowid) + 1 FROM Jobs), status = 'Done', \
             attempts = ?3, job = ?4, done_at = unixepoch(), last_result = '{\"Ok\":null}', \
             lock_by = NULL, lock_at = NULL \
             WHERE id = ?1 AND lock_by = ?2 AND attempts = ?5";
        const AGAIN: &str = "UPDATE Jobs SET status = 'Pending', attempts = ?3, run_at = ?6, \
             last_result = json_object('Err', ?4), lock_by = NULL, lock_at = NULL \
             WHERE id = ?1 AND lock_by = ?2 AND attempts = ?5";
        const DEAD: &str = "UPDATE Jobs SET status = 'Killed', attempts = ?3, done_at = unixepoch(), \
             last_result = json_object('Err', ?4), lock_by = NULL, lock_at = NULL \
             WHERE id = ?1 AND lock_by = ?2 AND attempts = ?5";
        let query = |sql| {
            let query = sqlx::query(sql).bind(&run.lease.row).bind(run.worker);
            query.bind(run.runs)
        };
        let query = match run.ended {
            Ended::Done => query(DONE).bind(NO_BODY).bind(run.lease.runs),
            Ended::Again { pause, error } => {
                let query = query(AGAIN).bind(error).bind(run.lease.runs);
                query.bind(due_after(*pause))
            }
            Ended::Dead { error } => query(DEAD).bind(error).bind(run.lease.runs),
        };
        let ended = query.execute(&self.pool).await;
        let ended = ended.map_err(cannot("record how a run ended"))?;
        Ok(ended.rows_affected() > 0)
    }

    async fn has_ended(&self, run: &Run<'_>) -> Result<bool, QueueError> {
        const ENDED: &str = "SELECT EXISTS (SELECT 1 FROM Jobs WHERE id = ?1 AND attempts = ?2 \
             AND coalesce(last_result ->> 'Err', '') = ?3)";
        sqlx::query_scalar(ENDED)
            .bind(&run.lease.row)
            .bind(run.runs)
            .bind(run.ended.error())
            .fetch_one(&self.pool)
            .await
            .map_err(cannot("read how a run ended"))
    }

    async fn free(&self, worker: &WorkerContext, running: &[Lease]) -> Result<(), QueueError> {
        const FREE: &str = "UPDATE Jobs SET status = 'Pending', lock_by = NULL, lock_at = NULL \
             WHERE lock_by = ?1 AND status IN ('Queued', 'Running') \
             AND (id, attempts) NOT IN (SELECT value ->> 0, value ->> 1 FROM json_each(?2))";
        let running: Vec<_> = running
            .iter()
            .map(|lease| (&*lease.row, lease.runs))
            .collect();
        let running = serde_json::to_string(&running).map_err(cannot("list what runs"))?;
        let freed = sqlx::query(FREE).bind(worker.name()).bind(running);
        let freed = freed.execute(&self.pool).await;
        freed.map(drop).map_err(cannot("give its leases back"))
    }

    async fn leave(&self, worker: &WorkerContext) -> Result<(), QueueError> {
        const GONE: &str = "DELETE FROM Workers WHERE id = ?1 \
             AND NOT EXISTS (SELECT 1 FROM Jobs WHERE lock_by = Workers.id)";
        let gone = sqlx::query(GONE).bind(worker.name());
        let gone = gone.execute(&self.pool).await;
        gone.map(drop)
            .map_err(cannot("take its worker off the table"))
    }

    async fn counts(&self, queue: &str) -> Result<Counts, QueueError> {
        const COUNTS: &str = "SELECT status, COUNT(*) FROM Jobs WHERE job_type = ?1 \
             AND status IN ('Pending', 'Queued', 'Running', 'Failed', 'Killed') GROUP BY status";
        let counted: Vec<(String, i64)> = sqlx::query_as(COUNTS)
            .bind(queue)
            .fetch_all(&self.pool)
            .await
            .map_err(cannot("count its events"))?;
        Ok(counted.into_iter().collect())
    }

    async fn dead_letters(
        &self,
        queue: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        const DEAD: &str = "SELECT id, coalesce(idempotency_key, id), job, attempts, \
             CASE WHEN json_valid(last_result) THEN last_result ->> '$.Err' END, done_at \
             FROM Jobs WHERE job_type = ?1 AND status = 'Killed' AND id > ?2 ORDER BY id LIMIT ?3";
        let rows: Vec<StoredRow> = sqlx::query_as(DEAD)
            .bind(queue)
            .bind(after)
            .bind(limit)
            .fetch_all(&self.pool)
            .await
            .map_err(cannot("list its dead letters"))?;
        Ok(rows.into_iter().map(DeadLetter::from).collect())
    }

    async fn dead_letter(
        &self,
        queue: &str,
        message_id: &str,
    ) -> Result<Option<DeadLetter>, QueueError> {
        const DEAD: &str = "SELECT id, coalesce(idempotency_key, id), job, attempts, \
             CASE WHEN json_valid(last_result) THEN last_result ->> '$.Err' END, done_at \
             FROM Jobs WHERE job_type = ?1 AND status = 'Killed' \
             AND (idempotency_key = ?2 OR idempotency_key IS NULL AND id = ?2)";
        let row: Option<StoredRow> = sqlx::query_as(DEAD)
            .bind(queue)
            .bind(message_id)
            .fetch_optional(&self.pool)
            .await
            .map_err(cannot("read a dead letter"))?;
        Ok(row.map(DeadLetter::from))
    }

    async fn requeue(&self, queue: &str, message_id: &str) -> Result<bool, QueueError> {
        const REQUEUE: &str = "UPDATE Jobs SET status = 'Pending', attempts = 0, run_at = unixepoch(), \
             done_at = NULL, last_result = NULL WHERE job_type = ?1 AND status = 'Killed' \
             AND (idempotency_key = ?2 OR idempotency_key IS NULL AND id = ?2)";
        let requeued = sqlx::query(REQUEUE)
            .bind(queue)
            .bind(message_id)
            .execute(&self.pool)
            .await
            .map_err(cannot("requeue a dead letter"))?;
        Ok(requeued.rows_affected() > 0)
    }

    async fn drop_dead(&self, queue: &str, message_id: &str) -> Result<bool, QueueError> {
        const DROP: &str = "DELETE FROM Jobs WHERE job_type = ?1 AND status = 'Killed' \
             AND (idempotency_key = ?2 OR idempotency_key IS NULL AND id = ?2)";
        let dropped = sqlx::query(DROP)
            .bind(queue)
            .bind(message_id)
            .execute(&self.pool)
            .await
            .map_err(cannot("drop a dead letter"))?;
        Ok(dropped.rows_affected() > 0)
    }

    async fn purge(&self, queue: &str, keep: Duration) -> Result<u64, QueueError> {
        let purged = sqlx::query(PURGE)
            .bind(queue)
            .bind(seconds(keep))
            .bind(PURGED_AT_ONCE)
            .execute(&self.pool)
            .await
            .map_err(cannot("purge what was processed"))?;
        Ok(purged.rows_affected())
    }

    async fn purge_workers(&self, queue: &str) -> Result<(), QueueError> {
        const PURGE: &str = "DELETE FROM Workers WHERE worker_type = ?1 AND last_seen < unixepoch() - ?2 \
             AND NOT EXISTS (SELECT 1 FROM Jobs WHERE lock_by = Workers.id)";
        let purged = sqlx::query(PURGE)
            .bind(queue)
            .bind(seconds(WORKERS_KEPT))
            .execute(&self.pool)
            .await;
        purged.map(drop).map_err(cannot("purge its workers"))
    }
}

/// The file keeps whole seconds: no pause is shorter than it should be.
fn due_after(pause: Duration) -> i64 {
    let now = SystemTime::now();
    match now.checked_add(pause) {
        Some(due) if !pause.is_zero() => stored_time(due),
        Some(_) => stored_time(now).saturating_sub(1),
        None => i64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise it would read all that is kept, and hold up everybody else.
    #[tokio::test]
    async fn a_purge_reads_what_it_deletes_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue.db");
        let queue = SqliteQueue::open(path, "clerk").await.unwrap();
        let plan = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {PURGE}"));
        let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(plan)
            .bind("clerk")
            .bind(0)
            .bind(PURGED_AT_ONCE)
            .fetch_all(&queue.engine.pool)
            .await
            .unwrap();
        let expected = "INDEX clerk_webhooks_done (job_type=? AND done_at<?)";
        let is_used = plan.iter().any(|step| step.3.contains(expected));
        assert!(is_used, "{plan:?}");
    }

    /// apalis' own `setup` would switch it off.
    #[tokio::test]
    async fn what_is_stored_is_synced_to_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue.db");
        let queue = SqliteQueue::open(path, "clerk").await.unwrap();
        let pool = &queue.engine.pool;
        let journal: String = sqlx::query_scalar("PRAGMA journal_mode")
            .fetch_one(pool)
            .await
            .unwrap();
        let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous")
            .fetch_one(pool)
            .await
            .unwrap();
        const FULL: i64 = 2;
        assert_eq!((&*journal, synchronous), ("wal", FULL));
    }
}
