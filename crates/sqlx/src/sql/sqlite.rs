//! For SQLite 3.42 or newer: `strict` tables, `returning`, and a clock with fractions of a second.
//!
//! An older SQLite has no such clock. It refuses every claim and every record: "NOT NULL constraint failed".
//!
//! The times of the store and the inbox are seconds since 1970 with a fraction, from the machine's clock.

/// The migrations. The first makes the tables, each further one changes them.
///
/// Each is a batch of statements without parameters. [`migrate`](crate::migrate()) runs each once, in this order. In
/// your own migration tool, run each in a transaction.
pub const MIGRATIONS: &[&str] = &["create table if not exists clerk_idempotency (
    scope text not null,
    id text not null,
    token text,
    outcome text,
    expires_at real not null,
    primary key (scope, id)
) strict, without rowid;
create index if not exists clerk_idempotency_expires_at on clerk_idempotency (expires_at);
create table if not exists clerk_inbox (
    scope text not null,
    id text not null,
    received_at real not null default (unixepoch('subsec')),
    primary key (scope, id)
) strict, without rowid;
create index if not exists clerk_inbox_received_at on clerk_inbox (received_at);
create table if not exists clerk_queue (
    queue text not null,
    message_id text not null,
    state text not null check (state in ('waiting', 'running', 'done', 'dead')),
    at integer not null,
    attempts integer not null default 0,
    crashes integer not null default 0,
    owner text,
    last_error text,
    body text,
    primary key (queue, message_id)
) strict;
create index if not exists clerk_queue_state_at on clerk_queue (queue, state, at);"];

/// The table of claims, `clerk_idempotency`, of `SqliteStore`.
///
/// A row with a `token` is a claim in progress. A row with an `outcome`, `succeeded` or `permanently_failed`, is a
/// completed message. Both are valid until `expires_at`.
pub mod store {
    /// Claims a message, unless it is claimed or completed.
    ///
    /// - `?1` text: scope; `?2` text: message id
    /// - `?3` text: a new random token
    /// - `?4` integer: the lease in milliseconds
    ///
    /// Always returns one row with one column:
    ///
    /// - your token: you have claimed the message;
    /// - another token: the message is in progress;
    /// - `succeeded` or `permanently_failed`: the message is completed.
    ///
    /// You may repeat the statement with the same token.
    ///
    /// Step the statement to its end, not only to the row. The commit comes after the row; if the commit fails, there
    /// is no claim. rusqlite's `query_row` and diesel's `get_result` stop at the row and lose that error. `query_map`
    /// and `load` read to the end.
    ///
    /// The clock is read once for each statement (SQLite's documentation), after the write lock was taken.
    pub const CLAIM: &str = "insert into clerk_idempotency as held (scope, id, token, expires_at)
values (?1, ?2, ?3, unixepoch('subsec') + ?4 / 1000.0)
on conflict (scope, id) do update set
    token = iif(held.expires_at <= unixepoch('subsec'), excluded.token, held.token),
    outcome = iif(held.expires_at <= unixepoch('subsec'), null, held.outcome),
    expires_at = iif(held.expires_at <= unixepoch('subsec'), excluded.expires_at, held.expires_at)
returning coalesce(token, outcome) as state";

    /// Extends a claim: its new lease starts now.
    ///
    /// - `?1` text: scope; `?2` text: message id
    /// - `?3` text: the claim's token
    /// - `?4` integer: the lease in milliseconds
    ///
    /// One row affected: extended. No row: the token no longer holds the message.
    pub const EXTEND: &str = "update clerk_idempotency
set expires_at = unixepoch('subsec') + ?4 / 1000.0
where scope = ?1 and id = ?2 and token = ?3 and expires_at > unixepoch('subsec')";

    /// Records how a message's work ended, whoever holds the claim.
    ///
    /// - `?1` text: scope; `?2` text: message id
    /// - `?3` text: `succeeded` or `permanently_failed`
    /// - `?4` integer: how long to keep the outcome, in milliseconds
    ///
    /// One row affected.
    pub const COMPLETE: &str = "insert into clerk_idempotency (scope, id, outcome, expires_at)
values (?1, ?2, ?3, unixepoch('subsec') + ?4 / 1000.0)
on conflict (scope, id) do update
    set token = null, outcome = excluded.outcome, expires_at = excluded.expires_at";

    /// Releases a claim.
    ///
    /// - `?1` text: scope; `?2` text: message id
    /// - `?3` text: the claim's token
    ///
    /// One row affected: released. No row: the token did not hold the message.
    pub const RELEASE: &str =
        "delete from clerk_idempotency where scope = ?1 and id = ?2 and token = ?3";

    /// Forgets that a message was completed. A claim in progress stays.
    ///
    /// - `?1` text: scope; `?2` text: message id
    ///
    /// One row affected: forgotten. No row: the message was not completed.
    pub const FORGET: &str =
        "delete from clerk_idempotency where scope = ?1 and id = ?2 and token is null";

    /// Removes expired rows, the oldest first.
    ///
    /// - `?1` integer: how many rows at most
    ///
    /// The rows affected are the removed ones. Fewer than `?1` means that no other row can be removed now.
    pub const PURGE: &str = "delete from clerk_idempotency where (scope, id) in (
    select scope, id from clerk_idempotency
    where expires_at <= unixepoch('subsec')
    order by expires_at
    limit ?1
)";
}

/// The inbox's table, `clerk_inbox`. A row means that the effects of its message are committed.
pub mod inbox {
    /// Records the message in the transaction that does its work.
    ///
    /// - `?1` text: scope; `?2` text: message id
    ///
    /// One row affected: the first time. No row: another transaction has committed the message's effects.
    ///
    /// Begin the transaction with `begin immediate`: see the module [`inbox`](crate#the-inbox).
    pub const FIRST_TIME: &str =
        "insert into clerk_inbox (scope, id) values (?1, ?2) on conflict do nothing";

    /// Removes the record of a message, so that a manual resend does its work again.
    ///
    /// - `?1` text: scope; `?2` text: message id
    ///
    /// One row affected: removed. No row: the message was not recorded.
    pub const FORGET: &str = "delete from clerk_inbox where scope = ?1 and id = ?2";

    /// Removes the records of messages that were received long ago, the oldest first.
    ///
    /// - `?1` integer: the minimum age in milliseconds
    /// - `?2` integer: how many rows at most
    ///
    /// The rows affected are the removed ones. Fewer than `?2` means that no other row can be removed now.
    pub const PURGE: &str = "delete from clerk_inbox where (scope, id) in (
    select scope, id from clerk_inbox
    where received_at <= unixepoch('subsec') - ?1 / 1000.0
    order by received_at
    limit ?2
)";
}

// A row that only loses its body leaves free space in its page that no new row uses, since rowids only grow. Moving
// the row to the end lets SQLite merge the pages.
queue_statements! {
    now: "cast(unixepoch('subsec') * 1000 as integer)",
    random: "((random() & 1073741823) / 1073741824.0)",
    skip_locked: "",
    texts: "select value from json_each($3)",
    move_done: ",
    rowid = case when $1 = 'done' then (select max(rowid) + 1 from clerk_queue) else rowid end",
}
