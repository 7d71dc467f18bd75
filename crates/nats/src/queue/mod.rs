//! A durable queue: acknowledge a delivery at once, process it in the background.
//!
//! The [crate's documentation](crate) shows how it is set up.
//!
//! # What a worker guarantees
//!
//! **At least once**: if a worker is killed after an event's effect and before its end is recorded, the event runs
//! again. It may also run again when the *server* is killed around that moment. Make all effects idempotent; the message
//! id is the same in every attempt.
//!
//! **Events have no order**: they run at the same time, and a retry runs later. Compare `updated_at` before you
//! overwrite. The table at [`Worker`] says how each case ends.
//!
//! **Deduplication** lasts as long as the server's [duplicate window](crate::Streams::with_duplicate_window), and only
//! on one stream. Where that is too short, put an
//! [`IdempotencyLayer`](https://docs.rs/clerk-webhooks) with a store in Redis or Postgres in front of `Enqueue`: it
//! answers duplicates for as long as you keep its keys.
//!
//! # Operations
//!
//! [`Queue::counts`], [`count_dead`](Queue::count_dead), [`dead_letters`](Queue::dead_letters),
//! [`requeue_dead_letter`](Queue::requeue_dead_letter), [`drop_dead_letter`](Queue::drop_dead_letter).
//!
//! Logs go through `tracing`, target `clerk_webhooks`, with the fields `queue`, `message_id`, `event_type` and
//! `attempt`. Handlers run in a span with these fields. Failed attempts, events of crashed workers and a server that does
//! not answer are logged at `warn`, dead letters at `error`. The text of a handler's error is logged and stored: keep
//! payloads out of it.

mod dead_letter;
mod delivery;
mod failures;
mod leases;
mod operations;
mod outcome;
mod poll;
#[expect(
    clippy::module_inception,
    reason = "the room's main thing bears its name"
)]
mod queue;
mod run;
mod settings;
mod worker;

pub use self::{dead_letter::DeadLetter, operations::Counts, queue::Queue, worker::Worker};
