//! What the tests of this repository need to see faults: a sender that behaves like Svix, engines
//! started on free ports, and processes to kill. Unpublished.
//!
//! - [`sender`]: signs by itself, sends over raw TCP with keep-alive, retries by Svix' schedule (scaled
//!   down), sends again what broke, and sends what has been delivered once more. It says what became of
//!   every delivery, and what is in flight at any moment.
//! - [`engines`]: [`Postgres`](engines::Postgres) and [`Redis`](engines::Redis) of a test's own, as
//!   durable as in production; killed and restarted on the same port and data.
//! - [`process`]: servers and workers as processes, killed with SIGKILL and restarted on the same port.
//! - [`ledger`]: what processes did, written down so that SIGKILL does not take it away.
//! - [`kills`]: when to kill.
//!
//! The programs are what is killed: `idempotent-server` is `IdempotencyLayer` on the store that its
//! environment names, `queue-server` is `Enqueue` or a worker on the queue that its environment names. Each
//! message carries the [`Job`](job::Job) for its handler.
//!
//! Everything random in the sender comes from one seed, [`seed_from_env`]; print it.

pub mod engines;
mod error;
pub mod job;
pub mod kills;
pub mod ledger;
mod port;
pub mod process;
pub mod sender;
mod settings;

pub use self::{
    error::Error,
    port::Port,
    settings::{milliseconds_from_env, number_from_env, seed_from_env, text_from_env},
};
