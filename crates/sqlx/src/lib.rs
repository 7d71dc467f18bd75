//! Clerk's webhooks once and durably, in SQLite or Postgres: a [`queue`], stores for the [`IdempotencyLayer`]
//! of [`clerk-webhooks`](clerk_webhooks), and a transactional [`inbox`].
//!
//! Svix, which delivers Clerk's webhooks, delivers at least once: retries, manual resends and broken
//! connections bring the same message again, also while its first delivery is being handled.
//!
//! # Which one
//!
//! | your handler's effects | take | what it gives |
//! |---|---|---|
//! | all in one SQLite or Postgres database | the [`inbox`], in the handler's own transaction | exactly once |
//! | more than a few seconds of work, or to be retried by your own schedule | the [`queue`] | at least once; exactly once for effects in its database, by [`complete`](queue::Complete::complete) |
//! | elsewhere too: e-mail, payments, other services | `IdempotencyLayer` on [`PostgresStore`] | once; twice when a process dies, or loses its lease, between the effect and the note |
//! | the same, one host, nothing to install | `IdempotencyLayer` on [`SqliteStore`] | the same |
//!
//! The inbox needs no layer: where it alone guards the work, a delivery after a crash need not wait until
//! a lease has run out. On Postgres both go together: the layer then refuses a duplicate early, and the
//! inbox has the last word.
//!
//! # A store under the layer
//!
//! ```no_run
//! use axum::{Router, routing::post};
//! use clerk_webhooks::{
//!     ClerkWebhookLayer, VerifiedClerkEvent, WebhookError, idempotency::IdempotencyLayer,
//! };
//! # #[cfg(feature = "sqlite")]
//! use clerk_webhooks_sqlx::{SqliteStore, migrate, open_sqlite};
//!
//! # #[cfg(feature = "sqlite")]
//! async fn app() -> Result<Router, Box<dyn std::error::Error>> {
//!     let pool = open_sqlite("webhooks.db").await?;
//!     migrate(&pool).await?;
//!     let store = SqliteStore::new(pool);
//!     let idempotency = IdempotencyLayer::new(store, "users");
//!     let clerk = ClerkWebhookLayer::from_env()?;
//!     // The later `route_layer` is the outer one: verify first.
//!     let endpoint = post(on_event).route_layer(idempotency).route_layer(clerk);
//!     Ok(Router::new().route("/webhooks/clerk", endpoint))
//! }
//!
//! async fn on_event(event: VerifiedClerkEvent) -> Result<(), WebhookError> {
//!     println!("once: {}", event.message_id());
//!     Ok(())
//! }
//! ```
//!
//! # The inbox
//!
//! ```no_run
//! # #[cfg(feature = "sqlite")] mod example {
//! use axum::{Router, extract::State, routing::post};
//! use clerk_webhooks::{ClerkWebhookLayer, EventData, VerifiedClerkEvent, WebhookError};
//! use clerk_webhooks_sqlx::{inbox, migrate, open_sqlite};
//! use sqlx::SqlitePool;
//!
//! async fn app() -> Result<Router, Box<dyn std::error::Error>> {
//!     let pool = open_sqlite("app.db").await?;
//!     migrate(&pool).await?; // makes the tables
//!     let endpoint = post(on_event).route_layer(ClerkWebhookLayer::from_env()?);
//!     Ok(Router::new().route("/webhooks/clerk", endpoint).with_state(pool))
//! }
//!
//! async fn on_event(
//!     State(pool): State<SqlitePool>,
//!     event: VerifiedClerkEvent,
//! ) -> Result<(), WebhookError> {
//!     let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?; // Postgres: pool.begin()
//!     if !inbox::first_time(&mut *tx, "users", event.message_id()).await? {
//!         return Ok(()); // a duplicate: its effects are committed
//!     }
//!     if let EventData::UserDeleted(user) = &event.data {
//!         let statement = "update users set deleted_at = unixepoch() where id = ?";
//!         sqlx::query(statement).bind(&user.id).execute(&mut *tx).await?;
//!     }
//!     Ok(tx.commit().await?)
//! }
//! # }
//! ```
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `postgres` | no | [`PostgresStore`], [`open_postgres`]; inbox and queue on Postgres |
//! | `sqlite` | no | [`SqliteStore`], [`open_sqlite`]; inbox and queue on SQLite; SQLite itself, compiled from C |
//! | `queue` | no | the [`queue`] and its worker, on the engines chosen |
//! | none | | [`sql`]: the statements as text, for tokio-postgres, diesel, `SeaORM` and rusqlite; no sqlx |
//!
//! sqlx is brought without its defaults, on tokio. Your program chooses TLS where the server asks for it:
//!
//! ```toml
//! clerk-webhooks-sqlx = { version = "0.1", features = ["postgres"] }
//! sqlx = { version = "0.9", default-features = false, features = ["tls-rustls"] }
//! ```
//!
//! Without a TLS feature it refuses a server that demands TLS. To link the system's SQLite, 3.42 or newer, instead of the bundled one, set
//! `LIBSQLITE3_SYS_USE_PKG_CONFIG=1` for the build.
//!
//! # What survives a power loss
//!
//! | database | setting | what is lost without it |
//! |---|---|---|
//! | SQLite | `synchronous=FULL`, which [`open_sqlite`] sets | the newest commits |
//! | Postgres | `synchronous_commit=on`, its default, which [`open_postgres`] makes sure of | the newest commits, also when the server alone crashes |
//! | Postgres, a replica takes over | `synchronous_standby_names`, and `synchronous_commit` at `on` or above | what the replica had not received |
//!
//! A lost commit of the **queue** is an event that was acknowledged: the sender does not retry it; use "Recover
//! failed messages" or resend. One of a **store** is a completed message that runs again. One of the **inbox**
//! takes the effects with it, and the acknowledgement stays: resend those too.
//!
//! All need a disk that keeps what it says it has written. `kill -9` of your processes loses no commit under any
//! of these settings, and `kill -9` of the server none with `synchronous_commit=on`.
//!
//! SQLite goes by the machine's clock: when that is set back, leases and pauses last longer by as much; set
//! forward, they end at once, and a running event may be taken over and run twice.
//!
//! # Versions that go together
//!
//! A program can link one `libsqlite3-sys` only (`links = "sqlite3"`). With feature `sqlite` these share
//! it:
//!
//! | crate | shares it with sqlx 0.9 | does not |
//! |---|---|---|
//! | sqlx | 0.9; 0.8 beside it | 0.7 |
//! | rusqlite | 0.32 to 0.39 | 0.31 and older, 0.40 to 0.43 |
//! | diesel with `sqlite` | 2.2.3 to 2.3 | 2.2.1 and older |
//! | `SeaORM` with `sqlx-sqlite` | 1.1, 2.0 | |
//!
//! Checked in November 2026 by letting cargo resolve a package with sqlx 0.9.0 and each minor version of the
//! other, whose newest libsqlite3-sys are 0.30.1 to 0.37.0. Feature `postgres`, and [`sql`] without any,
//! link no SQLite and go with every version (checked with rusqlite 0.43).
//!
//! [`IdempotencyLayer`]: clerk_webhooks::idempotency::IdempotencyLayer

#![cfg_attr(docsrs, feature(doc_cfg))]
// Nothing that arrives may panic. Tests may, and examples may print.
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

#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub mod inbox;
#[cfg(all(feature = "queue", any(feature = "postgres", feature = "sqlite")))]
pub mod queue;
pub mod sql;

#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod connect;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod engine;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod error;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod migrate;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod millis;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod open;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod purge;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod store;

#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use self::{engine::Engine, error::DatabaseError, migrate::migrate};
#[cfg(feature = "postgres")]
pub use self::{open::open_postgres, store::PostgresStore};
#[cfg(feature = "sqlite")]
pub use self::{open::open_sqlite, store::SqliteStore};

/// The README's code is compiled like any other.
#[cfg(all(doctest, feature = "sqlite"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// The guide's page on work after the answer.
#[cfg(all(doctest, feature = "queue", feature = "postgres"))]
#[doc = include_str!("../../../docs/later-work.md")]
struct LaterWork;
