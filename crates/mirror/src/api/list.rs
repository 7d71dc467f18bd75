//! [`List`]: what a backfill reads.

use crate::{
    schema::{
        table::Table,
        tables::{
            INVITATIONS, ORGANIZATION_DOMAINS, ORGANIZATION_INVITATIONS, ORGANIZATION_MEMBERSHIPS,
            ORGANIZATIONS, PERMISSIONS, ROLES, SUBSCRIPTION_ITEMS, USERS, WAITLIST_ENTRIES,
        },
    },
    settings::Settings,
};

/// A list of the API, and the table of its objects.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) table: &'static Table,
    pub(crate) path: &'static [&'static str],
    pub(crate) query: &'static [(&'static str, &'static str)],
    /// Whether it can be read from behind an object: `starting_after`. All others are read by offset.
    pub(crate) has_cursor: bool,
}

/// The oldest objects first: new ones come at the end.
const OLDEST_FIRST: &[(&str, &str)] = &[("order_by", "+created_at")];

/// Every list. Payment attempts have none; sessions have one for each user only.
static LISTS: [List; 10] = [
    List {
        has_cursor: true,
        ..list(&USERS, &["users"])
    },
    list(&ORGANIZATIONS, &["organizations"]),
    list(&ORGANIZATION_MEMBERSHIPS, &["organization_memberships"]),
    list(&ORGANIZATION_INVITATIONS, &["organization_invitations"]),
    list(&ORGANIZATION_DOMAINS, &["organization_domains"]),
    list(&ROLES, &["organization_roles"]),
    list(&PERMISSIONS, &["organization_permissions"]),
    list(&INVITATIONS, &["invitations"]),
    list(&WAITLIST_ENTRIES, &["waitlist_entries"]),
    List {
        // Without it, the items of free plans are left out. This list has no order.
        query: &[("include_free", "true")],
        ..list(&SUBSCRIPTION_ITEMS, &["billing", "subscription_items"])
    },
];

/// The lists of the tables that a mirror keeps. A `Vec`, since an iterator with a closure in it cannot be held while
/// something is awaited.
pub(crate) fn lists_of(settings: &Settings) -> Vec<&'static List> {
    LISTS
        .iter()
        .filter(|list| settings.keeps(list.table))
        .collect()
}

const fn list(table: &'static Table, path: &'static [&'static str]) -> List {
    List {
        table,
        path,
        query: OLDEST_FIRST,
        has_cursor: false,
    }
}
