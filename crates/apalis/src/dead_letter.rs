//! What is kept of an event that failed for good.

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use std::time::Duration;
use std::{fmt, time::SystemTime};

use clerk_webhooks::queue::QueuedEvent;

use crate::engine::Job;

/// An event that failed for good, or too often.
#[derive(Clone, PartialEq, Eq)]
pub struct DeadLetter {
    row: String,
    message_id: String,
    stored: Vec<u8>,
    attempts: u32,
    error: String,
    died_at: SystemTime,
}

impl DeadLetter {
    /// The message's id, as [`requeue_dead_letter`](crate::Queue::requeue_dead_letter) takes it.
    #[must_use]
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// The event; nothing when the stored row is none, as after a change by another hand.
    #[must_use]
    pub fn event(&self) -> Option<QueuedEvent> {
        let event: QueuedEvent = serde_json::from_slice(&self.stored).ok()?;
        Some(event.with_attempt(self.attempts.max(1)))
    }

    /// The row as it is stored: a [`QueuedEvent`] as JSON, unless another hand has changed it.
    #[must_use]
    pub fn stored(&self) -> &[u8] {
        &self.stored
    }

    /// How often it was run.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The last failure: the texts of the error and its sources.
    #[must_use]
    pub fn error(&self) -> &str {
        &self.error
    }

    /// When it was given up, in whole seconds.
    #[must_use]
    pub fn died_at(&self) -> SystemTime {
        self.died_at
    }

    pub(crate) fn of(job: &Job, attempts: u32, error: &str) -> Self {
        Self {
            row: job.lease.row.clone(),
            message_id: job.message_id.clone(),
            stored: job.stored.clone(),
            attempts,
            error: error.to_owned(),
            died_at: SystemTime::now(),
        }
    }

    pub(crate) fn row(&self) -> &str {
        &self.row
    }
}

/// Prints the row's length only: a payload holds personal data.
impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter")
            .field("message_id", &self.message_id)
            .field("attempts", &self.attempts)
            .field("error", &self.error)
            .field("died_at", &self.died_at)
            .field("stored_bytes", &self.stored.len())
            .finish()
    }
}

/// Its columns: row, message id, job, attempts, error, seconds since 1970.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) type StoredRow = (String, String, Vec<u8>, i64, Option<String>, Option<i64>);

#[cfg(any(feature = "postgres", feature = "sqlite"))]
impl From<StoredRow> for DeadLetter {
    fn from((row, message_id, stored, attempts, error, died_at): StoredRow) -> Self {
        let died_at = died_at.and_then(|seconds| seconds.try_into().ok());
        let since_1970 = Duration::from_secs(died_at.unwrap_or_default());
        Self {
            row,
            message_id,
            stored,
            attempts: attempts.try_into().unwrap_or_default(),
            error: error.unwrap_or_default(),
            died_at: SystemTime::UNIX_EPOCH
                .checked_add(since_1970)
                .unwrap_or(SystemTime::UNIX_EPOCH),
        }
    }
}
