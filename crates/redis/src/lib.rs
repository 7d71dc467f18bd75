//! Deduplicates [Clerk]'s webhooks in Redis: an [`IdempotencyStore`] for [`clerk_webhooks`], shared by
//! any number of servers.
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
//! One key a message, `clerk-webhooks:users:msg_2b1k` ([prefix](RedisStore::with_prefix), scope, message
//! id), which holds the token of the delivery that is being handled, or the outcome: `succeeded` or
//! `permanently_failed`. To see what became of a message:
//! `redis-cli get clerk-webhooks:users:msg_2b1k`.
//!
//! | operation | command |
//! |---|---|
//! | claim | `SET key token NX GET PX lease` |
//! | complete | `SET key outcome PX retention` |
//! | extend, release, forget | `EVAL`: compare the value, then `PEXPIRE` or `DEL` |
//!
//! Each is one round trip and atomic on the server, whose clock alone decides. Every key expires by
//! itself, a claim with its lease and a completed message with its retention: **there is nothing to
//! purge**, and no table to create. A key with its expiry takes about 180 bytes.
//!
//! # What the server must be
//!
//! - **Redis 7.0 or newer**, or Valkey: `NX` and `GET` go together only since then. An older server makes
//!   every claim fail with an error that says so.
//! - **`maxmemory-policy noeviction`** (the default). Any other lets the server throw keys away when its
//!   memory is full, the `volatile-` policies too, since all of ours expire: a message whose key was
//!   evicted runs again when it is delivered again, even while it is running. With `noeviction` a full
//!   server refuses claims instead, and the sender retries.
//! - **A primary.** A replica refuses writes; the error says so.
//!
//! # What survives
//!
//! | server's setting | process killed | machine loses power |
//! |---|---|---|
//! | `appendonly yes`, `appendfsync always` | all | all that was answered |
//! | `appendonly yes`, `appendfsync everysec` (its default) | all | all but the last second or two |
//! | no append-only file (the default) | what the last snapshot has | what the last snapshot has |
//!
//! A message whose key is lost may run a second time: if its claim is lost, also while the first run
//! is at it. Take the first row unless that is harmless. The price is a flush to the disk in every
//! command, which concurrent deliveries share.
//!
//! **A failover to a replica may lose claims**: Redis answers before its replicas have the write, so
//! what was claimed or completed in the last moments may be unknown to the new primary, and runs again.
//! `min-replicas-to-write` makes that rarer, not impossible. Where an effect must happen exactly once,
//! keep the record in the effect's own transaction: the inbox of `clerk-webhooks-sqlx`.
//!
//! # When Redis is down
//!
//! [`connect`](RedisStore::connect) fails after one attempt, within a second or so, with the reason. Later it
//! bounds every wait below the sender's 15 seconds; the layer then answers 503, the reason is logged, no handler
//! runs, and the sender retries. The connection is made anew by itself, and
//! one that broke while idle costs no delivery.
//!
//! # Versions
//!
//! The public API names types of the crate `redis` 1, re-exported as [`redis`]. A new major version of
//! it means a new breaking version of this crate, not of `clerk-webhooks`.
//!
//! [`IdempotencyStore`]: clerk_webhooks::idempotency::IdempotencyStore
//! [Clerk]: https://clerk.com/docs/webhooks/overview

#![cfg_attr(docsrs, feature(doc_cfg))]
// Nothing that arrives may panic. Tests may.
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

/// The README's code is compiled like any other.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
