//! Writes pushes and ends. On SQLite, those that arrive together are committed together.

use std::sync::Arc;

use sqlx::{Connection as _, Database, Pool, SqlStr};
use tokio::sync::{mpsc, oneshot};

use super::{
    lease::{End, Push},
    statements::Statements,
};
use crate::{connect, engine::Engine};

/// How many writes one commit has at most, and how many can wait for the next commit.
const LARGEST_BATCH: usize = 64;

/// A change of one row.
#[derive(Debug)]
pub(crate) enum Write {
    Push(Push),
    End(End),
}

/// Whether a row was written, or an error that several writes may share.
pub(crate) type Written = Result<bool, Arc<sqlx::Error>>;

/// Postgres flushes the commits of several connections together by itself. There each write is its own statement.
///
/// SQLite has one writer per file, and flushes each commit. There a task collects the writes that arrive while the
/// last commit runs. A write that arrives alone does not wait, and up to 64 that arrive together cost one flush.
pub(crate) enum Writer<DB: Database> {
    Direct(Pool<DB>),
    Batches(mpsc::Sender<Job>),
}

pub(crate) struct Job {
    write: Write,
    answer: oneshot::Sender<Written>,
}

impl<DB: Engine<Connection: Statements>> Writer<DB> {
    pub(crate) fn new(pool: Pool<DB>) -> Self {
        if !DB::HAS_ONE_WRITER {
            return Self::Direct(pool);
        }
        let (sender, jobs) = mpsc::channel(LARGEST_BATCH);
        tokio::spawn(write_batches(pool, jobs));
        Self::Batches(sender)
    }

    /// Returns `Ok` only after the write was committed.
    pub(crate) async fn write(&self, write: Write) -> Written {
        match self {
            Self::Direct(pool) => write_directly(pool, &write).await.map_err(Arc::new),
            Self::Batches(sender) => {
                let (answer, answered) = oneshot::channel();
                let sent = sender.send(Job { write, answer }).await;
                sent.map_err(|_| sqlx::Error::WorkerCrashed)?;
                answered.await.map_err(|_| sqlx::Error::WorkerCrashed)?
            }
        }
    }
}

/// A connection that broke while it was idle is noticed only by a write. Every connection of the pool may be broken,
/// so the write is repeated on another one. Repeating it is safe, since no write takes effect twice.
async fn write_directly<DB: Engine<Connection: Statements>>(
    pool: &Pool<DB>,
    write: &Write,
) -> sqlx::Result<bool> {
    let mut idle = pool.size();
    loop {
        match write_once(pool, write).await {
            Err(error) if is_broken(&error) && idle > 0 => idle -= 1,
            written => return written,
        }
    }
}

async fn write_once<DB: Engine<Connection: Statements>>(
    pool: &Pool<DB>,
    write: &Write,
) -> sqlx::Result<bool> {
    let mut connection = connect::acquire(pool).await?;
    run(&mut *connection, write).await
}

/// A connection that an administrator ended counts too: its last answer has a code that begins with 57P.
fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P")),
        _ => false,
    }
}

async fn run(connection: &mut impl Statements, write: &Write) -> sqlx::Result<bool> {
    match write {
        Write::Push(push) => connection.push(push).await,
        Write::End(end) => connection.end(end).await,
    }
}

async fn write_batches<DB: Engine<Connection: Statements>>(
    pool: Pool<DB>,
    mut jobs: mpsc::Receiver<Job>,
) {
    let mut batch = Vec::with_capacity(LARGEST_BATCH);
    while jobs.recv_many(&mut batch, LARGEST_BATCH).await > 0 {
        // Drop the writes that nobody waits for any more.
        batch.retain(|job: &Job| !job.answer.is_closed());
        match write_batch(&pool, &batch).await {
            Ok(written) => {
                for (job, written) in batch.drain(..).zip(written) {
                    let _ = job.answer.send(written.map_err(Arc::new));
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for job in batch.drain(..) {
                    let _ = job.answer.send(Err(Arc::clone(&error)));
                }
            }
        }
    }
}

/// A statement that fails undoes only itself. The others are committed.
async fn write_batch<DB: Engine<Connection: Statements>>(
    pool: &Pool<DB>,
    batch: &[Job],
) -> sqlx::Result<Vec<sqlx::Result<bool>>> {
    let mut written = Vec::with_capacity(batch.len());
    let mut connection = connect::acquire(pool).await?;
    if let [job] = batch {
        written.push(run(&mut *connection, &job.write).await);
        return Ok(written);
    }
    let mut transaction = connection
        .begin_with(SqlStr::from_static(DB::BEGIN))
        .await?;
    for job in batch {
        written.push(run(&mut *transaction, &job.write).await);
    }
    transaction.commit().await?;
    Ok(written)
}
