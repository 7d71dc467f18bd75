//! What an operator asks for.

use std::time::Duration;

use crate::{dead_letter::DeadLetter, engine::Engine, error::QueueError, queue::Queue};

/// For how long the ids of processed messages are kept, unless told otherwise: the sender retries for 28
/// hours, and people resend by hand days later.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// How many events of a queue are where. What was processed is not counted: there may be a hundred million.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Waiting for a worker, or for their time.
    pub pending: u64,
    /// With a worker.
    pub running: u64,
    /// In the dead letter.
    pub dead: u64,
}

/// apalis' names of states, and how many rows are in each.
impl FromIterator<(String, i64)> for Counts {
    fn from_iter<I: IntoIterator<Item = (String, i64)>>(rows: I) -> Self {
        let mut counts = Self::default();
        for (status, rows) in rows {
            let count = match &*status {
                "Pending" | "Failed" => &mut counts.pending,
                "Killed" => &mut counts.dead,
                _ => &mut counts.running,
            };
            *count += u64::try_from(rows).unwrap_or(0);
        }
        counts
    }
}

/// # Operations
impl<E: Engine> Queue<E> {
    /// How many events wait, run and are dead.
    ///
    /// # Errors
    ///
    /// When the engine cannot be asked.
    pub async fn counts(&self) -> Result<Counts, QueueError> {
        self.engine.counts(&self.name).await
    }

    /// Up to `limit` dead letters, in the order in which their events were stored, from behind the given
    /// one.
    ///
    /// ```
    /// use clerk_webhooks_apalis::{Engine, Queue, QueueError};
    ///
    /// /// All at once, after whatever failed has been repaired.
    /// async fn requeue_all<E: Engine>(queue: &Queue<E>) -> Result<(), QueueError> {
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
    /// When the engine cannot be asked.
    pub async fn dead_letters(
        &self,
        after: Option<&DeadLetter>,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        let after = after.map_or("", DeadLetter::row);
        self.engine.dead_letters(&self.name, after, limit).await
    }

    /// The dead letter of a message.
    ///
    /// # Errors
    ///
    /// When the engine cannot be asked.
    pub async fn dead_letter(&self, message_id: &str) -> Result<Option<DeadLetter>, QueueError> {
        self.engine.dead_letter(&self.name, message_id).await
    }

    /// Gives a dead message all its attempts again, beginning at once; false when there is no such letter.
    ///
    /// # Errors
    ///
    /// When the engine cannot be asked.
    pub async fn requeue_dead_letter(&self, message_id: &str) -> Result<bool, QueueError> {
        let requeued = self.engine.requeue(&self.name, message_id).await?;
        self.stored.notify_one();
        Ok(requeued)
    }

    /// Deletes a dead letter, and forgets its id: if the sender delivers the message once more, it runs.
    /// False when there is no such letter.
    ///
    /// # Errors
    ///
    /// When the engine cannot be asked.
    pub async fn drop_dead_letter(&self, message_id: &str) -> Result<bool, QueueError> {
        self.engine.drop_dead(&self.name, message_id).await
    }

    /// Forgets what was processed more than seven days ago; see [`purge_older_than`](Self::purge_older_than).
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")]
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let queue = clerk_webhooks_apalis::SqliteQueue::open(folder.path().join("queue.db"), "clerk").await?;
    /// // Once an hour, say.
    /// println!("forgot {} messages", queue.purge().await?);
    /// # Ok(())
    /// # }
    /// # #[cfg(feature = "sqlite")]
    /// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// When the engine cannot be asked.
    pub async fn purge(&self) -> Result<u64, QueueError> {
        self.purge_older_than(KEPT).await
    }

    /// Forgets what was processed longer ago than `keep`, whole seconds, and says how many messages that
    /// were.
    ///
    /// **A message whose id was purged runs again when it is delivered again**: the sender retries for 28
    /// hours, and people resend by hand. Of what was processed the id alone is kept. With its row and indices
    /// that is 380 bytes on Postgres, some 700 between two vacuums, and 280 on SQLite. Purging frees them for
    /// others; a file does not shrink. Dead letters stay until they are requeued or dropped.
    ///
    /// # Errors
    ///
    /// When the engine cannot be asked.
    pub async fn purge_older_than(&self, keep: Duration) -> Result<u64, QueueError> {
        let mut purged = 0;
        loop {
            match self.engine.purge(&self.name, keep).await? {
                0 => break,
                some => purged += some,
            }
        }
        self.engine.purge_workers(&self.name).await?;
        Ok(purged)
    }
}
