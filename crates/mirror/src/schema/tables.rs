//! The tables.

use super::table::{Column, Contained, Group, Parent, Part, Table};

/// Every table of objects. Those of parts are in their owners.
pub(crate) static TABLES: [&Table; 13] = [
    &USERS,
    &ORGANIZATIONS,
    &ORGANIZATION_MEMBERSHIPS,
    &ORGANIZATION_INVITATIONS,
    &ORGANIZATION_DOMAINS,
    &ROLES,
    &PERMISSIONS,
    &INVITATIONS,
    &WAITLIST_ENTRIES,
    &SUBSCRIPTIONS,
    &SUBSCRIPTION_ITEMS,
    &PAYMENT_ATTEMPTS,
    &SESSIONS,
];

/// A table without parents, parts and contained objects.
const PLAIN: Table = Table {
    name: "",
    group: Group::Users,
    event: None,
    columns: &[],
    parents: &[],
    parts: &[],
    contained: &[],
};

const CREATED_AT: Column = Column::timestamp("created_at");
const UPDATED_AT: Column = Column::timestamp("updated_at");
const NAME: Column = Column::text("name");
const STATUS: Column = Column::text("status");
const EMAIL_ADDRESS: Column = Column::key("email_address").indexed();
const IMAGE_URL: Column = Column::text("image_url");
const PUBLIC_METADATA: Column = Column::json("public_metadata");
const VERIFICATION_STATUS: Column = Column::text("verification_status").at("verification.status");
const ORGANIZATION_ID: Column = Column::key("organization_id").indexed();
const PAYING_USER: Column = Column::key("user_id").at("payer.user_id").indexed();
const PAYING_ORGANIZATION: Column = ORGANIZATION_ID.at("payer.organization_id");

const OF_USER: Parent = Parent {
    table: USERS.name,
    column: "user_id",
};
const OF_ORGANIZATION: Parent = Parent {
    table: ORGANIZATIONS.name,
    column: ORGANIZATION_ID.name,
};

pub(crate) static USERS: Table = Table {
    name: "users",
    group: Group::Users,
    event: Some("user"),
    columns: &[
        Column::key("external_id").indexed(),
        Column::key("username").indexed(),
        Column::text("first_name"),
        Column::text("last_name"),
        Column::key("primary_email_address_id"),
        Column::key("primary_email_address")
            .of_element(
                "email_addresses",
                "primary_email_address_id",
                "email_address",
            )
            .indexed(),
        Column::key("primary_phone_number_id"),
        Column::key("primary_phone_number")
            .of_element("phone_numbers", "primary_phone_number_id", "phone_number")
            .indexed(),
        Column::key("primary_web3_wallet_id"),
        IMAGE_URL,
        Column::boolean("has_image"),
        Column::text("locale"),
        PUBLIC_METADATA,
        Column::json("unsafe_metadata"),
        Column::boolean("password_enabled"),
        Column::boolean("two_factor_enabled"),
        Column::boolean("banned"),
        Column::boolean("locked"),
        Column::timestamp("last_sign_in_at"),
        Column::timestamp("last_active_at"),
        Column::timestamp("legal_accepted_at"),
        CREATED_AT,
        UPDATED_AT,
    ],
    parts: &[
        Part {
            name: "email_addresses",
            list: "email_addresses",
            owner: "user_id",
            columns: &[
                EMAIL_ADDRESS,
                VERIFICATION_STATUS,
                Column::boolean("reserved"),
                CREATED_AT,
                UPDATED_AT,
            ],
        },
        Part {
            name: "phone_numbers",
            list: "phone_numbers",
            owner: "user_id",
            columns: &[
                Column::key("phone_number").indexed(),
                VERIFICATION_STATUS,
                Column::boolean("reserved_for_second_factor"),
                Column::boolean("default_second_factor"),
                Column::boolean("reserved"),
                CREATED_AT,
                UPDATED_AT,
            ],
        },
        Part {
            name: "external_accounts",
            list: "external_accounts",
            owner: "user_id",
            columns: &[
                Column::text("provider"),
                Column::key("provider_user_id")
                    .at("provider_user_id|google_id")
                    .indexed(),
                EMAIL_ADDRESS,
                Column::text("username"),
                Column::text("first_name").at("first_name|given_name"),
                Column::text("last_name").at("last_name|family_name"),
                IMAGE_URL.at("image_url|avatar_url|picture"),
                Column::text("approved_scopes"),
                VERIFICATION_STATUS,
                PUBLIC_METADATA,
                CREATED_AT,
                UPDATED_AT,
            ],
        },
    ],
    ..PLAIN
};

pub(crate) static ORGANIZATIONS: Table = Table {
    name: "organizations",
    group: Group::Organizations,
    event: Some("organization"),
    columns: &[
        NAME,
        Column::key("slug").indexed(),
        IMAGE_URL,
        Column::boolean("has_image"),
        Column::integer("members_count"),
        Column::integer("pending_invitations_count"),
        Column::integer("max_allowed_memberships"),
        Column::boolean("admin_delete_enabled"),
        Column::key("created_by"),
        Column::text("role_set_key"),
        PUBLIC_METADATA,
        CREATED_AT,
        UPDATED_AT,
    ],
    ..PLAIN
};

pub(crate) static ORGANIZATION_MEMBERSHIPS: Table = Table {
    name: "organization_memberships",
    group: Group::Organizations,
    event: Some("organizationMembership"),
    columns: &[
        ORGANIZATION_ID.at("organization.id"),
        Column::key("user_id")
            .at("public_user_data.user_id")
            .indexed(),
        Column::text("role"),
        Column::text("role_name"),
        Column::json("permissions"),
        PUBLIC_METADATA,
        CREATED_AT,
        UPDATED_AT,
    ],
    parents: &[OF_ORGANIZATION, OF_USER],
    ..PLAIN
};

pub(crate) static ORGANIZATION_INVITATIONS: Table = Table {
    name: "organization_invitations",
    group: Group::Organizations,
    event: Some("organizationInvitation"),
    columns: &[
        ORGANIZATION_ID,
        EMAIL_ADDRESS,
        Column::text("role"),
        Column::text("role_name"),
        STATUS,
        Column::key("inviter_id"),
        Column::key("user_id"),
        Column::text("url"),
        Column::timestamp("expires_at").at("expires_at|expire_at"),
        PUBLIC_METADATA,
        CREATED_AT,
        UPDATED_AT,
    ],
    parents: &[OF_ORGANIZATION],
    ..PLAIN
};

pub(crate) static ORGANIZATION_DOMAINS: Table = Table {
    name: "organization_domains",
    group: Group::Organizations,
    event: Some("organizationDomain"),
    columns: &[
        ORGANIZATION_ID,
        Column::key("name").indexed(),
        Column::text("enrollment_mode"),
        Column::text("affiliation_email_address"),
        VERIFICATION_STATUS.at(
            "verification.status|affiliation_verification.status|ownership_verification.status",
        ),
        Column::integer("total_pending_invitations"),
        Column::integer("total_pending_suggestions"),
        CREATED_AT,
        UPDATED_AT,
    ],
    parents: &[OF_ORGANIZATION],
    ..PLAIN
};

pub(crate) static ROLES: Table = Table {
    name: "roles",
    group: Group::Roles,
    event: Some("role"),
    columns: &[
        NAME,
        Column::key("key").indexed(),
        Column::text("description"),
        Column::boolean("is_creator_eligible"),
        Column::json("permissions"),
        CREATED_AT,
        UPDATED_AT,
    ],
    ..PLAIN
};

pub(crate) static PERMISSIONS: Table = Table {
    name: "permissions",
    group: Group::Roles,
    event: Some("permission"),
    columns: &[
        NAME,
        Column::key("key").indexed(),
        Column::text("description"),
        Column::text("type"),
        CREATED_AT,
        UPDATED_AT,
    ],
    ..PLAIN
};

pub(crate) static INVITATIONS: Table = Table {
    name: "invitations",
    group: Group::Invitations,
    event: None,
    columns: &[
        EMAIL_ADDRESS,
        STATUS,
        Column::boolean("revoked"),
        Column::text("url"),
        Column::timestamp("expires_at").at("expires_at|expire_at"),
        PUBLIC_METADATA,
        CREATED_AT,
        UPDATED_AT,
    ],
    ..PLAIN
};

pub(crate) static WAITLIST_ENTRIES: Table = Table {
    name: "waitlist_entries",
    group: Group::Invitations,
    event: Some("waitlistEntry"),
    columns: &[
        EMAIL_ADDRESS,
        STATUS,
        Column::boolean("is_locked"),
        Column::key("invitation_id").at("invitation.id").indexed(),
        CREATED_AT,
        UPDATED_AT,
    ],
    contained: &[Contained {
        table: &INVITATIONS,
        field: "invitation",
        inherited: &[],
    }],
    ..PLAIN
};

/// A subscription's items do not say whose they are.
const OF_SUBSCRIPTION: &[(&str, &str)] = &[("subscription_id", "id"), ("payer", "payer")];

pub(crate) static SUBSCRIPTIONS: Table = Table {
    name: "subscriptions",
    group: Group::Billing,
    event: Some("subscription"),
    columns: &[
        STATUS,
        Column::key("payer_id").at("payer_id|payer.id").indexed(),
        PAYING_USER,
        PAYING_ORGANIZATION,
        Column::key("latest_payment_id"),
        Column::key("payment_source_id"),
        Column::timestamp("active_at"),
        Column::timestamp("canceled_at"),
        Column::timestamp("past_due_at"),
        Column::timestamp("ended_at"),
        CREATED_AT,
        UPDATED_AT,
    ],
    contained: &[
        Contained {
            table: &SUBSCRIPTION_ITEMS,
            field: "items",
            inherited: OF_SUBSCRIPTION,
        },
        // What the API calls the same.
        Contained {
            table: &SUBSCRIPTION_ITEMS,
            field: "subscription_items",
            inherited: OF_SUBSCRIPTION,
        },
    ],
    ..PLAIN
};

pub(crate) static SUBSCRIPTION_ITEMS: Table = Table {
    name: "subscription_items",
    group: Group::Billing,
    event: Some("subscriptionItem"),
    columns: &[
        Column::key("subscription_id").indexed(),
        STATUS,
        Column::key("plan_id").at("plan_id|plan.id").indexed(),
        Column::text("plan_slug").at("plan.slug"),
        Column::key("payer_id").at("payer_id|payer.id"),
        PAYING_USER,
        PAYING_ORGANIZATION,
        Column::text("interval").at("interval|plan_period"),
        Column::boolean("is_free_trial"),
        Column::integer("seats").at("seats.quantity"),
        Column::timestamp("period_start"),
        Column::timestamp("period_end"),
        CREATED_AT,
        UPDATED_AT,
    ],
    ..PLAIN
};

pub(crate) static PAYMENT_ATTEMPTS: Table = Table {
    name: "payment_attempts",
    group: Group::Billing,
    event: Some("paymentAttempt"),
    columns: &[
        Column::key("payment_id").indexed(),
        Column::key("statement_id"),
        STATUS,
        Column::text("charge_type"),
        PAYING_USER,
        PAYING_ORGANIZATION,
        Column::integer("amount").at("totals.grand_total.amount"),
        Column::text("currency").at("totals.grand_total.currency"),
        Column::timestamp("billing_date"),
        Column::timestamp("paid_at"),
        Column::timestamp("failed_at"),
        CREATED_AT,
        UPDATED_AT,
    ],
    ..PLAIN
};

pub(crate) static SESSIONS: Table = Table {
    name: "sessions",
    group: Group::Sessions,
    event: Some("session"),
    columns: &[
        Column::key("user_id").indexed(),
        Column::key("client_id"),
        STATUS,
        Column::key("last_active_organization_id"),
        Column::timestamp("last_active_at"),
        Column::timestamp("expire_at").at("expire_at|expires_at"),
        Column::timestamp("abandon_at"),
        CREATED_AT,
        UPDATED_AT,
    ],
    parents: &[OF_USER],
    ..PLAIN
};
