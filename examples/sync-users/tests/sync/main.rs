//! Rules, failures, and a long history, on SQLite and (ignored without a server) Postgres.

#[macro_use]
mod databases;
mod clerk;
mod delivery;
mod failures;
mod history;
mod once;
mod rules;
