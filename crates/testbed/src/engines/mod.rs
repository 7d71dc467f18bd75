//! Servers for one test, as durable as in production. They can be killed and restarted on the same port and data.
//!
//! When a server is dropped, it ends and its data folder is removed. A missing binary is an error that says what to
//! install.
//!
//! ```no_run
//! # async fn example() -> Result<(), clerk_webhooks_testbed::Error> {
//! use clerk_webhooks_testbed::engines::Postgres;
//!
//! let mut postgres = Postgres::start().await?;
//! println!("{}", postgres.url()); // postgres://postgres@127.0.0.1:14711/postgres
//! postgres.kill()?;
//! postgres.restart().await?;
//! # Ok(())
//! # }
//! ```

mod binary;
mod daemon;
mod nats;
mod owner;
mod postgres;
mod redis;

pub use self::{nats::Nats, postgres::Postgres, redis::Redis};
