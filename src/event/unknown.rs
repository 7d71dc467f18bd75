//! Events that this version does not know.

use crate::event::{types::EventType, value::raw_json::RawJson};

/// An event whose type this version does not know: its type and its data as they were sent.
///
/// `Debug` prints the data's length alone.
///
/// ```
/// use clerk_webhooks::{ClerkEvent, EventData};
///
/// let event = ClerkEvent::from_slice(br#"{"type": "user.renamed", "data": {"id": "user_1"}}"#)?;
/// let EventData::Unknown(unknown) = &event.data else { panic!("known") };
/// assert_eq!(unknown.event_type().as_str(), "user.renamed");
/// assert_eq!(unknown.data().as_str(), r#"{"id": "user_1"}"#);
/// # Ok::<(), clerk_webhooks::event::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownEvent {
    event_type: EventType,
    data: RawJson,
}

impl UnknownEvent {
    pub(in crate::event) fn new(event_type: EventType, data: RawJson) -> Self {
        Self { event_type, data }
    }

    /// The event's type; always `EventType::Unknown`.
    #[must_use]
    pub fn event_type(&self) -> &EventType {
        &self.event_type
    }

    /// The event's data, a JSON object.
    #[must_use]
    pub fn data(&self) -> &RawJson {
        &self.data
    }
}
