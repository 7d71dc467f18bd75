//! Reconcile: compares the tables with Clerk's API, and fixes them if you ask for it.
//!
//! Clerk stops to deliver when an endpoint fails for days, and a manual change of the tables is nobody's event. A
//! reconcile finds what is missing, stale or extra.
//!
//! ```no_run
//! # #[cfg(feature = "sqlite")]
//! # async fn example(
//! #     mirror: clerk_webhooks_mirror::Mirror<sqlx::Sqlite>,
//! #     api: clerk_webhooks_mirror::api::ClerkApi,
//! # ) -> Result<(), Box<dyn std::error::Error>> {
//! let report = mirror.reconcile(&api).await?; // writes nothing
//! if !report.is_equal() {
//!     println!("{report:?}");
//!     mirror.reconcile(&api).fix().await?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What is fixed
//!
//! | the table | `fix` |
//! |---|---|
//! | lacks an object, or has an older version | applies Clerk's object, as a backfill does |
//! | has a user, an organization, a membership, a domain or a subscription that Clerk's list has not | looks it up; if Clerk says that it does not exist, deletes it, as the event would |
//! | has another object that Clerk's list has not | nothing: Clerk has no look-up for it. It is reported as unconfirmed |
//!
//! A webhook that is on its way looks like a difference: a second run a minute later shows only those that stay.
//!
//! If not one object of Clerk's is in the tables, the key is probably that of another instance. Then nothing is deleted,
//! and all rows are reported as unconfirmed.
//!
//! Payment attempts and sessions have no list, and are not compared. The rows of `email_addresses`, `phone_numbers` and
//! `external_accounts` belong to their user, and are compared and fixed with it.

mod compare;
mod look_up;
mod report;
mod run;

pub use self::{
    report::{Difference, DifferenceKind, Report, TableReport},
    run::Reconcile,
};
