//! For SQLite 3.42 or newer: `strict` tables, `returning`, and a clock with fractions of a second.
//!
//! An older SQLite has no such clock. It refuses every claim and every record: "NOT NULL constraint failed".
//!
//! Times come from the machine's clock. It is read once for each statement (SQLite's documentation), after the write
//! lock was taken.

/// The migrations. The first makes the tables, each further one changes them.
///
/// Each is a batch of statements without parameters. [`migrate`](crate::migrate()) runs each once, in this order. In
/// your own migration tool, run each in a transaction.
pub const MIGRATIONS: &[&str] = &["create table if not exists clerk_idempotency (
    scope text not null,
    id text not null,
    token text,
    outcome text,
    expires_at integer not null,
    primary key (scope, id)
) strict, without rowid;
create index if not exists clerk_idempotency_expires_at on clerk_idempotency (expires_at);
create table if not exists clerk_inbox (
    scope text not null,
    id text not null,
    received_at integer not null,
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

// A row that only loses its body leaves free space in its page that no new row uses, since rowids only grow. Moving
// the row to the end lets SQLite merge the pages.
statements! {
    now: "cast(unixepoch('subsec') * 1000 as integer)",
    skip_locked: "",
    random: "((random() & 1073741823) / 1073741824.0)",
    texts: "select value from json_each($3)",
    move_done: ",
    rowid = case when $1 = 'done' then (select max(rowid) + 1 from clerk_queue) else rowid end",
}
