//! Backfill: the objects that exist already, read from Clerk's API.
//!
//! Webhooks bring changes only: without a backfill, the tables lack everybody who existed before the first webhook.
//!
//! ```no_run
//! # #[cfg(feature = "sqlite")]
//! # async fn example(pool: sqlx::SqlitePool) -> Result<(), Box<dyn std::error::Error>> {
//! use clerk_webhooks_mirror::{Mirror, api::ClerkApi};
//!
//! let mirror = Mirror::new(pool).await?;
//! let api = ClerkApi::from_env()?; // CLERK_SECRET_KEY
//! mirror.backfill(&api).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # While webhooks arrive
//!
//! A backfill and the [service](crate::Mirror::service) may run at the same time. A page that is older than a row changes
//! nothing, and an object that was deleted meanwhile does not come back. Receive webhooks first, then backfill: what
//! changes while a page is on its way comes as a webhook.
//!
//! # After an interruption
//!
//! Each page is committed together with its place in the list. The next backfill goes on there, and a finished one
//! begins anew. Run one at a time: two do no harm, but overwrite each other's places.
//!
//! # Lists that change while they are read
//!
//! Objects that are deleted move the others to the front of a list read by offset, so that a page would skip some. Each
//! page therefore begins with the last ten objects of the one before. If none of them is there, the page before is read
//! again.
//!
//! # What is read
//!
//! The lists of the tables that the mirror keeps. A subscription is asked for by its payer, one request each. Payment
//! attempts and sessions have no list: they come by webhooks alone.

mod error;
mod progress;
mod run;

pub use self::{error::BackfillError, progress::Progress, run::Backfill};
