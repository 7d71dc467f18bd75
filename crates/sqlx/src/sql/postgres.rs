//! For Postgres. Made for 9.5 or newer, tested on 15.
//!
//! Tables are found by the connection's `search_path`, and made in its first schema.

/// How the tables are made: the first makes them, each further one is a change to them.
///
/// Each is a batch of statements without parameters. [`migrate`](crate::migrate()) runs them once each and in
/// this order. In a migration tool of your own, run each in a transaction.
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

/// The table of claims, `clerk_idempotency`, behind `PostgresStore`.
///
/// A row is a claim in progress while it has a `token`, and a completed message when it has an `outcome`,
/// `succeeded` or `permanently_failed`; in both cases until `expires_at`.
pub mod store {
    /// Takes a message, unless it is taken or done.
    ///
    /// - `$1` text: scope; `$2` text: message id
    /// - `$3` text: a new random token
    /// - `$4` bigint: the lease in milliseconds
    ///
    /// Always returns one row of one column, the token that holds the message now: yours, then you have
    /// claimed it; another's, then it is in progress. Or the outcome, `succeeded` or `permanently_failed`: then
    /// it is completed. It may be repeated with the same token.
    ///
    /// What is returned was read under the row's lock, so that no other claim, and no expiry, comes in
    /// between.
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

    /// Makes a claim last for another lease from now.
    ///
    /// - `$1` text: scope; `$2` text: message id
    /// - `$3` text: the claim's token
    /// - `$4` bigint: the lease in milliseconds
    ///
    /// One row affected: extended. None: the token does not hold the message any more.
    pub const EXTEND: &str = "update clerk_idempotency
set expires_at = clock_timestamp() + $4::bigint * interval '1 millisecond'
where scope = $1 and id = $2 and token = $3 and expires_at > clock_timestamp()";

    /// Records how a message's work ended, whoever holds it.
    ///
    /// - `$1` text: scope; `$2` text: message id
    /// - `$3` text: `succeeded` or `permanently_failed`
    /// - `$4` bigint: how long to keep that, in milliseconds
    ///
    /// One row affected.
    pub const COMPLETE: &str = "insert into clerk_idempotency (scope, id, outcome, expires_at)
values ($1, $2, $3, clock_timestamp() + $4::bigint * interval '1 millisecond')
on conflict (scope, id) do update
    set token = null, outcome = excluded.outcome, expires_at = excluded.expires_at";

    /// Gives a claim back.
    ///
    /// - `$1` text: scope; `$2` text: message id
    /// - `$3` text: the claim's token
    ///
    /// One row affected: released. None: the token did not hold the message.
    pub const RELEASE: &str =
        "delete from clerk_idempotency where scope = $1 and id = $2 and token = $3";

    /// Forgets that a message was completed; a claim in progress stays.
    ///
    /// - `$1` text: scope; `$2` text: message id
    ///
    /// One row affected: forgotten. None: it was not completed.
    pub const FORGET: &str =
        "delete from clerk_idempotency where scope = $1 and id = $2 and token is null";

    /// Removes what has expired, the oldest first.
    ///
    /// - `$1` bigint: how many rows at most
    ///
    /// As many rows affected as were removed; fewer than `$1`: no more are to be had now. Rows that
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

/// The inbox's table, `clerk_inbox`. A row says: the effects of this message are committed.
pub mod inbox {
    /// Notes the message in the transaction that does its work.
    ///
    /// - `$1` text: scope; `$2` text: message id
    ///
    /// One row affected: the first time. None: another transaction has committed its effects.
    ///
    /// While another transaction that noted the same message is open, this waits for its end.
    pub const FIRST_TIME: &str =
        "insert into clerk_inbox (scope, id) values ($1, $2) on conflict do nothing";

    /// Forgets a message, so that a manual resend does its work again.
    ///
    /// - `$1` text: scope; `$2` text: message id
    ///
    /// One row affected: forgotten. None: it was not there.
    pub const FORGET: &str = "delete from clerk_inbox where scope = $1 and id = $2";

    /// Removes what was received long ago, the oldest first.
    ///
    /// - `$1` bigint: how long ago at least, in milliseconds
    /// - `$2` bigint: how many rows at most
    ///
    /// As many rows affected as were removed; fewer than `$2`: no more are to be had now.
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
