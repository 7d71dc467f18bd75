//! A dead-lettered event.

use std::{
    fmt,
    time::{Duration, SystemTime},
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
pub struct DeadLetter {
    message_id: String,
    attempts: u32,
    crashes: u32,
    error: String,
    /// In milliseconds since 1970.
    died_at: u64,
    body: Bytes,
    /// In the stream of dead letters.
    sequence: u64,
}

impl DeadLetter {
    /// The message's id: the argument of [`requeue_dead_letter`](super::Queue::requeue_dead_letter).
    #[must_use]
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// The event. `None` when the stored bytes are not a [`QueuedEvent`], for example when somebody else published them.
    #[must_use]
    pub fn event(&self) -> Option<QueuedEvent> {
        let event: QueuedEvent = serde_json::from_slice(&self.body).ok()?;
        Some(event.with_attempt(self.attempts.max(1)))
    }

    /// The stored bytes: a [`QueuedEvent`] as JSON, unless somebody else published them.
    #[must_use]
    pub fn stored(&self) -> &Bytes {
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

    /// When the event was dead-lettered, by the worker's clock.
    #[must_use]
    pub fn died_at(&self) -> SystemTime {
        let since_1970 = Duration::from_millis(self.died_at);
        let died_at = SystemTime::UNIX_EPOCH.checked_add(since_1970);
        died_at.unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// A dead letter of this moment, which is not stored yet. The tuple is message id, attempts, crashes.
    pub(super) fn now(
        (message_id, attempts, crashes): (String, u32, u32),
        error: String,
        body: Bytes,
    ) -> Self {
        Self {
            message_id,
            attempts,
            crashes,
            error,
            died_at: millis_since_1970(SystemTime::now()),
            body,
            sequence: 0,
        }
    }

    /// What is stored beside the body.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ATTEMPTS, self.attempts.to_string());
        headers.insert(CRASHES, self.crashes.to_string());
        headers.insert(DIED_AT, self.died_at.to_string());
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
        let id = message.subject.rsplit('.').next().unwrap_or_default();
        Self {
            message_id: token::decode(id).unwrap_or_else(|| id.to_owned()),
            attempts: small(ATTEMPTS).unwrap_or_default(),
            crashes: small(CRASHES).unwrap_or_default(),
            error: header(ERROR).unwrap_or_default().to_owned(),
            died_at: number(DIED_AT).unwrap_or_default(),
            sequence: message.sequence,
            body: message.payload,
        }
    }

    /// The position after which the next page begins.
    pub(super) fn sequence(&self) -> u64 {
        self.sequence
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
            .field("died_at", &self.died_at())
            .field("stored_bytes", &self.body.len())
            .finish()
    }
}
