//! Deduplicates and queues Clerk's webhooks in SQLite or Postgres: a durable [`queue`], stores for the
//! [`IdempotencyLayer`] of [`clerk-webhooks`](clerk_webhooks), and a transactional [`inbox`].
//!
//! Svix delivers Clerk's webhooks at least once. The same message arrives again after a retry, a manual resend or
//! a broken connection. It can arrive while its first delivery is still being handled.
//!
//! # Which one
//!
//! | your handler's effects | use | what it guarantees |
//! |---|---|---|
//! | all in one SQLite or Postgres database | the [`inbox`], in the handler's own transaction | exactly once |
//! | more than a few seconds of work, or your own retry schedule | the [`queue`] | at least once; exactly once for effects in the queue's database, with [`complete`](queue::Complete::complete) |
//! | elsewhere too: e-mail, payments, other services | `IdempotencyLayer` on [`PostgresStore`] | once, except that the handler may run again if its process crashes or loses its lease before the completion is recorded |
//! | the same, one host, nothing to install | `IdempotencyLayer` on [`SqliteStore`] | the same |
//!
//! The inbox needs no layer. Without the layer, a redelivery after a crash runs at once; with it, the redelivery
//! waits until a lease ends. On Postgres you can use both: the layer then answers duplicates early, and the inbox
//! guarantees that the effects are committed once.
//!
//! # A store for the layer
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
//!     if !inbox::first_time(&mut tx, "users", event.message_id()).await? {
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
//! | no feature | | [`sql`]: the statements as text, for tokio-postgres, diesel, `SeaORM` and rusqlite; no sqlx |
//!
//! This crate uses sqlx on tokio, without sqlx's default features. If your server requires TLS, enable a TLS
//! feature in your own program:
//!
//! ```toml
//! clerk-webhooks-sqlx = { version = "0.1", features = ["postgres"] }
//! sqlx = { version = "0.9", default-features = false, features = ["tls-rustls"] }
//! ```
//!
//! Without a TLS feature, connecting to a server that requires TLS fails.
//!
//! To link the system's SQLite (3.42 or newer) instead of the bundled one, set `LIBSQLITE3_SYS_USE_PKG_CONFIG=1`
//! for the build.
//!
//! # What survives a power loss
//!
//! | database | setting | what is lost without it |
//! |---|---|---|
//! | SQLite | `synchronous=FULL`, which [`open_sqlite`] sets | the newest commits |
//! | Postgres | `synchronous_commit=on`: the default, which [`open_postgres`] enforces | the newest commits, also when only the server crashes |
//! | Postgres, failover to a replica | `synchronous_standby_names`, and `synchronous_commit` at `on` or stronger | the commits that the replica had not received |
//!
//! What a lost commit means:
//!
//! - **Queue**: an acknowledged event is lost. The sender does not retry it. Use "Recover failed messages", or
//!   resend it.
//! - **Store**: a completed message counts as new, and runs again if it is delivered again.
//! - **Inbox**: the record and the effects are lost together. The message was acknowledged, so the sender does not
//!   retry it. Resend it.
//!
//! All of these settings need a disk that does not lose what it reported as written. `kill -9` of your processes
//! loses no commit under any of these settings. `kill -9` of the Postgres server loses none with
//! `synchronous_commit=on`.
//!
//! SQLite uses the machine's clock. If the clock is set back, leases and pauses last longer by as much. If it is
//! set forward, they end early, and a running event may be taken over and run a second time.
//!
//! # Compatible versions
//!
//! A program can link only one `libsqlite3-sys` (`links = "sqlite3"`). With feature `sqlite`, these versions share
//! it:
//!
//! | crate | shares it with sqlx 0.9 | does not |
//! |---|---|---|
//! | sqlx | 0.9; 0.8 beside it | 0.7 |
//! | rusqlite | 0.32 to 0.39 | 0.31 and older, 0.40 to 0.43 |
//! | diesel with `sqlite` | 2.2.3 to 2.3 | 2.2.1 and older |
//! | `SeaORM` with `sqlx-sqlite` | 1.1, 2.0 | |
//!
//! Checked in November 2026: cargo resolved a package with sqlx 0.9.0 and each minor version of the other crate,
//! whose newest libsqlite3-sys are 0.30.1 to 0.37.0. Feature `postgres`, and [`sql`] without any feature, link no
//! SQLite and work with every version (checked with rusqlite 0.43).
//!
//! [`IdempotencyLayer`]: clerk_webhooks::idempotency::IdempotencyLayer

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
mod request;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod statements;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod store;

#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use self::{engine::Engine, error::DatabaseError, migrate::migrate, store::Store};
#[cfg(feature = "postgres")]
pub use self::{open::open_postgres, store::PostgresStore};
#[cfg(feature = "sqlite")]
pub use self::{open::open_sqlite, store::SqliteStore};

/// Compiles the README's code.
#[cfg(all(doctest, feature = "sqlite"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// Compiles the code of the guide's page on work after the answer.
#[cfg(all(doctest, feature = "queue", feature = "postgres"))]
#[doc = include_str!("../../../docs/later-work.md")]
struct LaterWork;
