//! Operations for operators: counts, dead letters, purge.

use std::time::Duration;

use super::{
    dead_letter::DeadLetter,
    queue::{Engine, Queue},
    statements::Statements as _,
};
use crate::{connect, error::DatabaseError, millis::millis, purge};

/// How long the ids of processed messages are kept: 7 days.
///
/// The sender's own retries span 28 hours. A manual resend, which has the same id, may come days later.
pub const RETENTION: Duration = Duration::from_secs(7 * 24 * 3600);

/// How many events of a queue are in each state, at one moment. Processed events are not counted, since there may be a hundred
/// million.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Events that are due, or will be due later.
    pub waiting: u64,
    /// Events that a worker has leased.
    pub running: u64,
    /// Dead-lettered events.
    pub dead: u64,
}

/// # Operations
impl<DB: Engine> Queue<DB> {
    /// How many events wait, run, or are dead-lettered. Reads an index entry for each of them.
    ///
    /// # Errors
    ///
    /// When the database cannot be asked.
    pub async fn counts(&self) -> Result<Counts, DatabaseError> {
        let counting = async {
            let mut connection = connect::acquire(&self.pool).await?;
            connection.counts(&self.name).await
        };
        let counts = counting.await.map_err(cannot::<DB>("count its events"))?;
        let [waiting, running, dead] =
            <[i64; 3]>::from(counts).map(|count| count.try_into().unwrap_or_default());
        Ok(Counts {
            waiting,
            running,
            dead,
        })
    }

    /// How many events are dead-lettered. Use it for an alarm: the count is durable, so a crash loses no dead letter.
    ///
    /// # Errors
    ///
    /// When the database cannot be asked.
    pub async fn count_dead(&self) -> Result<u64, DatabaseError> {
        let counting = async {
            let mut connection = connect::acquire(&self.pool).await?;
            connection.count(&self.name, "dead").await
        };
        let count = counting.await.map_err(cannot::<DB>("count its events"))?;
        Ok(count.try_into().unwrap_or_default())
    }

    /// Up to `limit` dead letters, the oldest first. Begins after the dead letter `after`, or with the oldest.
    ///
    /// ```
    /// use clerk_webhooks_sqlx::{DatabaseError, queue::{Engine, Queue}};
    ///
    /// /// All at once, after whatever failed has been repaired.
    /// async fn requeue_all<DB: Engine>(queue: &Queue<DB>) -> Result<(), DatabaseError> {
    ///     let mut last = None;
    ///     loop {
    ///         let page = queue.dead_letters(last.as_ref(), 100).await?;
    ///         for letter in &page {
    ///             println!("{}: {}", letter.message_id(), letter.error());
    ///             queue.requeue_dead_letter(letter.message_id()).await?;
    ///         }
    ///         let Some(letter) = page.into_iter().next_back() else {
    ///             return Ok(());
    ///         };
    ///         last = Some(letter);
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// When the database cannot be asked.
    pub async fn dead_letters(
        &self,
        after: Option<&DeadLetter>,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, DatabaseError> {
        let place = after.map_or((-1, ""), DeadLetter::place);
        let listing = async {
            let mut connection = connect::acquire(&self.pool).await?;
            let limit = i64::from(limit);
            connection.dead_letters(&self.name, place, limit).await
        };
        let rows = listing
            .await
            .map_err(cannot::<DB>("list its dead letters"))?;
        Ok(rows.into_iter().map(DeadLetter::from).collect())
    }

    /// The dead letter of a message, or `None`.
    ///
    /// # Errors
    ///
    /// When the database cannot be asked.
    pub async fn dead_letter(&self, message_id: &str) -> Result<Option<DeadLetter>, DatabaseError> {
        let reading = async {
            let mut connection = connect::acquire(&self.pool).await?;
            connection.dead_letter(&self.name, message_id).await
        };
        let row = reading.await.map_err(cannot::<DB>("read a dead letter"))?;
        Ok(row.map(DeadLetter::from))
    }

    /// Requeues a dead-lettered event: it runs again at once, with all its attempts. Returns `false` when there is no
    /// dead letter with this id.
    ///
    /// # Errors
    ///
    /// When the database cannot be asked.
    pub async fn requeue_dead_letter(&self, message_id: &str) -> Result<bool, DatabaseError> {
        let requeuing = async {
            let mut connection = connect::acquire(&self.pool).await?;
            connection.requeue(&self.name, message_id).await
        };
        let requeued = requeuing.await;
        let requeued = requeued.map_err(cannot::<DB>("requeue a dead letter"))?;
        self.stored.notify_one();
        Ok(requeued)
    }

    /// Deletes a dead letter together with its id: if the sender delivers the message again, it runs. Returns `false`
    /// when there is no dead letter with this id.
    ///
    /// # Errors
    ///
    /// When the database cannot be asked.
    pub async fn drop_dead_letter(&self, message_id: &str) -> Result<bool, DatabaseError> {
        let dropping = async {
            let mut connection = connect::acquire(&self.pool).await?;
            connection.drop_dead(&self.name, message_id).await
        };
        dropping.await.map_err(cannot::<DB>("drop a dead letter"))
    }

    /// Deletes the ids of messages that were processed at least `older_than` ago, usually [`RETENTION`]. Returns the
    /// number of messages.
    ///
    /// Workers do this hourly. **If a message whose id was purged is delivered again, it runs again**: the sender
    /// retries for 28 hours, and people resend by hand. Dead letters stay until they are requeued or dropped.
    ///
    /// It deletes 1,000 rows at a time, found by an index, so that no lock is held for long. Any number of processes
    /// may call it at the same time.
    ///
    /// # Errors
    ///
    /// When a step fails. The rows of the steps before it stay deleted.
    pub async fn purge(&self, older_than: Duration) -> Result<u64, DatabaseError> {
        let older_than = millis(older_than);
        let purging = purge::in_batches(async || {
            let mut connection = connect::acquire(&self.pool).await?;
            connection.purge(&self.name, older_than, purge::BATCH).await
        });
        purging
            .await
            .map_err(cannot::<DB>("purge what was processed"))
    }
}

fn cannot<DB: Engine>(attempt: &'static str) -> impl FnOnce(sqlx::Error) -> DatabaseError {
    DatabaseError::of(DB::NAME, attempt)
}
