//! Fault injection for the tests of this repository: a sender that behaves like Svix, engines on free ports, and
//! processes to kill. Unpublished.
//!
//! - [`sender`]: signs messages itself, sends over raw TCP with keep-alive, and retries by Svix' schedule (scaled down).
//!   It sends a request again when its connection broke, and delivers messages again that were already delivered. Its
//!   report says how every delivery ended. It also knows how many requests are in flight.
//! - [`engines`]: each test can start its own [`Postgres`](engines::Postgres), [`Redis`](engines::Redis) and
//!   [`Nats`](engines::Nats), as durable as in production. They can be killed and restarted on the same port and data.
//! - [`process`]: servers and workers as processes, killed with SIGKILL and restarted on the same port.
//! - [`effects`]: a user's table, whose rows are the effects of handlers.
//! - [`ledger`]: a record of what processes did, which survives SIGKILL.
//! - [`kills`]: when to kill.
//! - [`clerk_api`]: a stand-in for Clerk's Backend API, which fails as servers and proxies do.
//! - [`queue`]: one interface to the queues of all engines.
//! - [`model`]: random histories of Clerk's objects, and what the mirror's tables must hold after them.
//! - [`deliveries`]: generated deliveries, genuine and hostile, with the specification's verdict.
//!
//! The tests kill these programs: `idempotent-server` runs `IdempotencyLayer` on the store that its environment names.
//! `queue-server` runs `Enqueue` or a worker on the queue that its environment names. Each message has the
//! [`Job`](job::Job) for its handler.
//!
//! All randomness of the sender comes from one seed, [`seed_from_env`]. Print it.

pub mod clerk_api;
pub mod deliveries;
pub mod effects;
pub mod engines;
mod error;
pub mod job;
pub mod kills;
pub mod ledger;
pub mod model;
mod port;
pub mod process;
pub mod queue;
pub mod sender;
mod settings;

pub use self::{
    error::Error,
    port::Port,
    settings::{milliseconds_from_env, number_from_env, seed_from_env, text_from_env},
};

/// Compiles the code of the guide's page on frameworks: this package depends on all of them.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/frameworks.md")]
struct Frameworks;
