//! Writes pushes and ends. On SQLite, those that arrive together are committed together.

use std::sync::Arc;

use sqlx::{Connection as _, Database, Pool, SqlStr};
use tokio::sync::{mpsc, oneshot};

use super::lease::Write;
use crate::{
    connect,
    engine::{Engine, Sql, sealed::Dialect as _},
};

/// How many writes one commit has at most, and how many can wait for the next commit.
const LARGEST_BATCH: usize = 64;

/// Whether a row was written, or an error that several writes may share.
pub(crate) type Written = Result<bool, Arc<sqlx::Error>>;

/// Postgres flushes the commits of several connections together by itself. There each write is its own statement.
///
/// SQLite has one writer per file, and flushes each commit. There a task collects the writes that arrive while a commit
/// runs; up to 64 of them cost one flush.
pub(crate) struct Writer<DB: Database> {
    pool: Pool<DB>,
    batches: Option<mpsc::Sender<Job>>,
}

struct Job {
    write: Write,
    answer: oneshot::Sender<Written>,
}

impl<DB: Engine> Writer<DB> {
    pub(crate) fn new(pool: Pool<DB>) -> Self {
        let batches = Sql::<DB>::HAS_ONE_WRITER.then(|| {
            let (sender, jobs) = mpsc::channel(LARGEST_BATCH);
            tokio::spawn(write_batches(pool.clone(), jobs));
            sender
        });
        Self { pool, batches }
    }

    /// Returns `Ok` only after the write was committed.
    pub(crate) async fn write(&self, write: Write) -> Written {
        let Some(batches) = &self.batches else {
            return Ok(self.write_directly(&write).await?);
        };
        let (answer, answered) = oneshot::channel();
        let sent = batches.send(Job { write, answer }).await;
        sent.map_err(|_| sqlx::Error::WorkerCrashed)?;
        answered.await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }

    /// A connection that broke while it was idle is noticed only by a write. Every connection may be broken, so the
    /// write is repeated on another one. Repeating it is safe, since no write takes effect twice.
    async fn write_directly(&self, write: &Write) -> sqlx::Result<bool> {
        let mut idle = self.pool.size();
        loop {
            let mut connection = connect::acquire(&self.pool).await?;
            match write.run::<DB>(&mut connection).await {
                Err(error) if is_broken(&error) && idle > 0 => idle -= 1,
                written => return written,
            }
        }
    }
}

/// A connection that an administrator ended counts too: its last answer has a code that begins with 57P.
fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P")),
        _ => false,
    }
}

async fn write_batches<DB: Engine>(pool: Pool<DB>, mut jobs: mpsc::Receiver<Job>) {
    let mut batch = Vec::with_capacity(LARGEST_BATCH);
    while jobs.recv_many(&mut batch, LARGEST_BATCH).await > 0 {
        if let Err(error) = write_all(&pool, &mut jobs, &mut batch).await {
            let error = Arc::new(error);
            for job in batch.drain(..) {
                let _ = job.answer.send(Err(Arc::clone(&error)));
            }
        }
    }
}

/// Writes this batch, and what arrives while it waits for the connection.
async fn write_all<DB: Engine>(
    pool: &Pool<DB>,
    jobs: &mut mpsc::Receiver<Job>,
    batch: &mut Vec<Job>,
) -> sqlx::Result<()> {
    let mut connection = connect::acquire(pool).await?;
    while batch.len() < LARGEST_BATCH
        && let Ok(job) = jobs.try_recv()
    {
        batch.push(job);
    }
    // Drop the writes that nobody waits for any more.
    batch.retain(|job| !job.answer.is_closed());
    let written = write_batch::<DB>(&mut connection, batch).await?;
    for (job, written) in batch.drain(..).zip(written) {
        let _ = job.answer.send(written.map_err(Arc::new));
    }
    Ok(())
}

/// A statement that fails undoes only itself. The others are committed.
async fn write_batch<DB: Engine>(
    connection: &mut DB::Connection,
    batch: &[Job],
) -> sqlx::Result<Vec<sqlx::Result<bool>>> {
    let mut written = Vec::with_capacity(batch.len());
    if let [job] = batch {
        written.push(job.write.run::<DB>(connection).await);
        return Ok(written);
    }
    let mut transaction = connection
        .begin_with(SqlStr::from_static(Sql::<DB>::BEGIN))
        .await?;
    for job in batch {
        written.push(job.write.run::<DB>(&mut transaction).await);
    }
    transaction.commit().await?;
    Ok(written)
}
