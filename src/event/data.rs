//! [`EventData`], the object that an event is about.

use std::any::Any;

use serde::{Serialize, Serializer};

use super::{
    json::{
        fault::{Fault, ReadError},
        read::Read,
        reader::Reader,
    },
    object::{
        deleted::DeletedObject,
        domain::OrganizationDomain,
        event_object::EventObject,
        invitation::OrganizationInvitation,
        membership::OrganizationMembership,
        message::{Email, SmsMessage},
        organization::Organization,
        payment::PaymentAttempt,
        role::{Permission, Role},
        session::Session,
        subscription::{Subscription, SubscriptionItem},
        user::User,
        waitlist::WaitlistEntry,
    },
    types::{EventType, with_table_of_events},
    unknown::UnknownEvent,
};

macro_rules! define_event_data {
    ($( $Variant:ident = $text:literal $(| $older:literal)* => $Object:ident, )+) => {
        /// The object that an event is about, with one variant for each event type.
        ///
        /// New versions of this crate add types and fields, so a `match` needs a `_` arm. A method such as
        /// [`as_user`](Self::as_user) or [`as_session`](Self::as_session) covers all events that carry
        /// the same kind of object.
        #[doc = include_str!("../../docs/events.md")]
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum EventData {
            $( #[doc = concat!("`", $text, "`")] $Variant(Box<$Object>), )+
            /// An event whose type this version does not know, with its data as Clerk sent it.
            Unknown(Box<UnknownEvent>),
        }

        impl EventData {
            /// The event's type.
            ///
            /// ```
            /// use clerk_webhooks::{ClerkEvent, EventType};
            ///
            /// let event = ClerkEvent::from_slice(
            ///     br#"{"type": "user.deleted", "data": {"id": "user_1"}}"#,
            /// )?;
            /// assert_eq!(event.data.event_type(), &EventType::UserDeleted);
            /// # Ok::<(), clerk_webhooks::event::DecodeError>(())
            /// ```
            #[must_use]
            pub fn event_type(&self) -> &EventType {
                match self {
                    $( Self::$Variant(_) => &EventType::$Variant, )+
                    Self::Unknown(event) => event.event_type(),
                }
            }

            /// Reads the data of an event of this type, which must be a known type.
            pub(super) fn read_as(
                event_type: &EventType,
                reader: &mut Reader<'_>,
            ) -> Result<Self, ReadError> {
                match event_type {
                    $( EventType::$Variant => Read::read(reader).map(Self::$Variant), )+
                    EventType::Unknown(_) => Err(Fault::Refused.into()),
                }
            }

            /// The object that the event is about; `None` for an unknown event.
            pub(super) fn object(&self) -> Option<&dyn EventObject> {
                match self {
                    $( Self::$Variant(object) => Some(&**object), )+
                    Self::Unknown(_) => None,
                }
            }
        }

        /// Writes only the data, not the event's type.
        impl Serialize for EventData {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $( Self::$Variant(object) => object.serialize(serializer), )+
                    Self::Unknown(event) => event.data().serialize(serializer),
                }
            }
        }

        #[cfg(test)]
        const CARRIED: &[(EventType, &str)] = &[$((EventType::$Variant, stringify!($Object))),+];
    };
}

with_table_of_events!(define_event_data);

/// One method for each type of object.
macro_rules! define_object_accessors {
    ($( $(#[$meta:meta])* $as_object:ident => $Object:ident, )+) => {
        impl EventData {
            $(
                #[doc = concat!("The [`", stringify!($Object), "`], if the event carries one.")]
                $(#[$meta])*
                #[must_use]
                pub fn $as_object(&self) -> Option<&$Object> {
                    let object: &dyn Any = self.object()?;
                    object.downcast_ref()
                }
            )+
        }
    };
}

define_object_accessors! {
    ///
    /// ```
    /// use clerk_webhooks::testing::{self, fixtures};
    ///
    /// let event = testing::deliver(fixtures::email_created());
    /// let email = event.data.as_email().ok_or("another event")?;
    /// assert_eq!(email.to_email_address.as_deref(), Some("mira.lindqvist@example.com"));
    /// # Ok::<(), &str>(())
    /// ```
    as_email => Email,
    as_sms => SmsMessage,
    ///
    /// ```
    /// use clerk_webhooks::testing::{self, fixtures};
    ///
    /// let event = testing::deliver(fixtures::organization_updated().id("org_1"));
    /// let organization = event.data.as_organization().ok_or("another event")?;
    /// assert_eq!(organization.id, "org_1");
    /// # Ok::<(), &str>(())
    /// ```
    as_organization => Organization,
    as_domain => OrganizationDomain,
    as_invitation => OrganizationInvitation,
    ///
    /// ```
    /// use clerk_webhooks::testing::{self, fixtures};
    ///
    /// let event = testing::deliver(fixtures::organization_membership_updated().role("org:admin"));
    /// let membership = event.data.as_membership().ok_or("another event")?;
    /// assert_eq!(membership.role.as_deref(), Some("org:admin"));
    /// # Ok::<(), &str>(())
    /// ```
    as_membership => OrganizationMembership,
    as_payment_attempt => PaymentAttempt,
    as_permission => Permission,
    as_role => Role,
    ///
    /// ```
    /// use clerk_webhooks::testing::{self, fixtures};
    ///
    /// let event = testing::deliver(fixtures::session_ended().user("user_1"));
    /// let session = event.data.as_session().ok_or("another event")?;
    /// assert_eq!(session.user_id, "user_1");
    /// # Ok::<(), &str>(())
    /// ```
    as_session => Session,
    ///
    /// ```
    /// use clerk_webhooks::{event::SubscriptionStatus, testing::{self, fixtures}};
    ///
    /// let event = testing::deliver(fixtures::subscription_active());
    /// let subscription = event.data.as_subscription().ok_or("another event")?;
    /// assert_eq!(subscription.status, Some(SubscriptionStatus::Active));
    /// # Ok::<(), &str>(())
    /// ```
    as_subscription => Subscription,
    as_subscription_item => SubscriptionItem,
    /// Covers `user.created` and `user.updated`.
    ///
    /// ```
    /// use clerk_webhooks::ClerkEvent;
    ///
    /// let body = br#"{"type": "user.updated", "data": {"id": "user_1", "banned": true}}"#;
    /// let event = ClerkEvent::from_slice(body)?;
    /// if let Some(user) = event.data.as_user() {
    ///     assert_eq!((user.id.as_str(), user.banned), ("user_1", Some(true)));
    /// }
    /// # Ok::<(), clerk_webhooks::event::DecodeError>(())
    /// ```
    as_user => User,
    as_waitlist_entry => WaitlistEntry,
    /// [`event_type`](Self::event_type) says what kind of object was deleted.
    ///
    /// ```
    /// use clerk_webhooks::{EventType, testing::{self, fixtures}};
    ///
    /// let event = testing::deliver(fixtures::organization_deleted().id("org_1"));
    /// let deleted = event.data.as_deleted().ok_or("another event")?;
    /// assert_eq!(event.event_type(), &EventType::OrganizationDeleted);
    /// assert_eq!(deleted.id, "org_1");
    /// # Ok::<(), &str>(())
    /// ```
    as_deleted => DeletedObject,
}

impl EventData {
    /// The unknown event, if this version does not know the event's type.
    ///
    /// ```
    /// use clerk_webhooks::ClerkEvent;
    ///
    /// let event = ClerkEvent::from_slice(br#"{"type": "user.renamed", "data": {}}"#)?;
    /// assert!(event.data.as_unknown().is_some());
    /// # Ok::<(), clerk_webhooks::event::DecodeError>(())
    /// ```
    #[must_use]
    pub fn as_unknown(&self) -> Option<&UnknownEvent> {
        match self {
            Self::Unknown(event) => Some(event),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::event::ClerkEvent;

    #[test]
    fn the_documentation_lists_every_event_and_what_it_carries() {
        let page = include_str!("../../docs/events.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
        let documented: Vec<_> = rows
            .filter_map(|row| row.split_once("` | `"))
            .filter_map(|(text, rest)| Some((text.to_owned(), rest.split_once('`')?.0)))
            .collect();
        let carried: Vec<_> = CARRIED
            .iter()
            .map(|(kind, object)| (kind.to_string(), *object))
            .collect();
        assert_eq!(documented, carried);
        assert!(page.contains(&format!("{} event types", EventType::all().len())));
    }

    fn event_of(event_type: &EventType) -> ClerkEvent {
        let data = r#"{"id": "x", "user_id": "user_1", "organization": {"id": "org_1"}}"#;
        let body = format!(r#"{{"type": "{event_type}", "data": {data}}}"#);
        ClerkEvent::from_slice(body.as_bytes()).unwrap()
    }

    #[test]
    fn the_data_of_every_type_is_read_by_that_type() {
        for event_type in EventType::all() {
            let data = event_of(event_type).data;
            assert_eq!(data.event_type(), event_type);
            assert_eq!(data.object().map(|object| object.id()), Some("x"));
        }
    }

    #[test]
    fn one_method_gives_the_object_of_every_event_that_carries_it() {
        for (event_type, object) in CARRIED {
            let data = event_of(event_type).data;
            let found = [
                data.as_email().map(|_| "Email"),
                data.as_sms().map(|_| "SmsMessage"),
                data.as_organization().map(|_| "Organization"),
                data.as_domain().map(|_| "OrganizationDomain"),
                data.as_invitation().map(|_| "OrganizationInvitation"),
                data.as_membership().map(|_| "OrganizationMembership"),
                data.as_payment_attempt().map(|_| "PaymentAttempt"),
                data.as_permission().map(|_| "Permission"),
                data.as_role().map(|_| "Role"),
                data.as_session().map(|_| "Session"),
                data.as_subscription().map(|_| "Subscription"),
                data.as_subscription_item().map(|_| "SubscriptionItem"),
                data.as_user().map(|_| "User"),
                data.as_waitlist_entry().map(|_| "WaitlistEntry"),
                data.as_deleted().map(|_| "DeletedObject"),
                data.as_unknown().map(|_| "UnknownEvent"),
            ];
            let found: Vec<_> = found.into_iter().flatten().collect();
            assert_eq!(found, [*object], "{event_type}");
        }
        let unknown = event_of(&EventType::from("user.renamed")).data;
        assert!(unknown.as_unknown().is_some() && unknown.as_user().is_none());
    }

    #[test]
    fn an_event_on_the_stack_is_small() {
        assert!(size_of::<EventData>() <= 16, "{}", size_of::<EventData>());
    }
}
