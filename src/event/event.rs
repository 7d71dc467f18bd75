//! The event that handlers receive.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeStruct};

use super::{
    decode::{self, error::DecodeError},
    raw::RawClerkEvent,
    types::{EventData, EventType},
    value::timestamp::Timestamp,
};

/// One event of Clerk's: what happened, to what, and when.
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
/// Serializing writes the event as Clerk would: every known field under today's name, `null` for
/// what is absent. What this version does not know is not written; the body that was received has
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClerkEvent {
    /// What the event is about, by its type.
    pub data: EventData,
    /// The Clerk instance that sent it, `ins_...`; absent before December 2024.
    pub instance_id: Option<String>,
    /// When Clerk made the event; absent before July 2024.
    ///
    /// Two events of one object can carry the same: order them by
    /// [`occurred_at`](Self::occurred_at).
    pub timestamp: Option<Timestamp>,
    /// The request that caused the event; absent before May 2024 and where no request did.
    pub event_attributes: Option<EventAttributes>,
}

/// What is known of the cause of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EventAttributes {
    /// The HTTP request to Clerk that caused the event.
    pub http_request: Option<HttpRequest>,
}

/// The HTTP request to Clerk that caused an event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HttpRequest {
    /// The client's IP address; often `""`.
    pub client_ip: Option<String>,
    /// The client's `User-Agent` header; often `""`.
    pub user_agent: Option<String>,
}

impl ClerkEvent {
    /// Decodes the body of a webhook.
    ///
    /// Fields may come in any order, and those that this version does not know are passed over. An
    /// event of a type that this version does not know becomes [`EventData::Unknown`].
    ///
    /// It does not verify anything: behind the layer or the verifier the body has been verified.
    ///
    /// # Errors
    ///
    /// If the body is not JSON in UTF-8, has no string `type` or no object `data`, has another field
    /// around them twice or of another JSON type, or if the data
    /// of a known type lacks what it cannot be used without (such as its `id`) or holds a value of
    /// another JSON type. [`RawClerkEvent`] takes an event whatever its data holds.
    ///
    /// ```
    /// use clerk_webhooks::ClerkEvent;
    ///
    /// let error = ClerkEvent::from_slice(br#"{"type": "user.deleted", "data": {}}"#).unwrap_err();
    /// assert_eq!(error.path(), "data.id");
    /// ```
    pub fn from_slice(body: &[u8]) -> Result<Self, DecodeError> {
        decode::event(body)
    }

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

    /// The id of what the event is about: the user's for `user.*`, the session's for `session.*`.
    ///
    /// For an event of an unknown type it is the string `id` of its data, if there is one. It does
    /// not identify the delivery: that is the message id.
    #[must_use]
    pub fn object_id(&self) -> Option<&str> {
        match &self.data {
            EventData::Unknown(unknown) => unknown.data().field_str("id"),
            known => known.object().map(|object| object.id()),
        }
    }

    /// The user that the event is about or that its object belongs to, where the data names one.
    ///
    /// For a membership it is the member, for an accepted invitation the user who accepted, for a
    /// subscription the user who pays. For an unknown type it is the string `user_id` of its data.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        match &self.data {
            EventData::UserDeleted(user) => Some(&user.id),
            EventData::Unknown(unknown) => unknown.data().field_str("user_id"),
            known => known.object().and_then(|object| object.user_id()),
        }
    }

    /// The organization that the event is about or that its object belongs to, where the data names
    /// one.
    ///
    /// For a session it is the active organization, for a subscription the organization that pays.
    /// For an unknown type it is the string `organization_id` of its data.
    #[must_use]
    pub fn organization_id(&self) -> Option<&str> {
        match &self.data {
            EventData::OrganizationDeleted(organization) => Some(&organization.id),
            EventData::Unknown(unknown) => unknown.data().field_str("organization_id"),
            known => known.object().and_then(|object| object.organization_id()),
        }
    }

    /// When the object last changed: its own `updated_at`, else the event's
    /// [`timestamp`](Self::timestamp).
    ///
    /// Deliveries arrive in any order and more than once. To keep the newest state of an object,
    /// store this with it and pass over an event whose value is lower. An SMS counts from
    /// when it was made. Deleted objects, e-mails and unknown events say nothing of themselves: for
    /// them it is the event's timestamp. A deletion is final whenever it comes.
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

/// The typed view of an event that was read raw; the error's line and column are 0.
impl TryFrom<RawClerkEvent> for ClerkEvent {
    type Error = DecodeError;

    fn try_from(raw: RawClerkEvent) -> Result<Self, DecodeError> {
        Ok(Self {
            data: decode::data(&raw.event_type, &raw.data)?,
            instance_id: raw.instance_id,
            timestamp: raw.timestamp,
            event_attributes: raw.event_attributes,
        })
    }
}

impl<'de> Deserialize<'de> for ClerkEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RawClerkEvent::deserialize(deserializer)?
            .try_into()
            .map_err(de::Error::custom)
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
