//! Which columns the model knows.

/// A table as the model sees it.
#[derive(Debug)]
pub struct Table {
    /// Without schema or prefix.
    pub name: &'static str,
    /// What the types of its events begin with.
    pub event: &'static str,
    /// Some of its columns.
    pub fields: &'static [Field],
    /// The columns of objects whose deletion takes its rows along, with the names of their tables.
    pub parents: &'static [(&'static str, &'static str)],
}

/// A column, and where its value is in the object.
#[derive(Debug)]
pub struct Field {
    /// The column.
    pub column: &'static str,
    /// As a JSON pointer.
    pub pointer: &'static str,
    /// Whether it is a time in milliseconds.
    pub is_time: bool,
}

const fn field(column: &'static str, pointer: &'static str) -> Field {
    Field {
        column,
        pointer,
        is_time: false,
    }
}

const fn time(column: &'static str, pointer: &'static str) -> Field {
    Field {
        column,
        pointer,
        is_time: true,
    }
}

/// The tables that a history fills, less those of users' addresses and accounts.
pub const TABLES: [Table; 9] = [
    Table {
        name: "users",
        event: "user",
        fields: &[
            field("first_name", "/first_name"),
            field("external_id", "/external_id"),
            // The history makes the first one the primary one.
            field("primary_email_address", "/email_addresses/0/email_address"),
            time("created_at", "/created_at"),
            time("updated_at", "/updated_at"),
        ],
        parents: &[],
    },
    Table {
        name: "organizations",
        event: "organization",
        fields: &[
            field("name", "/name"),
            field("slug", "/slug"),
            field("members_count", "/members_count"),
            time("updated_at", "/updated_at"),
        ],
        parents: &[],
    },
    Table {
        name: "organization_memberships",
        event: "organizationMembership",
        fields: &[
            field("organization_id", "/organization/id"),
            field("user_id", "/public_user_data/user_id"),
            field("role", "/role"),
            time("updated_at", "/updated_at"),
        ],
        parents: &[
            ("/organization/id", "organizations"),
            ("/public_user_data/user_id", "users"),
        ],
    },
    Table {
        name: "organization_invitations",
        event: "organizationInvitation",
        fields: &[
            field("organization_id", "/organization_id"),
            field("email_address", "/email_address"),
            field("status", "/status"),
        ],
        parents: &[("/organization_id", "organizations")],
    },
    Table {
        name: "organization_domains",
        event: "organizationDomain",
        fields: &[
            field("organization_id", "/organization_id"),
            field("name", "/name"),
            field("verification_status", "/verification/status"),
            field("total_pending_invitations", "/total_pending_invitations"),
        ],
        parents: &[("/organization_id", "organizations")],
    },
    Table {
        name: "roles",
        event: "role",
        fields: &[field("name", "/name"), field("key", "/key")],
        parents: &[],
    },
    Table {
        name: "subscriptions",
        event: "subscription",
        fields: &[
            field("status", "/status"),
            field("user_id", "/payer/user_id"),
        ],
        parents: &[],
    },
    Table {
        name: "subscription_items",
        event: "subscriptionItem",
        fields: &[
            field("subscription_id", "/subscription_id"),
            field("status", "/status"),
            field("user_id", "/payer/user_id"),
            field("plan_slug", "/plan/slug"),
            time("updated_at", "/updated_at"),
        ],
        parents: &[],
    },
    Table {
        name: "sessions",
        event: "session",
        fields: &[
            field("user_id", "/user_id"),
            field("status", "/status"),
            time("expire_at", "/expire_at"),
        ],
        parents: &[("/user_id", "users")],
    },
];
