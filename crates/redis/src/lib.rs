//! Deduplicates [Clerk]'s webhooks in Redis: an [`IdempotencyStore`] for [`clerk_webhooks`] that any number of
//! servers can share.
//!
//! ```no_run
//! use axum::{Router, http::StatusCode, routing::post};
//! use clerk_webhooks::{ClerkWebhookLayer, VerifiedClerkEvent, idempotency::IdempotencyLayer};
//! use clerk_webhooks_redis::RedisStore;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = RedisStore::connect("redis://127.0.0.1:6379").await?;
//! let on_event = post(on_event)
//!     .route_layer(IdempotencyLayer::new(store, "users"))
//!     .route_layer(ClerkWebhookLayer::from_env()?); // put on later: outside, so it runs first
//! let app = Router::new().route("/webhooks/clerk", on_event);
//! # let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! # axum::serve(listener, app).await?;
//! # Ok(())
//! # }
//!
//! async fn on_event(event: VerifiedClerkEvent) -> StatusCode {
//!     println!("once: {}", event.message_id());
//!     StatusCode::NO_CONTENT
//! }
//! ```
//!
//! # What is in Redis
//!
//! One key per message, such as `clerk-webhooks:users:msg_2b1k` ([prefix](RedisStore::with_prefix), scope, message
//! id). Its value is the claim token of the delivery that is being handled, or the outcome: `succeeded` or
//! `permanently_failed`. To see the state of a message: `redis-cli get clerk-webhooks:users:msg_2b1k`.
//!
//! | operation | command |
//! |---|---|
//! | claim | `SET key token NX GET PX lease` |
//! | complete | `SET key outcome PX retention` |
//! | extend, release, forget | `EVAL`: compare the value, then `PEXPIRE` or `DEL` |
//!
//! Each operation is one round trip and atomic on the server. Only the server's clock decides. Every key expires by
//! itself: a claim with its lease, a completed message with its retention. **There is nothing to purge**, and no table
//! to create. A key with its expiry takes about 180 bytes.
//!
//! # What the server needs
//!
//! - **Redis 7.0 or newer**, or Valkey. Older servers do not support `SET` with `NX` and `GET` together: every claim
//!   fails with an error that says so.
//! - **`maxmemory-policy noeviction`** (the default). With any other policy the server evicts keys when its memory is
//!   full; the `volatile-` policies do so too, since all keys of the store expire. A message whose key was evicted runs
//!   again when it is delivered again, even while its first run continues. With `noeviction`, a full server refuses
//!   claims instead, and the sender retries.
//! - **A primary.** A replica refuses writes. The error says so.
//!
//! # What survives
//!
//! | server's setting | survives a kill of the server process | survives a power loss |
//! |---|---|---|
//! | `appendonly yes`, `appendfsync always` | everything | every answered command |
//! | `appendonly yes`, `appendfsync everysec` (its default) | everything | everything except the last second or two |
//! | no append-only file (the default) | the last snapshot | the last snapshot |
//!
//! A message whose key is lost may run a second time. If a claim is lost, the second run may start while the first one
//! continues. Use the first row unless a second run is harmless. It costs a flush to the disk for every command;
//! concurrent deliveries share flushes.
//!
//! **A failover to a replica can lose claims**: Redis answers before its replicas have the write. So the new primary may
//! not know the newest claims and completions, and those messages may run again. `min-replicas-to-write` makes this
//! rarer, but not impossible. If an effect must happen exactly once, keep the record in the effect's own transaction:
//! the inbox of `clerk-webhooks-sqlx`.
//!
//! # When Redis is down
//!
//! [`connect`](RedisStore::connect) fails after one attempt, within about a second, and the error has the cause. If
//! Redis goes down later, every wait is shorter than the sender's 15 seconds. The layer then answers 503, logs the
//! cause, runs no handler, and the sender retries. The store reconnects by itself. A connection that broke while it was
//! idle costs no delivery.
//!
//! # Versions
//!
//! The public API has types of the crate `redis` 1, re-exported as [`redis`]. A new major version of `redis` means a
//! new breaking version of this crate, not of `clerk-webhooks`.
//!
//! [`IdempotencyStore`]: clerk_webhooks::idempotency::IdempotencyStore
//! [Clerk]: https://clerk.com/docs/webhooks/overview

#![cfg_attr(docsrs, feature(doc_cfg))]
// No input may cause a panic. Tests may panic.
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

mod connect;
mod error;
mod key;
mod store;

pub use redis;

pub use self::{error::RedisStoreError, store::RedisStore};

/// Compiles the README's code.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
