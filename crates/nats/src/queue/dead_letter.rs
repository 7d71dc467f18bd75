//! A dead-lettered event.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_nats::{HeaderMap, HeaderValue, jetstream::message::StreamMessage};
use bytes::Bytes;
use clerk_webhooks::queue::QueuedEvent;

use super::queue::millis_since_1970;
use crate::token;

const ATTEMPTS: &str = "Clerk-Attempts";
const CRASHES: &str = "Clerk-Crashes";
const ERROR: &str = "Clerk-Error";
const DIED_AT: &str = "Clerk-Died-At";

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
    /// When the event was dead-lettered, by the worker's clock.
    pub died_at: SystemTime,
    /// The stored bytes: a [`QueuedEvent`] as JSON, unless somebody else published them.
    pub stored: Bytes,
    /// In the stream of dead letters.
    pub(super) sequence: u64,
}

impl DeadLetter {
    /// The event. `None` when the stored bytes are not a [`QueuedEvent`], for example when somebody else published them.
    #[must_use]
    pub fn event(&self) -> Option<QueuedEvent> {
        let event: QueuedEvent = serde_json::from_slice(&self.stored).ok()?;
        Some(event.with_attempt(self.attempts.max(1)))
    }

    /// A dead letter of this moment, which is not stored yet. The tuple is message id, attempts, crashes.
    pub(super) fn now(
        (message_id, attempts, crashes): (String, u32, u32),
        error: String,
        stored: Bytes,
    ) -> Self {
        Self {
            message_id,
            attempts,
            crashes,
            error,
            died_at: SystemTime::now(),
            stored,
            sequence: 0,
        }
    }

    /// What is stored beside the body.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ATTEMPTS, self.attempts.to_string());
        headers.insert(CRASHES, self.crashes.to_string());
        headers.insert(DIED_AT, millis_since_1970(self.died_at).to_string());
        // The text of an error has no line breaks. A header must not have any.
        if let Ok(error) = self.error.parse::<HeaderValue>() {
            headers.insert(ERROR, error);
        }
        headers
    }

    /// A stored dead letter.
    pub(super) fn stored_as(message: StreamMessage) -> Self {
        let header = |name: &'static str| {
            let value = message.headers.get(name)?;
            Some(value.as_str())
        };
        let number = |name| header(name).and_then(|text| text.parse().ok());
        let small = |name| number(name).and_then(|number: u64| number.try_into().ok());
        let since_1970 = Duration::from_millis(number(DIED_AT).unwrap_or_default());
        let died_at = UNIX_EPOCH.checked_add(since_1970);
        let id = message.subject.rsplit('.').next().unwrap_or_default();
        Self {
            message_id: token::decode(id).unwrap_or_else(|| id.to_owned()),
            attempts: small(ATTEMPTS).unwrap_or_default(),
            crashes: small(CRASHES).unwrap_or_default(),
            error: header(ERROR).unwrap_or_default().to_owned(),
            died_at: died_at.unwrap_or(UNIX_EPOCH),
            stored: message.payload,
            sequence: message.sequence,
        }
    }
}

/// Prints only the length of the stored bytes, since a payload holds personal data.
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
