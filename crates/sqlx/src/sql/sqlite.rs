//! For SQLite 3.42 or newer: `strict` tables, `returning`, and a clock with a part of the second.
//!
//! An older one, without that clock, refuses every claim and every note: "NOT NULL constraint failed".
//!
//! Times of the store and the inbox are seconds since 1970 with their fraction, by the clock of the machine.

/// How the tables are made: the first makes them, each further one is a change to them.
///
/// Each is a batch of statements without parameters. [`migrate`](crate::migrate()) runs them once each and in
/// this order. In a migration tool of your own, run each in a transaction.
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

/// The table of claims, `clerk_idempotency`, behind `SqliteStore`.
///
/// A row is a claim in progress while it has a `token`, and a completed message when it has an `outcome`,
/// `succeeded` or `permanently_failed`; in both cases until `expires_at`.
pub mod store {
    /// Takes a message, unless it is taken or done.
    ///
    /// - `?1` text: scope; `?2` text: message id
    /// - `?3` text: a new random token
    /// - `?4` integer: the lease in milliseconds
    ///
    /// Always returns one row of one column, the token that holds the message now: yours, then you have
    /// claimed it; another's, then it is in progress. Or the outcome, `succeeded` or `permanently_failed`: then
    /// it is completed. It may be repeated with the same token.
    ///
    /// Step until it is done, not only to the row: the commit comes after the row, and when it fails there
    /// is no claim. rusqlite's `query_row` and diesel's `get_result` stop at the row, and lose that
    /// error; `query_map` and `load` read on.
    ///
    /// The clock is read once a statement (SQLite's documentation), after the write lock was taken.
    pub const CLAIM: &str = "insert into clerk_idempotency as held (scope, id, token, expires_at)
values (?1, ?2, ?3, unixepoch('subsec') + ?4 / 1000.0)
on conflict (scope, id) do update set
    token = iif(held.expires_at <= unixepoch('subsec'), excluded.token, held.token),
    outcome = iif(held.expires_at <= unixepoch('subsec'), null, held.outcome),
    expires_at = iif(held.expires_at <= unixepoch('subsec'), excluded.expires_at, held.expires_at)
returning coalesce(token, outcome) as state";

    /// Makes a claim last for another lease from now.
    ///
    /// - `?1` text: scope; `?2` text: message id
    /// - `?3` text: the claim's token
    /// - `?4` integer: the lease in milliseconds
    ///
    /// One row affected: extended. None: the token does not hold the message any more.
    pub const EXTEND: &str = "update clerk_idempotency
set expires_at = unixepoch('subsec') + ?4 / 1000.0
where scope = ?1 and id = ?2 and token = ?3 and expires_at > unixepoch('subsec')";

    /// Records how a message's work ended, whoever holds it.
    ///
    /// - `?1` text: scope; `?2` text: message id
    /// - `?3` text: `succeeded` or `permanently_failed`
    /// - `?4` integer: how long to keep that, in milliseconds
    ///
    /// One row affected.
    pub const COMPLETE: &str = "insert into clerk_idempotency (scope, id, outcome, expires_at)
values (?1, ?2, ?3, unixepoch('subsec') + ?4 / 1000.0)
on conflict (scope, id) do update
    set token = null, outcome = excluded.outcome, expires_at = excluded.expires_at";

    /// Gives a claim back.
    ///
    /// - `?1` text: scope; `?2` text: message id
    /// - `?3` text: the claim's token
    ///
    /// One row affected: released. None: the token did not hold the message.
    pub const RELEASE: &str =
        "delete from clerk_idempotency where scope = ?1 and id = ?2 and token = ?3";

    /// Forgets that a message was completed; a claim in progress stays.
    ///
    /// - `?1` text: scope; `?2` text: message id
    ///
    /// One row affected: forgotten. None: it was not completed.
    pub const FORGET: &str =
        "delete from clerk_idempotency where scope = ?1 and id = ?2 and token is null";

    /// Removes what has expired, the oldest first.
    ///
    /// - `?1` integer: how many rows at most
    ///
    /// As many rows affected as were removed; fewer than `?1`: no more are to be had now.
    pub const PURGE: &str = "delete from clerk_idempotency where (scope, id) in (
    select scope, id from clerk_idempotency
    where expires_at <= unixepoch('subsec')
    order by expires_at
    limit ?1
)";
}

/// The inbox's table, `clerk_inbox`. A row says: the effects of this message are committed.
pub mod inbox {
    /// Notes the message in the transaction that does its work.
    ///
    /// - `?1` text: scope; `?2` text: message id
    ///
    /// One row affected: the first time. None: another transaction has committed its effects.
    ///
    /// Begin the transaction with `begin immediate`: see the module [`inbox`](crate#the-inbox).
    pub const FIRST_TIME: &str =
        "insert into clerk_inbox (scope, id) values (?1, ?2) on conflict do nothing";

    /// Forgets a message, so that a manual resend does its work again.
    ///
    /// - `?1` text: scope; `?2` text: message id
    ///
    /// One row affected: forgotten. None: it was not there.
    pub const FORGET: &str = "delete from clerk_inbox where scope = ?1 and id = ?2";

    /// Removes what was received long ago, the oldest first.
    ///
    /// - `?1` integer: how long ago at least, in milliseconds
    /// - `?2` integer: how many rows at most
    ///
    /// As many rows affected as were removed; fewer than `?2`: no more are to be had now.
    pub const PURGE: &str = "delete from clerk_inbox where (scope, id) in (
    select scope, id from clerk_inbox
    where received_at <= unixepoch('subsec') - ?1 / 1000.0
    order by received_at
    limit ?2
)";
}

// A row that only loses its body leaves its page to itself: nothing is ever added between rowids. One that
// moves to the end lets SQLite join the pages.
queue_statements! {
    now: "cast(unixepoch('subsec') * 1000 as integer)",
    random: "((random() & 1073741823) / 1073741824.0)",
    skip_locked: "",
    texts: "select value from json_each($3)",
    move_done: ",
    rowid = case when $1 = 'done' then (select max(rowid) + 1 from clerk_queue) else rowid end",
}
