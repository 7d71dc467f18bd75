//! A dead-lettered event.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use clerk_webhooks::queue::QueuedEvent;

use crate::millis::millis;

/// A dead letter's row: message id, attempts, crashes, error, milliseconds since 1970, body.
pub(super) type DeadRow = (String, i64, i64, String, i64, String);

/// An event that failed permanently, failed too often, or crashed its workers.
#[derive(Clone, PartialEq, Eq)]
pub struct DeadLetter {
    message_id: String,
    attempts: u32,
    crashes: u32,
    error: String,
    /// In milliseconds since 1970.
    died_at: i64,
    body: String,
}

impl DeadLetter {
    /// The message's id: the argument of [`requeue_dead_letter`](super::Queue::requeue_dead_letter).
    #[must_use]
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// The event. `None` when the stored text is not a [`QueuedEvent`], for example after a manual change.
    #[must_use]
    pub fn event(&self) -> Option<QueuedEvent> {
        let event: QueuedEvent = serde_json::from_str(&self.body).ok()?;
        Some(event.with_attempt(self.attempts.max(1)))
    }

    /// The stored text: a [`QueuedEvent`] as JSON, unless somebody changed it.
    #[must_use]
    pub fn stored(&self) -> &str {
        &self.body
    }

    /// How many attempts began, including those that crashed.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// In how many attempts the worker crashed or lost its lease.
    #[must_use]
    pub fn crashes(&self) -> u32 {
        self.crashes
    }

    /// The last failure: the texts of the error and of its sources, on one line.
    #[must_use]
    pub fn error(&self) -> &str {
        &self.error
    }

    /// When the event was dead-lettered.
    #[must_use]
    pub fn died_at(&self) -> SystemTime {
        let since_1970 = Duration::from_millis(self.died_at.try_into().unwrap_or_default());
        let died_at = SystemTime::UNIX_EPOCH.checked_add(since_1970);
        died_at.unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// A dead letter of this moment. The tuple is message id, attempts, crashes.
    pub(super) fn now(
        (message_id, attempts, crashes): (String, i64, i64),
        error: String,
        body: String,
    ) -> Self {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let died_at = millis(since_1970.unwrap_or_default());
        Self::from((message_id, attempts, crashes, error, died_at, body))
    }

    /// The position after which the next page begins.
    pub(super) fn place(&self) -> (i64, &str) {
        (self.died_at, &self.message_id)
    }
}

impl From<DeadRow> for DeadLetter {
    fn from((message_id, attempts, crashes, error, died_at, body): DeadRow) -> Self {
        Self {
            message_id,
            attempts: attempts.try_into().unwrap_or_default(),
            crashes: crashes.try_into().unwrap_or_default(),
            error,
            died_at,
            body,
        }
    }
}

/// Prints only the length of the stored text, since a payload holds personal data.
impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter")
            .field("message_id", &self.message_id)
            .field("attempts", &self.attempts)
            .field("crashes", &self.crashes)
            .field("error", &self.error)
            .field("died_at", &self.died_at())
            .field("stored_bytes", &self.body.len())
            .finish()
    }
}
