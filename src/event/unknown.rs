//! [`UnknownEvent`], an event whose type this version does not know.

use std::fmt;

use super::{types::EventType, value::raw_json::RawJson};

/// An event whose type this version does not know. It keeps the type and the data as Clerk sent them.
///
/// `Debug` prints only the length of the data.
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
#[derive(Clone, PartialEq, Eq)]
pub struct UnknownEvent {
    event_type: EventType,
    data: RawJson,
    ids: Ids,
}

/// The top-level ids in the data of an unknown event. An id that is not a string is `None`.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Ids {
    pub(super) object_id: Option<String>,
    pub(super) user_id: Option<String>,
    pub(super) organization_id: Option<String>,
}

impl UnknownEvent {
    pub(super) fn new(event_type: EventType, data: RawJson, ids: Ids) -> Self {
        Self {
            event_type,
            data,
            ids,
        }
    }

    /// The event's type; always `EventType::Unknown`.
    ///
    /// ```
    /// use clerk_webhooks::ClerkEvent;
    ///
    /// let event = ClerkEvent::from_slice(br#"{"type": "user.renamed", "data": {}}"#)?;
    /// let event_type = event.data.as_unknown().map(|unknown| unknown.event_type().as_str());
    /// assert_eq!(event_type, Some("user.renamed"));
    /// # Ok::<(), clerk_webhooks::event::DecodeError>(())
    /// ```
    #[must_use]
    pub fn event_type(&self) -> &EventType {
        &self.event_type
    }

    /// The event's data, a JSON object.
    ///
    /// ```
    /// use clerk_webhooks::{ClerkEvent, EventData};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Renamed {
    ///     name: String,
    /// }
    ///
    /// let event = ClerkEvent::from_slice(br#"{"type": "user.renamed", "data": {"name": "Jane"}}"#)?;
    /// let EventData::Unknown(unknown) = &event.data else { panic!("known") };
    /// assert_eq!(unknown.data().parse::<Renamed>()?.name, "Jane");
    /// # Ok::<(), clerk_webhooks::event::DecodeError>(())
    /// ```
    #[must_use]
    pub fn data(&self) -> &RawJson {
        &self.data
    }

    /// The event's type and its data.
    ///
    /// ```
    /// use clerk_webhooks::{ClerkEvent, EventData};
    ///
    /// let event = ClerkEvent::from_slice(br#"{"type": "user.renamed", "data": {}}"#)?;
    /// let EventData::Unknown(unknown) = event.data else { panic!("known") };
    /// let (event_type, data) = unknown.into_parts();
    /// assert_eq!((event_type.as_str(), data.as_str()), ("user.renamed", "{}"));
    /// # Ok::<(), clerk_webhooks::event::DecodeError>(())
    /// ```
    #[must_use]
    pub fn into_parts(self) -> (EventType, RawJson) {
        (self.event_type, self.data)
    }

    pub(super) fn object_id(&self) -> Option<&str> {
        self.ids.object_id.as_deref()
    }

    pub(super) fn user_id(&self) -> Option<&str> {
        self.ids.user_id.as_deref()
    }

    pub(super) fn organization_id(&self) -> Option<&str> {
        self.ids.organization_id.as_deref()
    }
}

impl fmt::Debug for UnknownEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnknownEvent")
            .field("event_type", &self.event_type)
            .field("data", &self.data)
            .finish()
    }
}
