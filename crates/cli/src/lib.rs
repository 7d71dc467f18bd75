//! The library of the command line `clerk-webhooks`.
//!
//! - [`capture`]: reads captured deliveries.
//! - [`doctor`]: says what is wrong with an endpoint.
//! - [`explain`]: says why a delivery is refused.
//! - [`send`]: sends deliveries as Svix does.
//! - [`run`]: the command line itself. Its commands are documented in [the guide].
//!
//! [the guide]: https://github.com/clerk-webhooks/clerk-webhooks/blob/main/docs/command-line.md

pub mod capture;
pub mod doctor;
pub mod explain;
pub mod send;

mod attempt;
mod chunks;
mod cli;
mod codes;
mod command;
mod confirm;
mod failure;
mod input;
mod listen;
mod output;
mod percent;
mod progress;
mod queue;
mod secret;

pub use self::{cli::run, secret::SecretText};
