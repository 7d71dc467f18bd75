//! For Postgres. Made for 9.5 or newer, tested on 15.
//!
//! The connection's `search_path` finds the tables. They are made in its first schema.

/// The migrations. The first makes the tables, each further one changes them.
///
/// Each is a batch of statements without parameters. [`migrate`](crate::migrate()) runs each once, in this order. In
/// your own migration tool, run each in a transaction.
pub const MIGRATIONS: &[&str] = &[r#"create table if not exists clerk_idempotency (
    scope text collate "C" not null,
    id text collate "C" not null,
    token text,
    outcome text,
    expires_at timestamptz not null,
    primary key (scope, id)
);
create index if not exists clerk_idempotency_expires_at on clerk_idempotency (expires_at);
create table if not exists clerk_inbox (
    scope text collate "C" not null,
    id text collate "C" not null,
    received_at timestamptz not null default clock_timestamp(),
    primary key (scope, id)
);
create index if not exists clerk_inbox_received_at on clerk_inbox (received_at);
create table if not exists clerk_queue (
    queue text collate "C" not null,
    message_id text collate "C" not null,
    state text collate "C" not null check (state in ('waiting', 'running', 'done', 'dead')),
    at bigint not null,
    attempts bigint not null default 0,
    crashes bigint not null default 0,
    owner text,
    last_error text,
    body text,
    primary key (queue, message_id)
);
create index if not exists clerk_queue_state_at on clerk_queue (queue, state, at);"#];

/// The table of claims, `clerk_idempotency`, of `PostgresStore`.
///
/// A row with a `token` is a claim in progress. A row with an `outcome`, `succeeded` or `permanently_failed`, is a
/// completed message. Both are valid until `expires_at`.
pub mod store {
    /// Claims a message, unless it is claimed or completed.
    ///
    /// - `$1` text: scope; `$2` text: message id
    /// - `$3` text: a new random token
    /// - `$4` bigint: the lease in milliseconds
    ///
    /// Always returns one row with one column:
    ///
    /// - your token: you have claimed the message;
    /// - another token: the message is in progress;
    /// - `succeeded` or `permanently_failed`: the message is completed.
    ///
    /// You may repeat the statement with the same token.
    ///
    /// The result is read under the row's lock, so no other claim and no expiry can come in between.
    pub const CLAIM: &str = "insert into clerk_idempotency as held (scope, id, token, expires_at)
values ($1, $2, $3, clock_timestamp() + $4::bigint * interval '1 millisecond')
on conflict (scope, id) do update set (token, outcome, expires_at) = (
    select
        case when lease.is_over then excluded.token else held.token end,
        case when lease.is_over then null else held.outcome end,
        case when lease.is_over then excluded.expires_at else held.expires_at end
    from (select held.expires_at <= clock_timestamp() as is_over) as lease
)
returning coalesce(token, outcome) as state";

    /// Extends a claim: its new lease starts now.
    ///
    /// - `$1` text: scope; `$2` text: message id
    /// - `$3` text: the claim's token
    /// - `$4` bigint: the lease in milliseconds
    ///
    /// One row affected: extended. No row: the token no longer holds the message.
    pub const EXTEND: &str = "update clerk_idempotency
set expires_at = clock_timestamp() + $4::bigint * interval '1 millisecond'
where scope = $1 and id = $2 and token = $3 and expires_at > clock_timestamp()";

    /// Records how a message's work ended, whoever holds the claim.
    ///
    /// - `$1` text: scope; `$2` text: message id
    /// - `$3` text: `succeeded` or `permanently_failed`
    /// - `$4` bigint: how long to keep the outcome, in milliseconds
    ///
    /// One row affected.
    pub const COMPLETE: &str = "insert into clerk_idempotency (scope, id, outcome, expires_at)
values ($1, $2, $3, clock_timestamp() + $4::bigint * interval '1 millisecond')
on conflict (scope, id) do update
    set token = null, outcome = excluded.outcome, expires_at = excluded.expires_at";

    /// Releases a claim.
    ///
    /// - `$1` text: scope; `$2` text: message id
    /// - `$3` text: the claim's token
    ///
    /// One row affected: released. No row: the token did not hold the message.
    pub const RELEASE: &str =
        "delete from clerk_idempotency where scope = $1 and id = $2 and token = $3";

    /// Forgets that a message was completed. A claim in progress stays.
    ///
    /// - `$1` text: scope; `$2` text: message id
    ///
    /// One row affected: forgotten. No row: the message was not completed.
    pub const FORGET: &str =
        "delete from clerk_idempotency where scope = $1 and id = $2 and token is null";

    /// Removes expired rows, the oldest first.
    ///
    /// - `$1` bigint: how many rows at most
    ///
    /// The rows affected are the removed ones. Fewer than `$1` means that no other row can be removed now. Rows that
    /// another transaction has locked are skipped.
    pub const PURGE: &str = "with expired as (
    select scope, id from clerk_idempotency
    where expires_at <= statement_timestamp()
    order by expires_at
    limit $1::bigint
    for update skip locked
)
delete from clerk_idempotency as held using expired
where held.scope = expired.scope and held.id = expired.id";
}

/// The inbox's table, `clerk_inbox`. A row means that the effects of its message are committed.
pub mod inbox {
    /// Records the message in the transaction that does its work.
    ///
    /// - `$1` text: scope; `$2` text: message id
    ///
    /// One row affected: the first time. No row: another transaction has committed the message's effects.
    ///
    /// While another transaction that recorded the same message is open, this waits for its end.
    pub const FIRST_TIME: &str =
        "insert into clerk_inbox (scope, id) values ($1, $2) on conflict do nothing";

    /// Removes the record of a message, so that a manual resend does its work again.
    ///
    /// - `$1` text: scope; `$2` text: message id
    ///
    /// One row affected: removed. No row: the message was not recorded.
    pub const FORGET: &str = "delete from clerk_inbox where scope = $1 and id = $2";

    /// Removes the records of messages that were received long ago, the oldest first.
    ///
    /// - `$1` bigint: the minimum age in milliseconds
    /// - `$2` bigint: how many rows at most
    ///
    /// The rows affected are the removed ones. Fewer than `$2` means that no other row can be removed now.
    pub const PURGE: &str = "with old as (
    select scope, id from clerk_inbox
    where received_at <= statement_timestamp() - $1::bigint * interval '1 millisecond'
    order by received_at
    limit $2::bigint
    for update skip locked
)
delete from clerk_inbox as inbox using old
where inbox.scope = old.scope and inbox.id = old.id";
}

queue_statements! {
    now: "(extract(epoch from statement_timestamp()) * 1000)::bigint",
    random: "random()",
    skip_locked: " for update skip locked",
    texts: "select json_array_elements_text($3::json)",
    move_done: "",
}
