//! The tables, in SQL that SQLite and Postgres share.
//!
//! Each write is an insert, then an update if nothing was inserted. Both engines run each of them without a race, and the
//! result says whether the row was created or updated.

/// A table, and the statements that update one of its rows.
///
/// Their parameters are the row's id, the values of the table's own columns, `updated_at`, `deleted_at`.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its own columns, between the `id` and the two times that every table has.
    pub columns: &'static [&'static str],
    /// All rows, as text.
    pub(crate) select: &'static str,
    /// Writes the row if its id is unknown.
    pub(crate) insert: &'static str,
    /// Overwrites the stored row, if that is not a tombstone and not newer. A deletion is newer than anything.
    pub(crate) update: &'static str,
}

/// All of them.
pub const TABLES: [&Table; 3] = [&USERS, &ORGANIZATIONS, &MEMBERSHIPS];

/// Times are Clerk's, in milliseconds since 1970.
pub(crate) const CREATE_TABLES: &str = "
create table if not exists users (
    id text not null primary key,
    email text,
    first_name text,
    last_name text,
    updated_at bigint,
    deleted_at bigint
);
create table if not exists organizations (
    id text not null primary key,
    name text,
    slug text,
    updated_at bigint,
    deleted_at bigint
);
create table if not exists memberships (
    id text not null primary key,
    organization_id text not null,
    user_id text not null,
    role text,
    updated_at bigint,
    deleted_at bigint
);
create table if not exists member_counts (
    organization_id text not null primary key,
    members bigint not null
);
";

/// How many members an organization has. Counting a message twice is wrong, so this needs the inbox.
pub(crate) const COUNT_MEMBERS: &str = "
insert into member_counts (organization_id, members) values ($1, $2)
on conflict (organization_id) do update set members = member_counts.members + excluded.members";

/// One row if anybody was ever counted.
pub(crate) const MEMBER_COUNT: &str =
    "select members from member_counts where organization_id = $1";

/// Clerk's users.
pub static USERS: Table = Table {
    name: "users",
    columns: &["email", "first_name", "last_name"],
    select: "
        select id, email, first_name, last_name, cast(updated_at as text), cast(deleted_at as text)
        from users order by id",
    insert: "
        insert into users (id, email, first_name, last_name, updated_at, deleted_at)
        values ($1, $2, $3, $4, $5, $6) on conflict (id) do nothing",
    update: "
        update users
        set email = $2, first_name = $3, last_name = $4, updated_at = $5, deleted_at = $6
        where id = $1 and deleted_at is null
            and ($6 is not null or updated_at is null or updated_at <= $5)",
};

/// Clerk's organizations.
pub static ORGANIZATIONS: Table = Table {
    name: "organizations",
    columns: &["name", "slug"],
    select: "
        select id, name, slug, cast(updated_at as text), cast(deleted_at as text)
        from organizations order by id",
    insert: "
        insert into organizations (id, name, slug, updated_at, deleted_at)
        values ($1, $2, $3, $4, $5) on conflict (id) do nothing",
    update: "
        update organizations
        set name = $2, slug = $3, updated_at = $4, deleted_at = $5
        where id = $1 and deleted_at is null
            and ($5 is not null or updated_at is null or updated_at <= $4)",
};

/// Who is a member of which organization, and with which role.
pub static MEMBERSHIPS: Table = Table {
    name: "memberships",
    columns: &["organization_id", "user_id", "role"],
    select: "
        select id, organization_id, user_id, role, cast(updated_at as text), cast(deleted_at as text)
        from memberships order by id",
    insert: "
        insert into memberships (id, organization_id, user_id, role, updated_at, deleted_at)
        values ($1, $2, $3, $4, $5, $6) on conflict (id) do nothing",
    update: "
        update memberships
        set organization_id = $2, user_id = $3, role = $4, updated_at = $5, deleted_at = $6
        where id = $1 and deleted_at is null
            and ($6 is not null or updated_at is null or updated_at <= $5)",
};
