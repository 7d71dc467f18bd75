//! [`RawClerkEvent`], an event whose data is not decoded.

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{
    event::EventAttributes,
    types::EventType,
    value::{raw_json::RawJson, timestamp::Timestamp},
};

/// An event whose data stays JSON text, as Clerk sent it.
///
/// Its data may be any JSON object. Use it for an archive, or for events that
/// [`ClerkEvent`](crate::ClerkEvent) refuses. `ClerkEvent::try_from(raw)` decodes the data. `Debug`
/// prints only the length of the data.
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
    /// The id of the Clerk instance that sent the event, `ins_...`. Absent in events before December 2024.
    pub instance_id: Option<String>,
    /// When Clerk created the event. Absent in events before July 2024.
    pub timestamp: Option<Timestamp>,
    /// The request that caused the event. Absent in events before May 2024, and if no request caused it.
    pub event_attributes: Option<EventAttributes>,
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
