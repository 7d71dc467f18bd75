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
    expires_at bigint not null,
    primary key (scope, id)
);
create index if not exists clerk_idempotency_expires_at on clerk_idempotency (expires_at);
create table if not exists clerk_inbox (
    scope text collate "C" not null,
    id text collate "C" not null,
    received_at bigint not null,
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

statements! {
    now: "(extract(epoch from statement_timestamp()) * 1000)::bigint",
    skip_locked: " for update skip locked",
    random: "random()",
    texts: "select json_array_elements_text($3::json)",
    move_done: "",
}
