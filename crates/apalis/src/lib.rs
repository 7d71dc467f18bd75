//! Acknowledge Clerk's webhooks at once, process them in the background: a durable
//! [`EventQueue`](clerk_webhooks::queue::EventQueue) on SQLite or Postgres, and the worker that empties it,
//! on the tables and statements of [apalis] 1.0.
//!
//! ```no_run
//! # #[cfg(feature = "sqlite")]
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use clerk_webhooks::{
//!     ClerkEvent, ClerkWebhookLayer, WebhookError,
//!     queue::{Enqueue, EventContext, EventHandler},
//! };
//! use clerk_webhooks_apalis::SqliteQueue;
//! use tower::Layer as _;
//!
//! async fn on_event(event: ClerkEvent, context: EventContext<()>) -> Result<(), WebhookError> {
//!     println!("{}, attempt {}", event.event_type().as_str(), context.attempt());
//!     Ok(())
//! }
//!
//! let queue = SqliteQueue::open("queue.db", "clerk").await?;
//! tokio::spawn(queue.worker(EventHandler::new((), on_event)).run());
//! let service = ClerkWebhookLayer::from_env()?.layer(Enqueue::new(queue));
//! // With axum: Router::new().route("/webhooks/clerk", post_service(service))
//! # let _ = service;
//! # Ok(())
//! # }
//! ```
//!
//! | feature | engine | for |
//! |---|---|---|
//! | `sqlite` | `SqliteQueue`: a file of its own, nothing to install | one machine, any number of processes |
//! | `postgres` | `PostgresQueue`: the schema `apalis` of your database | many machines |
//!
//! Neither is on by default. To choose when the program starts, write one function that is generic over
//! [`Engine`].
//!
//! # What survives
//!
//! What was acknowledged survives `kill -9` of your processes and of the engine, whatever the settings.
//! Power is another matter:
//!
//! | engine | setting | a power loss |
//! |---|---|---|
//! | SQLite | `journal_mode=WAL`, `synchronous=FULL`: what this crate sets | loses nothing that was acknowledged |
//! | SQLite | on a disk that says "written" before it is | may lose the last events |
//! | Postgres | `synchronous_commit=on` and `fsync=on`: the server's defaults | loses nothing that was acknowledged |
//! | Postgres | `synchronous_commit=off` | loses up to 0.6 s of events, by the server's default `wal_writer_delay` |
//! | Postgres | `fsync=off` | may lose the database |
//! | Postgres | a standby that takes over, without `synchronous_standby_names` | loses what had not been copied |
//!
//! # What a worker promises
//!
//! **At least once**: a worker that is killed between an event's effect and its note runs it again. Make
//! the effect harmless to repeat, or exact with the transactional inbox of `clerk-webhooks-sqlx`. The
//! message id is the same in every run.
//!
//! Each start of a run counts as an attempt, and is counted by the engine, not in memory: an event that
//! kills its process is a dead letter after as many attempts as any other. A failure is followed by a
//! pause, by the [`RetryPolicy`](clerk_webhooks::queue::RetryPolicy); a crash is not. [`Worker`] has the
//! table.
//!
//! A run ends in one statement that names its worker: one whose lease was taken over, because it gave no
//! sign of life, can neither finish the event nor put it back.
//!
//! Events run side by side, and retries later: **there is no order**. Compare `updated_at` before you
//! overwrite.
//!
//! # Deduplication
//!
//! A queue's *name* is its scope. Two endpoints on Clerk's dashboard with different duties get the same
//! messages under the same ids: give them two names, or the second one's are swallowed. Ids are kept until
//! you [purge](Queue::purge), by default what was processed more than seven days ago; **a message whose id
//! was purged runs again** when it is delivered again. A dead letter's id is kept until it is dropped.
//!
//! # Operating it
//!
//! [`Queue::counts`], [`dead_letters`](Queue::dead_letters),
//! [`requeue_dead_letter`](Queue::requeue_dead_letter), [`drop_dead_letter`](Queue::drop_dead_letter),
//! [`purge`](Queue::purge). Call the last one regularly: nothing else deletes. Of what was processed the id
//! is kept, the body is not.
//!
//! What goes wrong is logged through `tracing`, target `clerk_webhooks`: a failed run and an engine that
//! does not answer at `warn`, a dead letter at `error`. The text of a handler's error is logged and
//! stored with the dead letter: keep payloads out of it.
//!
//! # Traps
//!
//! - **Give SQLite's queue a file of its own.** apalis numbers its tables' versions in `_sqlx_migrations`,
//!   where yours would collide. On Postgres its tables are in the schema `apalis`, but it needs the
//!   extensions `pgcrypto` and `hstore`, the latter on the search path; see [`PostgresQueue`].
//! - **Do not run apalis' own workers on these queues**, nor `SqliteStorage::setup`, which turns
//!   `synchronous` off, nor `vacuum` and `vacuum_before`, which on SQLite delete every finished row and with
//!   it its id. Other apalis queues in the same database are not touched.
//! - **Do not starve the heartbeat of connections.** Give a queue on Postgres a pool of its own, or one with
//!   more connections than the concurrency of its workers plus three: handlers that hold all of a shared pool
//!   let a living worker be taken for dead.
//! - A handler that blocks its thread keeps the worker from showing that it lives: see
//!   [`Worker::with_heartbeat`].
//! - One `libsqlite3-sys` a build: feature `sqlite` goes with sqlx 0.9, and with whatever rusqlite or diesel
//!   takes the same version of it.
//! - A `not_before` is compared with the clock of the engine, which for Postgres is the server's.
//!
//! # Why the loop is not apalis'
//!
//! The tables, leasing and the recovery from missed heartbeats are apalis'; the loop that calls them is not,
//! nor are the pushes: apalis' own does not say on SQLite whether the key was there, and on Postgres it makes
//! an error of each duplicate and a notification, for which commits wait in line, of each event. Its own
//! `Worker`, in 1.0, ends with the first error of the database and drops what runs; records how runs ended in
//! batches that such an error loses; shows no sign of life while it drains or while its batch waits, so that
//! others run the same event; and tries again without pauses. None of that can be switched off from outside.
//!
//! [apalis]: https://docs.rs/apalis

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    warn(
        clippy::dbg_macro,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::string_slice,
        clippy::todo,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

mod dead_letter;
mod engine;
mod error;
mod operations;
mod queue;
mod worker;

#[cfg(feature = "postgres")]
pub use self::engine::{Postgres, PostgresQueue};
#[cfg(feature = "sqlite")]
pub use self::engine::{Sqlite, SqliteQueue};
pub use self::{
    dead_letter::DeadLetter,
    engine::Engine,
    error::QueueError,
    operations::{Counts, KEPT},
    queue::Queue,
    worker::{Handler, Worker},
};

/// The README's code is compiled like any other.
#[cfg(all(doctest, feature = "sqlite"))]
#[doc = include_str!("../README.md")]
struct Readme;
