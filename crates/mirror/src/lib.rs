//! Clerk's users, organizations, memberships, invitations and subscriptions in tables of your SQLite or Postgres
//! database, kept equal by Clerk's webhooks.
//!
//! ```no_run
//! # #[cfg(feature = "sqlite")] mod example {
//! use axum::{Router, routing::post_service};
//! use clerk_webhooks::ClerkWebhookLayer;
//! use clerk_webhooks_mirror::Mirror;
//! use sqlx::SqlitePool;
//!
//! async fn app(pool: SqlitePool) -> Result<Router, Box<dyn std::error::Error>> {
//!     let mirror = Mirror::new(pool).await?; // SQLite or Postgres; makes or updates its tables
//!     let clerk = ClerkWebhookLayer::from_env()?;
//!     let route = post_service(mirror.service()).route_layer(clerk);
//!     Ok(Router::new().route("/webhooks/clerk", route))
//! }
//! # }
//! ```
//!
//! # The tables
//!
//! On Postgres they are in the schema `clerk`, on SQLite their names begin with `clerk_`. A row has columns for what
//! people select and join on, and the whole object as JSON, without its `private_metadata`. Every table and column is
//! listed in [the guide](https://github.com/clerk-webhooks/clerk-webhooks/blob/main/docs/mirror.md).
//!
//! ```sql
//! select posts.title, users.first_name
//! from posts join clerk.users on users.id = posts.author_id -- SQLite: clerk_users
//! ```
//!
//! # What "equal" means
//!
//! Svix delivers at least once and in any order. The tables depend on the set of deliveries alone, not on their order:
//!
//! 1. A deletion is final for its id, also when it arrives before the creation.
//! 2. Otherwise the later `updated_at` wins; an object without one counts as updated when its event was created.
//! 3. On a tie the later event wins, by the envelope's `timestamp`; on a tie, by the message id.
//! 4. A page of Clerk's API ranks lowest among equals.
//! 5. Memberships, invitations and domains of a deleted organization are gone, and so are memberships and sessions of a
//!    deleted user.
//!
//! Tombstones of deleted objects are kept for 90 days.
//!
//! # Your own effects
//!
//! [`Mirror::apply`] applies an event in your transaction and returns the [`Change`]. An effect that depends on it
//! happens once for each real change.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `postgres` | no | the mirror in Postgres |
//! | `sqlite` | no | the mirror in SQLite; SQLite itself, compiled from C |
//! | `backfill` | no | Clerk's API, for those who existed before the first webhook |
//!
//! This crate uses sqlx 0.9 on tokio, without TLS. If your server requires TLS, enable a TLS feature of sqlx in your own
//! program, as for [`clerk-webhooks-sqlx`](https://github.com/clerk-webhooks/clerk-webhooks/tree/main/crates/sqlx).

#![cfg_attr(docsrs, feature(doc_cfg))]
// No input may cause a panic. Tests may panic, and examples may print.
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

#[cfg(feature = "backfill")]
pub mod api;
mod apply;
#[cfg(feature = "backfill")]
pub mod backfill;
mod engine;
mod error;
mod json;
mod migrate;
mod mirror;
mod object;
#[cfg(feature = "backfill")]
mod pages;
#[cfg(feature = "backfill")]
pub mod reconcile;
mod schema;
mod service;
mod settings;
mod version;

pub use self::{
    apply::change::Change,
    engine::Engine,
    error::MirrorError,
    mirror::Mirror,
    schema::table::Group,
    service::{MirrorFuture, MirrorService},
};

/// Compiles the code of the guide's page.
#[cfg(all(doctest, feature = "postgres"))]
#[doc = include_str!("../../../docs/mirror.md")]
struct Guide;

/// Compiles the README's code.
#[cfg(all(doctest, feature = "sqlite"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// Compiles the code of the guide's page.
#[cfg(all(doctest, feature = "backfill", feature = "sqlite"))]
#[doc = include_str!("../../../docs/mirror-backfill.md")]
struct BackfillGuide;
