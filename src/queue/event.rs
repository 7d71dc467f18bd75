//! The stored form of a delivery.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::Extensions;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, de::Error as _,
};

use crate::{event::DecodeError, extract, verify::delivery::VerifiedDelivery};

/// A delivery as a queue stores it. The body is not decoded, so nothing is lost when this version does not know
/// the event's type yet.
///
/// [`Enqueue`](super::Enqueue) stores verified deliveries only. Unlike a [`VerifiedDelivery`], a `QueuedEvent` does
/// not prove that its delivery was verified: anyone who can write to the queue can create one.
///
/// It serializes as one flat object. `body` is the raw body as text. A body that is not UTF-8 is stored as
/// `body_base64` instead. Unknown fields are ignored, so that a later version can add some.
///
/// ```
/// use clerk_webhooks::{ClerkEvent, queue::QueuedEvent};
///
/// let stored = r#"{
///     "message_id": "msg_1",
///     "attempted_at": 1767225600,
///     "secret_label": "current",
///     "attempt": 2,
///     "body": "{\"type\": \"user.deleted\", \"data\": {\"id\": \"user_1\"}}"
/// }"#;
/// let queued: QueuedEvent = serde_json::from_str(stored)?;
/// assert_eq!((queued.message_id(), queued.attempt()), ("msg_1", 2));
/// let event: ClerkEvent = queued.decode()?;
/// assert_eq!(event.object_id(), Some("user_1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct QueuedEvent {
    message_id: Arc<str>,
    attempted_at: SystemTime,
    secret_label: Arc<str>,
    attempt: u32,
    body: Bytes,
    extensions: Extensions,
}

impl QueuedEvent {
    /// The message's id, the same on every delivery. The queue deduplicates by it.
    ///
    /// ```
    /// use clerk_webhooks::testing::{Delivery, fixtures};
    ///
    /// let queued = Delivery::of(fixtures::user_created()).with_message_id("msg_1").queued();
    /// assert_eq!(queued.message_id(), "msg_1");
    /// ```
    #[must_use]
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// When the sender made the stored delivery: the header `svix-timestamp`, in whole seconds.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// use clerk_webhooks::testing::{Delivery, fixtures};
    ///
    /// let sent_at = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    /// let queued = Delivery::of(fixtures::user_created()).with_sent_at(sent_at).queued();
    /// assert_eq!(queued.attempted_at(), sent_at);
    /// ```
    #[must_use]
    pub fn attempted_at(&self) -> SystemTime {
        self.attempted_at
    }

    /// The label of the signing secret that matched.
    #[must_use]
    pub fn secret_label(&self) -> &str {
        &self.secret_label
    }

    /// The number of the worker's attempt, from 1. The sender's attempts are not counted.
    /// [`with_attempt`](Self::with_attempt) sets it.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The same event with another attempt number. For implementors of queues.
    ///
    /// ```
    /// use clerk_webhooks::testing::{self, fixtures};
    ///
    /// let queued = testing::queued(fixtures::user_created());
    /// assert_eq!(queued.attempt(), 1);
    /// assert_eq!(queued.with_attempt(2).attempt(), 2);
    /// ```
    #[must_use]
    pub fn with_attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// Values by type that the queue [attaches](Self::with_extension) for its own methods to use in the
    /// handler, such as a lease.
    ///
    /// Extensions are not stored, and comparisons ignore them.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Adds an extension before the handler gets the event. For implementors of queues.
    ///
    /// ```
    /// use clerk_webhooks::queue::QueuedEvent;
    ///
    /// #[derive(Clone, PartialEq, Debug)]
    /// struct Receipt(u64);
    ///
    /// # let stored = r#"{"message_id": "msg_1", "attempted_at": 0, "secret_label": "", "body": ""}"#;
    /// let event: QueuedEvent = serde_json::from_str(stored)?;
    /// let event = event.with_extension(Receipt(7));
    /// assert_eq!(event.extensions().get(), Some(&Receipt(7)));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn with_extension<T: Clone + Send + Sync + 'static>(mut self, extension: T) -> Self {
        self.extensions.insert(extension);
        self
    }

    /// The body, byte for byte as it was signed.
    ///
    /// ```
    /// use clerk_webhooks::testing;
    ///
    /// let body = serde_json::json!({ "type": "user.deleted", "data": { "id": "user_1" } });
    /// assert_eq!(testing::queued(&body).raw_body(), body.to_string().as_bytes());
    /// ```
    #[must_use]
    pub fn raw_body(&self) -> &Bytes {
        &self.body
    }

    /// Decodes the event as a [`ClerkEvent`](crate::ClerkEvent), a [`RawClerkEvent`](crate::RawClerkEvent) or a
    /// type of your own, with the same decoders as [`VerifiedClerkEvent`](crate::VerifiedClerkEvent).
    ///
    /// # Errors
    ///
    /// When the body is not such an event. The error says where in the body.
    ///
    /// ```
    /// use clerk_webhooks::{ClerkEvent, testing::{self, fixtures}};
    ///
    /// let queued = testing::queued(fixtures::user_created().id("user_1"));
    /// let event: ClerkEvent = queued.decode()?;
    /// assert_eq!(event.object_id(), Some("user_1"));
    /// # Ok::<(), clerk_webhooks::event::DecodeError>(())
    /// ```
    pub fn decode<T>(&self) -> Result<T, DecodeError>
    where
        T: DeserializeOwned + 'static,
    {
        extract::decode(&self.body)
    }
}

impl From<&VerifiedDelivery> for QueuedEvent {
    fn from(verified: &VerifiedDelivery) -> Self {
        Self {
            message_id: verified.message_id().into(),
            attempted_at: verified.attempted_at(),
            secret_label: verified.secret_label().into(),
            attempt: 1,
            body: verified.raw_body().clone(),
            extensions: Extensions::new(),
        }
    }
}

/// Compares everything that is stored, not the extensions.
impl PartialEq for QueuedEvent {
    fn eq(&self, other: &Self) -> bool {
        let stored = |event: &Self| (event.attempted_at, event.attempt);
        stored(self) == stored(other)
            && self.message_id == other.message_id
            && self.secret_label == other.secret_label
            && self.body == other.body
    }
}

impl Eq for QueuedEvent {}

/// Prints only the length of the body, since a payload holds personal data.
impl fmt::Debug for QueuedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueuedEvent")
            .field("message_id", &self.message_id)
            .field("attempted_at", &self.attempted_at)
            .field("secret_label", &self.secret_label)
            .field("attempt", &self.attempt)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

#[derive(Serialize)]
struct Stored<'a> {
    message_id: &'a str,
    attempted_at: u64,
    secret_label: &'a str,
    attempt: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

impl Serialize for QueuedEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = std::str::from_utf8(&self.body).ok();
        let since_1970 = self.attempted_at.duration_since(UNIX_EPOCH);
        let stored = Stored {
            message_id: &self.message_id,
            attempted_at: since_1970.unwrap_or_default().as_secs(),
            secret_label: &self.secret_label,
            attempt: self.attempt,
            body: text,
            body_base64: text.is_none().then(|| BASE64_STANDARD.encode(&self.body)),
        };
        stored.serialize(serializer)
    }
}

#[derive(Deserialize)]
struct Found {
    message_id: String,
    attempted_at: u64,
    secret_label: String,
    #[serde(default = "first")]
    attempt: u32,
    body: Option<String>,
    body_base64: Option<String>,
}

fn first() -> u32 {
    1
}

impl<'de> Deserialize<'de> for QueuedEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = Found::deserialize(deserializer)?;
        let since_1970 = Duration::from_secs(found.attempted_at);
        let attempted_at = UNIX_EPOCH.checked_add(since_1970);
        let body = match (found.body, found.body_base64) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(encoded)) => {
                let decoded = BASE64_STANDARD.decode(encoded);
                decoded.map_err(|_| D::Error::custom("`body_base64` is not base64"))?
            }
            (None, None) => return Err(D::Error::missing_field("body")),
            (Some(_), Some(_)) => return Err(D::Error::custom("both `body` and `body_base64`")),
        };
        Ok(Self {
            message_id: found.message_id.into(),
            attempted_at: attempted_at
                .ok_or_else(|| D::Error::custom("`attempted_at` is too far ahead"))?,
            secret_label: found.secret_label.into(),
            attempt: found.attempt,
            body: body.into(),
            extensions: Extensions::new(),
        })
    }
}
