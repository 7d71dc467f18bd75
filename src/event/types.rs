//! The table of all events: what Clerk calls each, and what each carries.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::event::{
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
    unknown::UnknownEvent,
    value::{open_enum::open_enum, raw_json::RawJson},
};

/// One line an event: `Variant = "type" | "older spelling" => what it carries`.
macro_rules! events {
    ($( $Variant:ident = $text:literal $(| $older:literal)* => $Object:ident, )+) => {
        open_enum! {
            /// The type of an event.
            ///
            /// [`all`](Self::all) lists the types of today. To route one that this version does not
            /// know, match [`as_str`](Self::as_str): that keeps working when a later version learns
            /// it.
            ///
            /// ```
            /// use clerk_webhooks::EventType;
            ///
            /// assert_eq!(EventType::from("user.created"), EventType::UserCreated);
            /// assert_eq!(EventType::UserCreated.to_string(), "user.created");
            /// assert_eq!(EventType::from("user.renamed").as_str(), "user.renamed");
            ///
            /// // Spelled so until September 2025.
            /// let older = EventType::from("subscription.past_due");
            /// assert_eq!(older.as_str(), "subscription.pastDue");
            /// ```
            pub enum EventType {
                $( #[doc = concat!("carries a [`", stringify!($Object), "`](crate::event::", stringify!($Object), ")")]
                $Variant = $text $(| $older)*, )+
            }
        }

        /// What an event is about, by its type.
        ///
        /// New types and new fields come with new versions: a `match` needs a `_` arm.
        #[doc = include_str!("../../docs/events.md")]
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum EventData {
            $( #[doc = concat!("`", $text, "`")] $Variant(Box<$Object>), )+
            /// An event whose type this version does not know, with its data as it was sent.
            Unknown(UnknownEvent),
        }

        impl EventData {
            /// The event's type.
            #[must_use]
            pub fn event_type(&self) -> &EventType {
                match self {
                    $( Self::$Variant(_) => &EventType::$Variant, )+
                    Self::Unknown(event) => event.event_type(),
                }
            }

            /// Reads the data of an event of this type.
            pub(in crate::event) fn deserialize_as<'de, D: Deserializer<'de>>(
                event_type: &EventType,
                deserializer: D,
            ) -> Result<Self, D::Error> {
                match event_type {
                    $( EventType::$Variant => Box::deserialize(deserializer).map(Self::$Variant), )+
                    EventType::Unknown(_) => {
                        let data = RawJson::deserialize(deserializer)?;
                        Ok(Self::Unknown(UnknownEvent::new(event_type.clone(), data)))
                    }
                }
            }

            /// The object that the event is about; none for an unknown event.
            pub(in crate::event) fn object(&self) -> Option<&dyn EventObject> {
                match self {
                    $( Self::$Variant(object) => Some(&**object), )+
                    Self::Unknown(_) => None,
                }
            }
        }

        /// The data alone, without the event's type.
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

events! {
    EmailCreated = "email.created" => Email,
    OrganizationCreated = "organization.created" => Organization,
    OrganizationDeleted = "organization.deleted" => DeletedObject,
    OrganizationUpdated = "organization.updated" => Organization,
    OrganizationDomainCreated = "organizationDomain.created" => OrganizationDomain,
    OrganizationDomainDeleted = "organizationDomain.deleted" => DeletedObject,
    OrganizationDomainUpdated = "organizationDomain.updated" => OrganizationDomain,
    OrganizationInvitationAccepted = "organizationInvitation.accepted" => OrganizationInvitation,
    OrganizationInvitationCreated = "organizationInvitation.created" => OrganizationInvitation,
    OrganizationInvitationRevoked = "organizationInvitation.revoked" => OrganizationInvitation,
    OrganizationMembershipCreated = "organizationMembership.created" => OrganizationMembership,
    OrganizationMembershipDeleted = "organizationMembership.deleted" => OrganizationMembership,
    OrganizationMembershipUpdated = "organizationMembership.updated" => OrganizationMembership,
    PaymentAttemptCreated = "paymentAttempt.created" => PaymentAttempt,
    PaymentAttemptUpdated = "paymentAttempt.updated" => PaymentAttempt,
    PermissionCreated = "permission.created" => Permission,
    PermissionDeleted = "permission.deleted" => DeletedObject,
    PermissionUpdated = "permission.updated" => Permission,
    RoleCreated = "role.created" => Role,
    RoleDeleted = "role.deleted" => DeletedObject,
    RoleUpdated = "role.updated" => Role,
    SessionCreated = "session.created" => Session,
    SessionEnded = "session.ended" => Session,
    SessionPending = "session.pending" => Session,
    SessionRemoved = "session.removed" => Session,
    SessionRevoked = "session.revoked" => Session,
    SmsCreated = "sms.created" => SmsMessage,
    SubscriptionActive = "subscription.active" => Subscription,
    SubscriptionCreated = "subscription.created" => Subscription,
    SubscriptionPastDue = "subscription.pastDue" | "subscription.past_due" => Subscription,
    SubscriptionUpdated = "subscription.updated" => Subscription,
    SubscriptionItemAbandoned = "subscriptionItem.abandoned" => SubscriptionItem,
    SubscriptionItemActive = "subscriptionItem.active" => SubscriptionItem,
    SubscriptionItemCanceled = "subscriptionItem.canceled" => SubscriptionItem,
    SubscriptionItemCreated = "subscriptionItem.created" => SubscriptionItem,
    SubscriptionItemEnded = "subscriptionItem.ended" => SubscriptionItem,
    SubscriptionItemFreeTrialEnding = "subscriptionItem.freeTrialEnding" => SubscriptionItem,
    SubscriptionItemIncomplete = "subscriptionItem.incomplete" => SubscriptionItem,
    SubscriptionItemPastDue = "subscriptionItem.pastDue" | "subscriptionItem.past_due" => SubscriptionItem,
    SubscriptionItemUpcoming = "subscriptionItem.upcoming" => SubscriptionItem,
    SubscriptionItemUpdated = "subscriptionItem.updated" => SubscriptionItem,
    UserCreated = "user.created" => User,
    UserDeleted = "user.deleted" => DeletedObject,
    UserUpdated = "user.updated" => User,
    WaitlistEntryCreated = "waitlistEntry.created" => WaitlistEntry,
    WaitlistEntryUpdated = "waitlistEntry.updated" => WaitlistEntry,
}

impl EventData {
    pub(in crate::event) fn from_text(
        event_type: &EventType,
        text: &str,
    ) -> serde_json::Result<Self> {
        let mut json = serde_json::Deserializer::from_str(text);
        let data = Self::deserialize_as(event_type, &mut json)?;
        json.end()?;
        Ok(data)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

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
        assert!(page.contains(&format!("All {} types of event", EventType::all().len())));
    }

    #[test]
    fn every_type_has_a_text_of_its_own_and_comes_back_from_it() {
        let texts: BTreeSet<_> = EventType::all().iter().map(EventType::as_str).collect();
        assert_eq!((texts.len(), EventType::all().len()), (46, 46));
        for event_type in EventType::all() {
            assert_eq!(&EventType::from(event_type.as_str()), event_type);
        }
    }

    #[test]
    fn the_data_of_every_type_is_read_by_that_type() {
        let data = r#"{
            "id": "x", "user_id": "user_1", "organization": {"id": "org_1"},
            "public_user_data": {"user_id": "user_1"}
        }"#;
        for event_type in EventType::all() {
            let read = EventData::from_text(event_type, data).unwrap();
            assert_eq!(read.event_type(), event_type);
            assert_eq!(read.object().map(|object| object.id()), Some("x"));
        }
    }

    #[test]
    fn an_event_on_the_stack_is_small() {
        assert!(size_of::<EventData>() <= 56, "{}", size_of::<EventData>());
    }
}
