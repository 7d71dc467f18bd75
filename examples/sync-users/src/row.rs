//! Turns an event into a row.

use std::time::UNIX_EPOCH;

use clerk_webhooks::{
    EventData, VerifiedClerkEvent,
    event::{Organization, OrganizationMembership, Timestamp, User},
};

use crate::{MEMBERSHIPS, ORGANIZATIONS, Outcome, Table, USERS};

/// What an event says about one object.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) table: &'static Table,
    pub(crate) id: &'a str,
    /// One for each of the table's own columns.
    pub(crate) values: Vec<Option<&'a str>>,
    pub(crate) updated_at: Option<i64>,
    pub(crate) deleted_at: Option<i64>,
    /// An organization, and the change of its number of members.
    pub(crate) members: Option<(&'a str, i64)>,
}

impl<'a> Row<'a> {
    /// The event's row, if there is a table for the event's type.
    pub(crate) fn from_event(event: &'a VerifiedClerkEvent) -> Option<Self> {
        let (table, id, values) = match &event.data {
            EventData::UserCreated(user) | EventData::UserUpdated(user) => {
                (&USERS, &user.id, user_values(user))
            }
            EventData::UserDeleted(user) => (&USERS, &user.id, erased(&USERS)),
            EventData::OrganizationCreated(organization)
            | EventData::OrganizationUpdated(organization) => (
                &ORGANIZATIONS,
                &organization.id,
                organization_values(organization),
            ),
            EventData::OrganizationDeleted(organization) => {
                (&ORGANIZATIONS, &organization.id, erased(&ORGANIZATIONS))
            }
            EventData::OrganizationMembershipCreated(membership)
            | EventData::OrganizationMembershipUpdated(membership)
            | EventData::OrganizationMembershipDeleted(membership) => {
                (&MEMBERSHIPS, &membership.id, membership_values(membership))
            }
            _ => return None,
        };
        Some(Self {
            table,
            id,
            values,
            updated_at: event.occurred_at().map(Timestamp::as_millis),
            deleted_at: is_deletion(&event.data).then(|| deleted_at(event)),
            members: members(&event.data),
        })
    }

    /// The outcome of writing this row. A tombstone is a deletion, whether or not its id was known.
    pub(crate) fn deleted_or(&self, otherwise: Outcome) -> Outcome {
        self.deleted_at.map_or(otherwise, |_| Outcome::Deleted)
    }
}

fn members(data: &EventData) -> Option<(&str, i64)> {
    match data {
        EventData::OrganizationMembershipCreated(membership) => {
            Some((&membership.organization.id, 1))
        }
        EventData::OrganizationMembershipDeleted(membership) => {
            Some((&membership.organization.id, -1))
        }
        _ => None,
    }
}

fn user_values(user: &User) -> Vec<Option<&str>> {
    let email = user.primary_email_address();
    vec![
        email.map(|email| email.email_address.as_str()),
        user.first_name.as_deref(),
        user.last_name.as_deref(),
    ]
}

fn organization_values(organization: &Organization) -> Vec<Option<&str>> {
    vec![organization.name.as_deref(), organization.slug.as_deref()]
}

/// The event of a deleted membership carries all of it.
fn membership_values(membership: &OrganizationMembership) -> Vec<Option<&str>> {
    let member = membership.public_user_data.as_ref();
    vec![
        Some(&membership.organization.id),
        member.map(|member| member.user_id.as_str()),
        membership.role.as_deref(),
    ]
}

/// A tombstone has no personal data, even if the row before it had some.
fn erased(table: &Table) -> Vec<Option<&'static str>> {
    vec![None; table.columns.len()]
}

fn is_deletion(data: &EventData) -> bool {
    matches!(
        data,
        EventData::UserDeleted(_)
            | EventData::OrganizationDeleted(_)
            | EventData::OrganizationMembershipDeleted(_)
    )
}

/// Events before July 2024 did not say when they happened. The time of the attempt is close to it.
fn deleted_at(event: &VerifiedClerkEvent) -> i64 {
    let occurred_at = event.timestamp.unwrap_or_else(|| attempted_at(event));
    occurred_at.as_millis()
}

fn attempted_at(event: &VerifiedClerkEvent) -> Timestamp {
    let since_1970 = event.attempted_at().duration_since(UNIX_EPOCH);
    let millis = since_1970.unwrap_or_default().as_millis();
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}
