//! The event for those who want every one of them.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeStruct};

use super::{
    decode::{self, Envelope, error::DecodeError},
    event::EventAttributes,
    types::EventType,
    value::{raw_json::RawJson, timestamp::Timestamp},
};

/// An event whose data stays the JSON that was sent.
///
/// It is never refused for what its data holds: for an archive, for a queue, for events that
/// [`ClerkEvent`](super::ClerkEvent) refuses. `ClerkEvent::try_from(raw)` gives the typed view.
/// `Debug` prints the data's length alone.
///
/// ```
/// use clerk_webhooks::{ClerkEvent, RawClerkEvent};
///
/// let body = br#"{"type": "user.created", "data": {"id": null}}"#;
/// let raw = RawClerkEvent::from_slice(body)?;
/// assert_eq!(raw.event_type.as_str(), "user.created");
/// assert_eq!(raw.data.as_str(), r#"{"id": null}"#);
/// assert!(ClerkEvent::try_from(raw).is_err());
/// # Ok::<(), clerk_webhooks::event::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawClerkEvent {
    /// The event's type.
    pub event_type: EventType,
    /// The event's data, a JSON object.
    pub data: RawJson,
    /// The Clerk instance that sent it, `ins_...`; absent before December 2024.
    pub instance_id: Option<String>,
    /// When Clerk made the event; absent before July 2024.
    pub timestamp: Option<Timestamp>,
    /// The request that caused the event; absent before May 2024 and where no request did.
    pub event_attributes: Option<EventAttributes>,
}

impl RawClerkEvent {
    /// Decodes the body of a webhook, all but its data.
    ///
    /// # Errors
    ///
    /// If the body is not JSON in UTF-8, has no string `type` or no object `data`, or has another field
    /// around them twice or of another JSON type.
    pub fn from_slice(body: &[u8]) -> Result<Self, DecodeError> {
        decode::raw_event(body)
    }
}

impl From<Envelope<RawJson>> for RawClerkEvent {
    fn from(envelope: Envelope<RawJson>) -> Self {
        Self {
            event_type: envelope.event_type,
            data: envelope.data,
            instance_id: envelope.instance_id,
            timestamp: envelope.timestamp,
            event_attributes: envelope.event_attributes,
        }
    }
}

impl<'de> Deserialize<'de> for RawClerkEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let envelope: Envelope<RawJson> = Deserialize::deserialize(deserializer)?;
        if !envelope.data.is_object() {
            return Err(de::Error::custom(
                "the `data` of a Clerk event must be a JSON object",
            ));
        }
        Ok(envelope.into())
    }
}

impl Serialize for RawClerkEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("RawClerkEvent", 6)?;
        fields.serialize_field("object", "event")?;
        fields.serialize_field("type", &self.event_type)?;
        fields.serialize_field("instance_id", &self.instance_id)?;
        fields.serialize_field("timestamp", &self.timestamp)?;
        fields.serialize_field("event_attributes", &self.event_attributes)?;
        fields.serialize_field("data", &self.data)?;
        fields.end()
    }
}
