//! Postgres: many machines.

use std::time::{Duration, SystemTime};

use apalis_core::worker::context::WorkerContext;
use apalis_postgres::{Config, PgTask, PostgresStorage, queries};
use clerk_webhooks::queue::Enqueued;
use sqlx::{PgPool, postgres::PgPoolOptions};
use ulid::Ulid;

use super::{
    NO_BODY, PURGED_AT_ONCE, WORKERS_KEPT, enqueued,
    sealed::{Ended, Engine, Job, Lease, Run},
    stored_time,
};
use crate::{
    dead_letter::{DeadLetter, StoredRow},
    error::QueueError,
    operations::Counts,
    queue::Queue,
};

/// A queue in a Postgres database, in the schema `apalis`.
pub type PostgresQueue = Queue<Postgres>;

/// apalis' engine on Postgres.
#[derive(Debug, Clone)]
pub struct Postgres {
    pool: PgPool,
}

impl PostgresQueue {
    /// Connects to the database at `url`, with up to 10 connections, and opens the queue called `name` as
    /// [`new`](Self::new) does.
    ///
    /// A server that asks for TLS needs one of sqlx's `tls-*` features: add `sqlx` to your dependencies
    /// with it.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use clerk_webhooks_apalis::PostgresQueue;
    ///
    /// let queue = PostgresQueue::connect("postgres://app@localhost/app", "clerk").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the server cannot be reached or the tables cannot be made.
    pub async fn connect(url: &str, name: impl Into<String>) -> Result<Self, QueueError> {
        let connecting = PgPoolOptions::new().connect(url).await;
        let pool = connecting.map_err(cannot("connect"))?;
        Self::new(pool, name).await
    }

    /// Opens the queue called `name` in the pool's database, and makes apalis' tables, in the schema
    /// `apalis`, where they are missing.
    ///
    /// To make them, the role needs the right to make that schema, something in the schema `public`, and the
    /// extensions `pgcrypto` and `hstore`; the latter has to be on the connections' search path. Once another
    /// role has opened a queue, one that may use the schema, and read and write its tables, is enough.
    ///
    /// `name` is the scope of deduplication: one name for each endpoint of Clerk's dashboard, if they have
    /// different duties.
    ///
    /// Give the queue **a pool of its own**, or one with more connections than the concurrency of its workers
    /// plus three: for the heartbeat, to fetch, and to record how runs ended. Ten handlers that each hold a
    /// transaction of a pool of ten leave none for the heartbeat; the worker is then taken for dead while it
    /// lives, and what it runs runs a second time.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached or the tables cannot be made.
    pub async fn new(pool: PgPool, name: impl Into<String>) -> Result<Self, QueueError> {
        set_up(&pool).await?;
        Ok(Self::on(Postgres { pool }, name))
    }
}

async fn set_up(pool: &PgPool) -> Result<(), QueueError> {
    let is_set_up = is_set_up(pool).await;
    // What apalis does at each start needs rights that a role may lack which only uses the tables.
    if is_set_up.map_err(cannot("look for its tables"))? {
        return Ok(());
    }
    let takes_a_function = would_take_a_function(pool).await;
    if takes_a_function.map_err(cannot("look for its tables"))? {
        return Err(cannot("make its tables")(
            "there is a function `generate_ulid` in the schema `public`, which apalis' migrations would \
             replace and then drop: give it another name, or give the queue a database of its own",
        ));
    }
    let made = PostgresStorage::setup(pool).await;
    made.map_err(cannot("make its tables"))?;
    let made = make_indices(pool).await;
    made.map_err(cannot("make its indices"))
}

async fn is_set_up(pool: &PgPool) -> Result<bool, sqlx::Error> {
    const THERE: &str = "SELECT to_regclass('apalis._sqlx_migrations') IS NOT NULL \
         AND to_regclass('apalis.clerk_webhooks_done') IS NOT NULL";
    const VERSION: &str = "SELECT max(version) FROM apalis._sqlx_migrations WHERE success";
    if !sqlx::query_scalar(THERE).fetch_one(pool).await? {
        return Ok(false);
    }
    let version: Option<i64> = sqlx::query_scalar(VERSION).fetch_one(pool).await?;
    let migrations = PostgresStorage::migrations();
    let newest = migrations.iter().map(|migration| migration.version).max();
    Ok(version >= newest)
}

async fn would_take_a_function(pool: &PgPool) -> Result<bool, sqlx::Error> {
    const WOULD: &str = "SELECT to_regclass('apalis._sqlx_migrations') IS NULL \
         AND to_regproc('public.generate_ulid') IS NOT NULL";
    sqlx::query_scalar(WOULD).fetch_one(pool).await
}

/// apalis indexes what is pending only: without these, counting the dead and purging the done would read
/// every row.
async fn make_indices(pool: &PgPool) -> Result<(), sqlx::Error> {
    const ONE_AT_A_TIME: &str =
        "SELECT pg_advisory_xact_lock(hashtext('clerk-webhooks-apalis indices'))";
    const OPEN: &str = "CREATE INDEX IF NOT EXISTS clerk_webhooks_open ON apalis.jobs (job_type, status, id) \
         WHERE status <> 'Done'";
    const DONE: &str = "CREATE INDEX IF NOT EXISTS clerk_webhooks_done ON apalis.jobs (job_type, done_at) \
         WHERE status = 'Done'";
    let mut transaction = pool.begin().await?;
    for sql in [ONE_AT_A_TIME, OPEN, DONE] {
        sqlx::query(sql).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

fn cannot<E: Into<tower::BoxError>>(attempt: &'static str) -> impl FnOnce(E) -> QueueError {
    QueueError::of(Postgres::NAME, attempt)
}

/// The column of attempts has 32 bits and a sign.
fn stored_count(runs: u32) -> i32 {
    runs.try_into().unwrap_or(i32::MAX)
}

impl Postgres {
    async fn fetch(
        &self,
        config: &Config,
        worker: &WorkerContext,
    ) -> Result<Vec<PgTask>, apalis_postgres::Error> {
        let mut transaction = self.pool.begin().await?;
        let tasks = queries::fetch_next(&mut *transaction, config, worker).await?;
        transaction.commit().await?;
        Ok(tasks)
    }
}

impl Engine for Postgres {
    const NAME: &'static str = "Postgres";

    async fn push(
        &self,
        queue: &str,
        key: &str,
        job: Vec<u8>,
        not_before: Option<SystemTime>,
    ) -> Result<Enqueued, QueueError> {
        // As apalis' own push, less two things: a duplicate is no error, which a server would log; and an event
        // that is due at once is so by the statement's own clock, a moment after its transaction has begun. For
        // what is due before that, a trigger of apalis' calls `pg_notify`, for which all commits of a server
        // wait in line; and nobody listens.
        const PUSH: &str = "INSERT INTO apalis.jobs \
             (id, job_type, job, status, attempts, max_attempts, run_at, idempotency_key) \
             VALUES ($1, $2, $3, 'Pending', 0, 1, coalesce(to_timestamp($4::bigint), clock_timestamp()), $5) \
             ON CONFLICT (job_type, idempotency_key) DO NOTHING";
        let pushed = sqlx::query(PUSH)
            .bind(Ulid::generate().to_string())
            .bind(queue)
            .bind(job)
            .bind(not_before.map(stored_time))
            .bind(key)
            .execute(&self.pool)
            .await
            .map_err(cannot("store an event"))?;
        Ok(enqueued(pushed.rows_affected()))
    }

    async fn beat(&self, queue: &str, worker: &WorkerContext) -> Result<(), QueueError> {
        const SEEN: &str = "INSERT INTO apalis.workers \
             (id, worker_type, storage_name, layers, last_seen, started_at) \
             VALUES ($1, $2, 'clerk-webhooks', '', now(), now()) \
             ON CONFLICT (id) DO UPDATE SET last_seen = now()";
        let seen = sqlx::query(SEEN).bind(worker.name()).bind(queue);
        let seen = seen.execute(&self.pool).await;
        seen.map(drop).map_err(cannot("show that a worker lives"))
    }

    /// Its own row is not among them: it was seen a moment ago.
    async fn free_jobs_of_the_dead(
        &self,
        queue: &str,
        _: &WorkerContext,
        dead_after: Duration,
    ) -> Result<(), QueueError> {
        let freeing = async {
            let mut connection = self.pool.acquire().await?;
            queries::reenqueue_orphaned(&mut *connection, queue, dead_after.as_secs()).await
        };
        let freed: Result<_, apalis_postgres::Error> = freeing.await;
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
        const DONE: &str = "UPDATE apalis.jobs SET status = 'Done', attempts = $3, job = $4, \
             done_at = clock_timestamp(), last_result = '{\"Ok\":null}', lock_by = NULL, lock_at = NULL \
             WHERE id = $1 AND lock_by = $2 AND attempts = $5";
        const AGAIN: &str = "UPDATE apalis.jobs SET status = 'Pending', attempts = $3, \
             run_at = clock_timestamp() + make_interval(secs => $6), \
             last_result = jsonb_build_object('Err', $4::text), lock_by = NULL, lock_at = NULL \
             WHERE id = $1 AND lock_by = $2 AND attempts = $5";
        const DEAD: &str = "UPDATE apalis.jobs SET status = 'Killed', attempts = $3, \
             done_at = clock_timestamp(), last_result = jsonb_build_object('Err', $4::text), \
             lock_by = NULL, lock_at = NULL WHERE id = $1 AND lock_by = $2 AND attempts = $5";
        let [runs, before] = [run.runs, run.lease.runs].map(stored_count);
        let query = |sql| {
            let query = sqlx::query(sql).bind(&run.lease.row).bind(run.worker);
            query.bind(runs)
        };
        let query = match run.ended {
            Ended::Done => query(DONE).bind(NO_BODY).bind(before),
            Ended::Again { pause, error } => query(AGAIN)
                .bind(error)
                .bind(before)
                .bind(pause.as_secs_f64()),
            Ended::Dead { error } => query(DEAD).bind(error).bind(before),
        };
        let ended = query.execute(&self.pool).await;
        let ended = ended.map_err(cannot("record how a run ended"))?;
        Ok(ended.rows_affected() > 0)
    }

    async fn has_ended(&self, run: &Run<'_>) -> Result<bool, QueueError> {
        const ENDED: &str = "SELECT EXISTS (SELECT 1 FROM apalis.jobs WHERE id = $1 AND attempts = $2 \
             AND coalesce(last_result ->> 'Err', '') = $3)";
        sqlx::query_scalar(ENDED)
            .bind(&run.lease.row)
            .bind(stored_count(run.runs))
            .bind(run.ended.error())
            .fetch_one(&self.pool)
            .await
            .map_err(cannot("read how a run ended"))
    }

    async fn free(&self, worker: &WorkerContext, running: &[Lease]) -> Result<(), QueueError> {
        const FREE: &str = "UPDATE apalis.jobs SET status = 'Pending', lock_by = NULL, lock_at = NULL \
             WHERE lock_by = $1 AND status IN ('Queued', 'Running') \
             AND (id, attempts) NOT IN (SELECT * FROM unnest($2::text[], $3::int[]))";
        let (rows, runs): (Vec<_>, Vec<_>) = running
            .iter()
            .map(|lease| (&*lease.row, stored_count(lease.runs)))
            .unzip();
        let freed = sqlx::query(FREE).bind(worker.name()).bind(rows).bind(runs);
        let freed = freed.execute(&self.pool).await;
        freed.map(drop).map_err(cannot("give its leases back"))
    }

    async fn leave(&self, worker: &WorkerContext) -> Result<(), QueueError> {
        const GONE: &str = "DELETE FROM apalis.workers w WHERE w.id = $1 \
             AND NOT EXISTS (SELECT 1 FROM apalis.jobs j WHERE j.lock_by = w.id)";
        let gone = sqlx::query(GONE).bind(worker.name());
        let gone = gone.execute(&self.pool).await;
        gone.map(drop)
            .map_err(cannot("take its worker off the table"))
    }

    async fn counts(&self, queue: &str) -> Result<Counts, QueueError> {
        const COUNTS: &str = "SELECT status, count(*) FROM apalis.jobs WHERE job_type = $1 \
             AND status <> 'Done' GROUP BY status";
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
        const DEAD: &str = "SELECT id, coalesce(idempotency_key, id), job, attempts::bigint, \
             last_result ->> 'Err', floor(extract(epoch FROM done_at))::bigint \
             FROM apalis.jobs WHERE job_type = $1 AND status = 'Killed' AND id > $2 ORDER BY id LIMIT $3";
        let rows: Vec<StoredRow> = sqlx::query_as(DEAD)
            .bind(queue)
            .bind(after)
            .bind(i64::from(limit))
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
        const DEAD: &str = "SELECT id, coalesce(idempotency_key, id), job, attempts::bigint, \
             last_result ->> 'Err', floor(extract(epoch FROM done_at))::bigint \
             FROM apalis.jobs WHERE job_type = $1 AND status = 'Killed' \
             AND (idempotency_key = $2 OR idempotency_key IS NULL AND id = $2)";
        let row: Option<StoredRow> = sqlx::query_as(DEAD)
            .bind(queue)
            .bind(message_id)
            .fetch_optional(&self.pool)
            .await
            .map_err(cannot("read a dead letter"))?;
        Ok(row.map(DeadLetter::from))
    }

    async fn requeue(&self, queue: &str, message_id: &str) -> Result<bool, QueueError> {
        const REQUEUE: &str = "UPDATE apalis.jobs SET status = 'Pending', attempts = 0, \
             run_at = clock_timestamp(), done_at = NULL, last_result = NULL \
             WHERE job_type = $1 AND status = 'Killed' \
             AND (idempotency_key = $2 OR idempotency_key IS NULL AND id = $2)";
        let requeued = sqlx::query(REQUEUE)
            .bind(queue)
            .bind(message_id)
            .execute(&self.pool)
            .await
            .map_err(cannot("requeue a dead letter"))?;
        Ok(requeued.rows_affected() > 0)
    }

    async fn drop_dead(&self, queue: &str, message_id: &str) -> Result<bool, QueueError> {
        const DROP: &str = "DELETE FROM apalis.jobs WHERE job_type = $1 AND status = 'Killed' \
             AND (idempotency_key = $2 OR idempotency_key IS NULL AND id = $2)";
        let dropped = sqlx::query(DROP)
            .bind(queue)
            .bind(message_id)
            .execute(&self.pool)
            .await
            .map_err(cannot("drop a dead letter"))?;
        Ok(dropped.rows_affected() > 0)
    }

    async fn purge(&self, queue: &str, keep: Duration) -> Result<u64, QueueError> {
        const PURGE: &str = "DELETE FROM apalis.jobs WHERE id IN (SELECT id FROM apalis.jobs \
             WHERE job_type = $1 AND status = 'Done' AND done_at <= now() - make_interval(secs => $2) \
             LIMIT $3)";
        let purged = sqlx::query(PURGE)
            .bind(queue)
            .bind(keep.as_secs_f64())
            .bind(PURGED_AT_ONCE)
            .execute(&self.pool)
            .await
            .map_err(cannot("purge what was processed"))?;
        Ok(purged.rows_affected())
    }

    async fn purge_workers(&self, queue: &str) -> Result<(), QueueError> {
        const PURGE: &str = "DELETE FROM apalis.workers w WHERE w.worker_type = $1 \
             AND w.last_seen < now() - make_interval(secs => $2) \
             AND NOT EXISTS (SELECT 1 FROM apalis.jobs j WHERE j.lock_by = w.id)";
        let purged = sqlx::query(PURGE)
            .bind(queue)
            .bind(WORKERS_KEPT.as_secs_f64())
            .execute(&self.pool)
            .await;
        purged.map(drop).map_err(cannot("purge its workers"))
    }
}
