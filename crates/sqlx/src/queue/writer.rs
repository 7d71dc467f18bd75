//! Pushes and ends, written so that what comes together is committed together.

use std::sync::Arc;

use sqlx::{Connection as _, Database, Pool, SqlStr};
use tokio::sync::{mpsc, oneshot};

use super::{
    lease::{End, Push},
    statements::Statements,
};
use crate::{connect, engine::Engine};

/// How many writes one commit takes at most, and how many wait for the next.
const LARGEST_BATCH: usize = 64;

/// One row's change.
#[derive(Debug)]
pub(crate) enum Write {
    Push(Push),
    End(End),
}

/// Whether the row was there, or an error that several writes may share.
pub(crate) type Written = Result<bool, Arc<sqlx::Error>>;

/// Postgres flushes the commits of several connections together by itself; there each write is a statement of
/// its own.
///
/// SQLite has one writer a file, and flushes each commit. There a task takes what has come while it committed
/// the last time: a write that comes alone does not wait, and up to 64 that come together cost one flush.
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

    /// What is answered is committed.
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

/// A connection that broke while it was idle is found out only now. Each of the pool's may have: nothing is
/// written twice, so that it can be tried again on another.
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

/// Also when an administrator ended it: its last word arrives as an answer, by a code that begins with 57P.
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
        // Nobody waits for these any more.
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

/// A statement that fails undoes itself alone; the others are committed.
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
