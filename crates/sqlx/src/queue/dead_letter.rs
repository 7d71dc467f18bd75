//! A dead-lettered event.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clerk_webhooks::queue::QueuedEvent;

/// A dead letter's row: message id, attempts, crashes, error, milliseconds since 1970, body.
type DeadRow = (String, i64, i64, String, i64, String);

/// An event that failed permanently, failed too often, or crashed its workers.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The message's id: the argument of [`requeue_dead_letter`](super::Queue::requeue_dead_letter).
    pub message_id: String,
    /// How many attempts began, including those that crashed.
    pub attempts: u32,
    /// In how many attempts the worker crashed or lost its lease.
    pub crashes: u32,
    /// The last failure: the texts of the error and of its sources, on one line.
    pub error: String,
    /// When the event was dead-lettered.
    pub died_at: SystemTime,
    /// The stored text: a [`QueuedEvent`] as JSON, unless somebody changed it.
    pub stored: String,
}

impl DeadLetter {
    /// The event. `None` when the stored text is not a [`QueuedEvent`], for example after a manual change.
    #[must_use]
    pub fn event(&self) -> Option<QueuedEvent> {
        let event: QueuedEvent = serde_json::from_str(&self.stored).ok()?;
        Some(event.with_attempt(self.attempts.max(1)))
    }

    pub(super) fn from_row(
        (message_id, attempts, crashes, error, died_at, stored): DeadRow,
    ) -> Self {
        let since_1970 = Duration::from_millis(died_at.try_into().unwrap_or_default());
        let died_at = UNIX_EPOCH.checked_add(since_1970);
        Self {
            message_id,
            attempts: attempts.try_into().unwrap_or(u32::MAX),
            crashes: crashes.try_into().unwrap_or(u32::MAX),
            error,
            died_at: died_at.unwrap_or(UNIX_EPOCH),
            stored,
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
            .field("died_at", &self.died_at)
            .field("stored_bytes", &self.stored.len())
            .finish()
    }
}
