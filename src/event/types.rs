//! The table of all events, and [`EventType`].

use super::value::open_enum::open_enum;

/// Calls a macro with the table of all events. Each line is `Variant = "type" => Object`; older
/// spellings of the type follow a `|`.
macro_rules! with_table_of_events {
    ($define:ident) => {
        $define! {
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
    };
}
pub(super) use with_table_of_events;

macro_rules! define_event_type {
    ($( $Variant:ident = $text:literal $(| $older:literal)* => $Object:ident, )+) => {
        open_enum! {
            /// The type of an event.
            ///
            /// [`all`](Self::all) lists the types that this version knows. To route a type that it may not
            /// know, match [`as_str`](Self::as_str). Such code still works when a later version knows the
            /// type.
            ///
            /// ```
            /// use clerk_webhooks::EventType;
            ///
            /// assert_eq!(EventType::from("user.created"), EventType::UserCreated);
            /// assert_eq!(EventType::UserCreated.to_string(), "user.created");
            /// assert_eq!(EventType::from("user.renamed").as_str(), "user.renamed");
            ///
            /// // The spelling until September 2025.
            /// let older = EventType::from("subscription.past_due");
            /// assert_eq!(older.as_str(), "subscription.pastDue");
            /// ```
            pub enum EventType {
                $( #[doc = concat!(
                    "carries [`", stringify!($Object), "`](crate::event::", stringify!($Object), ")"
                )]
                $Variant = $text $(| $older)*, )+
            }
        }
    };
}

with_table_of_events!(define_event_type);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_type_has_its_own_text_and_parses_from_it() {
        let texts: BTreeSet<_> = EventType::all().iter().map(EventType::as_str).collect();
        assert_eq!((texts.len(), EventType::all().len()), (46, 46));
        for event_type in EventType::all() {
            assert_eq!(&EventType::from(event_type.as_str()), event_type);
        }
    }
}
