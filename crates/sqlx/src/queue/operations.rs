//! Operations for operators: counts, dead letters, purge.

use std::time::Duration;

use clerk_webhooks::queue::{QueueDepth, QueueMetrics};

use super::{
    dead_letter::DeadLetter,
    queue::{Queue, since_1970},
};
use crate::{
    engine::{
        Engine, Sql,
        Value::{self, Number, Text},
    },
    error::DatabaseError,
    millis::millis,
    purge, request,
    statements::Statements as _,
};

/// How long the ids of processed messages are kept: 7 days.
///
/// The sender's own retries span 28 hours. A manual resend, which has the same id, may come days later.
pub const RETENTION: Duration = Duration::from_secs(7 * 24 * 3600);

/// A row of `NEXT`: its state, milliseconds until it is due or its lease ends, crashes.
pub(super) type NextRow = (String, i64, i64);

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
        let queue = [Text(&self.name)];
        let rows = request::rows(&self.pool, Sql::<DB>::COUNTS, &queue).await?;
        let counts: (i64, i64, i64) = rows.first().copied().unwrap_or_default();
        let [waiting, running, dead] =
            <[i64; 3]>::from(counts).map(|count| count.try_into().unwrap_or_default());
        Ok(Counts {
            waiting,
            running,
            dead,
        })
    }

    /// Sets the gauges of the queue: how many events are in each state, and how long the oldest due event has
    /// waited. Does nothing unless feature `metrics` of `clerk-webhooks` is on.
    ///
    /// Each worker calls it every 15 seconds. Call it from a process without a worker too: the gauges are then
    /// right even when no worker runs.
    ///
    /// # Errors
    ///
    /// When the database cannot be asked.
    pub async fn record_metrics(&self) -> Result<(), DatabaseError> {
        if !QueueMetrics::IS_ON {
            return Ok(());
        }
        let Counts {
            waiting,
            running,
            dead,
        } = self.counts().await?;
        let next: Vec<NextRow> = self.next().await?;
        let due_in = next.iter().find(|(state, ..)| state == "waiting");
        let overdue = due_in.map_or(0, |(_, due_in, _)| due_in.saturating_neg());
        self.metrics.set_depth(QueueDepth {
            waiting,
            running,
            dead,
            oldest_due: Duration::from_millis(overdue.try_into().unwrap_or_default()),
        });
        Ok(())
    }

    /// The first event that is or becomes due, and the first lease that ends.
    pub(super) async fn next(&self) -> Result<Vec<NextRow>, DatabaseError> {
        request::rows(&self.pool, Sql::<DB>::NEXT, &[Text(&self.name)]).await
    }

    /// How many events are dead-lettered. Use it for an alarm: the count is durable, so a crash loses no dead letter.
    ///
    /// # Errors
    ///
    /// When the database cannot be asked.
    pub async fn count_dead(&self) -> Result<u64, DatabaseError> {
        let dead = [Text(&self.name), Text("dead")];
        let rows = request::rows(&self.pool, Sql::<DB>::COUNT, &dead).await?;
        let (count,): (i64,) = rows.first().copied().unwrap_or_default();
        Ok(count.try_into().unwrap_or_default())
    }

    /// Up to `limit` dead letters, the oldest first. Begins after the dead letter `after`, or with the oldest.
    ///
    /// ```
    /// use std::time::SystemTime;
    ///
    /// use clerk_webhooks_sqlx::{Engine, DatabaseError, queue::Queue};
    ///
    /// /// All at once, after whatever failed has been repaired.
    /// async fn requeue_all<DB: Engine>(queue: &Queue<DB>) -> Result<(), DatabaseError> {
    ///     let (begun, mut last) = (SystemTime::now(), None);
    ///     loop {
    ///         let page = queue.dead_letters(last.as_ref(), 100).await?;
    ///         for letter in &page {
    ///             if letter.died_at > begun {
    ///                 return Ok(()); // it failed again
    ///             }
    ///             println!("{}: {}", letter.message_id, letter.error);
    ///             queue.requeue_dead_letter(&letter.message_id).await?;
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
        let (at, message_id) = after.map_or((-1, ""), |letter| {
            (since_1970(letter.died_at), &*letter.message_id)
        });
        let (name, limit) = (Text(&self.name), Number(limit.into()));
        let page = [name, Number(at), Text(message_id), limit];
        let rows = request::rows(&self.pool, Sql::<DB>::DEAD_LETTERS, &page);
        Ok(rows.await?.into_iter().map(DeadLetter::from_row).collect())
    }

    /// The dead letter of a message, or `None`.
    ///
    /// # Errors
    ///
    /// When the database cannot be asked.
    pub async fn dead_letter(&self, message_id: &str) -> Result<Option<DeadLetter>, DatabaseError> {
        let message = self.message(message_id);
        let rows = request::rows(&self.pool, Sql::<DB>::DEAD_LETTER, &message);
        Ok(rows.await?.into_iter().map(DeadLetter::from_row).next())
    }

    /// Requeues a dead-lettered event: it runs again at once, with all its attempts. Returns `false` when there is no
    /// dead letter with this id.
    ///
    /// # Errors
    ///
    /// When the database cannot be asked.
    pub async fn requeue_dead_letter(&self, message_id: &str) -> Result<bool, DatabaseError> {
        let message = self.message(message_id);
        let requeued = request::execute(&self.pool, Sql::<DB>::REQUEUE, &message);
        let requeued = requeued.await? == 1;
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
        let message = self.message(message_id);
        let dropped = request::execute(&self.pool, Sql::<DB>::DROP, &message);
        Ok(dropped.await? == 1)
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
        let step = [
            Text(&self.name),
            Number(millis(older_than)),
            Number(purge::BATCH),
        ];
        purge::in_batches(|| request::execute(&self.pool, Sql::<DB>::PURGE, &step)).await
    }

    /// The parameters of each statement about one dead letter.
    fn message<'a>(&'a self, message_id: &'a str) -> [Value<'a>; 2] {
        [Text(&self.name), Text(message_id)]
    }
}
