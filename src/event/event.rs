//! [`ClerkEvent`], the event that handlers receive.

use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};

use super::{data::EventData, json::object::object, types::EventType, value::timestamp::Timestamp};

/// One Clerk event: what happened, to which object, and when.
///
/// ```
/// use clerk_webhooks::{ClerkEvent, EventData};
///
/// let body = br#"{
///     "data": {"id": "user_1", "first_name": "Jane", "updated_at": 1716883200000},
///     "object": "event",
///     "timestamp": 1716883200123,
///     "type": "user.created"
/// }"#;
/// let event = ClerkEvent::from_slice(body)?;
/// match &event.data {
///     EventData::UserCreated(user) => assert_eq!(user.first_name.as_deref(), Some("Jane")),
///     other => panic!("another event: {}", other.event_type()),
/// }
/// assert_eq!(event.event_type(), "user.created");
/// assert_eq!(event.user_id(), Some("user_1"));
/// # Ok::<(), clerk_webhooks::event::DecodeError>(())
/// ```
///
/// Serializing writes every known field under its current name, and `null` for absent fields. It does
/// not write unknown fields; the received body still has them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClerkEvent {
    /// The object that the event is about. The event's type decides the variant.
    pub data: EventData,
    /// The id of the Clerk instance that sent the event, `ins_...`. Absent in events before December 2024.
    pub instance_id: Option<String>,
    /// When Clerk created the event. Absent in events before July 2024.
    ///
    /// Two events about one object can have the same timestamp. Order them by
    /// [`occurred_at`](Self::occurred_at).
    pub timestamp: Option<Timestamp>,
    /// The request that caused the event. Absent in events before May 2024, and if no request caused it.
    pub event_attributes: Option<EventAttributes>,
}

object! {
    /// What Clerk says about the cause of an event.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct EventAttributes {
        /// The HTTP request to Clerk that caused the event.
        pub http_request: Option<HttpRequest>,
    }
}

object! {
    /// The HTTP request to Clerk that caused an event.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct HttpRequest {
        /// The client's IP address; often `""`.
        pub client_ip: Option<String>,
        /// The client's `User-Agent` header; often `""`.
        pub user_agent: Option<String>,
    }
}

impl ClerkEvent {
    /// The event's type.
    ///
    /// To route a type that this version may not know, match its text.
    ///
    /// ```
    /// # use clerk_webhooks::ClerkEvent;
    /// # let event = ClerkEvent::from_slice(br#"{"type": "user.renamed", "data": {}}"#)?;
    /// match event.event_type().as_str() {
    ///     "user.renamed" => {}
    ///     other => panic!("no route for {other}"),
    /// }
    /// # Ok::<(), clerk_webhooks::event::DecodeError>(())
    /// ```
    #[must_use]
    pub fn event_type(&self) -> &EventType {
        self.data.event_type()
    }

    /// The id of the object that the event is about: the user's id for `user.*`, the session's id for
    /// `session.*`.
    ///
    /// For an unknown event type it is the field `id` of the data, if that is a string. It does not
    /// identify the delivery: the message id does.
    ///
    /// ```
    /// use clerk_webhooks::ClerkEvent;
    ///
    /// let event = ClerkEvent::from_slice(br#"{"type": "role.created", "data": {"id": "role_1"}}"#)?;
    /// assert_eq!(event.object_id(), Some("role_1"));
    /// # Ok::<(), clerk_webhooks::event::DecodeError>(())
    /// ```
    #[must_use]
    pub fn object_id(&self) -> Option<&str> {
        match &self.data {
            EventData::Unknown(unknown) => unknown.object_id(),
            known => known.object().map(|object| object.id()),
        }
    }

    /// The id of the user that the event is about, or to whom its object belongs; `None` if the data has
    /// no such id.
    ///
    /// For a membership it is the member, for an accepted invitation the user who accepted it, for a
    /// subscription the user who pays. For an unknown event type it is the field `user_id` of the data, if
    /// that is a string.
    ///
    /// ```
    /// use clerk_webhooks::ClerkEvent;
    ///
    /// let event = ClerkEvent::from_slice(
    ///     br#"{"type": "session.ended", "data": {"id": "sess_1", "user_id": "user_1"}}"#,
    /// )?;
    /// assert_eq!(event.user_id(), Some("user_1"));
    /// # Ok::<(), clerk_webhooks::event::DecodeError>(())
    /// ```
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        match &self.data {
            EventData::UserDeleted(user) => Some(&user.id),
            EventData::Unknown(unknown) => unknown.user_id(),
            known => known.object().and_then(|object| object.user_id()),
        }
    }

    /// The id of the organization that the event is about, or to which its object belongs; `None` if the
    /// data has no such id.
    ///
    /// For a session it is the active organization, for a subscription the organization that pays. For an
    /// unknown event type it is the field `organization_id` of the data, if that is a string.
    ///
    /// ```
    /// use clerk_webhooks::ClerkEvent;
    ///
    /// let event = ClerkEvent::from_slice(
    ///     br#"{"type": "organization.deleted", "data": {"id": "org_1"}}"#,
    /// )?;
    /// assert_eq!(event.organization_id(), Some("org_1"));
    /// # Ok::<(), clerk_webhooks::event::DecodeError>(())
    /// ```
    #[must_use]
    pub fn organization_id(&self) -> Option<&str> {
        match &self.data {
            EventData::OrganizationDeleted(organization) => Some(&organization.id),
            EventData::Unknown(unknown) => unknown.organization_id(),
            known => known.object().and_then(|object| object.organization_id()),
        }
    }

    /// When the object last changed: its own `updated_at` if it has one, otherwise the event's
    /// [`timestamp`](Self::timestamp).
    ///
    /// Deliveries arrive in any order and more than once. To keep the newest state of an object, store
    /// this value with the object and ignore events with a lower value. A deletion is final, whenever it
    /// arrives.
    ///
    /// For an SMS it is the time when the SMS was created. Deleted objects, e-mails and unknown events
    /// have no `updated_at`; for them it is the event's timestamp.
    ///
    /// ```
    /// use clerk_webhooks::{ClerkEvent, event::Timestamp};
    ///
    /// let event = ClerkEvent::from_slice(
    ///     br#"{"type": "user.updated", "timestamp": 1716883200999,
    ///         "data": {"id": "user_1", "updated_at": 1716883200000}}"#,
    /// )?;
    /// assert_eq!(event.occurred_at(), Some(Timestamp::from_millis(1_716_883_200_000)));
    /// # Ok::<(), clerk_webhooks::event::DecodeError>(())
    /// ```
    #[must_use]
    pub fn occurred_at(&self) -> Option<Timestamp> {
        self.data
            .object()
            .and_then(|object| object.updated_at())
            .or(self.timestamp)
    }
}

impl Serialize for ClerkEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("ClerkEvent", 6)?;
        fields.serialize_field("object", "event")?;
        fields.serialize_field("type", self.event_type())?;
        fields.serialize_field("instance_id", &self.instance_id)?;
        fields.serialize_field("timestamp", &self.timestamp)?;
        fields.serialize_field("event_attributes", &self.event_attributes)?;
        fields.serialize_field("data", &self.data)?;
        fields.end()
    }
}
