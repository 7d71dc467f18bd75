//! Runs the handler once for each message, however often it is delivered: [`IdempotencyLayer`], between
//! verification and handler. The handler may run again after a crash, a lost lease or a completion that was not
//! recorded: see [How each case ends](#how-each-case-ends) and [What it cannot do](#what-it-cannot-do).
//!
//! Feature `idempotency`. Svix delivers at least once. The same message id arrives again after a retry, a manual
//! resend or a broken connection, and from two endpoints while a secret is rotated. It can arrive while its
//! first delivery is still being handled. The layer claims the id in a store, runs the handler, and records how
//! it ended:
//!
//! ```text
//!   verified ──► claim the id ──► run the handler, extending the lease ──► complete ──► its answer
//!                  │                 │                                        │
//!   200 or 422: completed before   its own answer: released, can run again  500: not recorded,
//!   in progress: waits for it      500: panicked, or exceeded the longest run    may run twice
//!   503: store down, or
//!        too many running
//! ```
//!
//! # How each case ends
//!
//! | case | what happens | the sender gets |
//! |---|---|---|
//! | first delivery, handler answers 2xx | completed for the retention, as soon as the handler returns the response's head | its answer |
//! | handler answers [permanent](crate::WebhookError::permanent) (any response with `webhook-delivery: abort-message` that is not 2xx) | completed as [permanently failed](Outcome::PermanentlyFailed) | its answer |
//! | handler answers anything else, or the inner service returns an error | released | its answer |
//! | handler panics | released; the panic's message is logged; a `CatchPanic` outside does not see the panic | 500 |
//! | handler exceeds the longest run, including its wait for the inner service | aborted, released, logged as an error; a handler that blocks its thread cannot be aborted, and its message is released one lease later | 500 |
//! | the message succeeded before | handler does not run | 200 |
//! | the message failed permanently before | handler does not run | 422, `webhook-delivery: abort-message` |
//! | another delivery of it is being handled | waits for that delivery, [10 s unless set](IdempotencyLayer::with_duplicate_wait) | |
//! | - and it succeeds | handler does not run | 200 |
//! | - and it fails permanently | handler does not run | 422, `webhook-delivery: abort-message` |
//! | - and it fails temporarily | one of the waiting deliveries runs the handler, the others continue to wait | the handler's answer |
//! | - and it does not end in time, or [too many](IdempotencyLayer::with_max_waiting) wait already | not acknowledged, since the other delivery may fail | 409, `Retry-After: 5` |
//! | the sender disconnects | the handler runs to its end and its completion is recorded; a warning says how long it ran | 200 on the retry |
//! | the process is killed | the message stays claimed until its lease ends | 409 on retries until then, afterwards the handler's answer |
//! | the store does not answer a claim | handler does not run; the claim is released in the background, until the store confirms it or the lease ends | 503 |
//! | the store answers a claim after its lease has ended | handler does not run, released | 503 |
//! | the store does not record the completion, tried four times within the store timeout | logged: the message may run again | 500 |
//! | the lease was lost while the handler ran, or before its completion was recorded | [counted](Counts::lost_leases) and logged; a second run may have started | its answer |
//! | [too many](IdempotencyLayer::with_max_running) deliveries run or wait already | message not claimed, handler does not run | 503, `Retry-After: 5` |
//! | [draining](DrainHandle) | handler does not run, duplicates stop waiting | 503 |
//! | no verified delivery: the layer is outside `ClerkWebhookLayer`, or there is no `ClerkWebhookLayer` | handler does not run, the right order is logged | 500 |
//!
//! If a handler takes longer than the duplicate wait, Clerk's dashboard still shows 409s. Do work of more than a
//! few seconds after the answer: feature `queue`.
//!
//! The inner service is polled for readiness after the claim, so that a duplicate is answered at once even when
//! the inner service is busy.
//!
//! These 409, 422, 500 and 503 are [`Rejection`](crate::Rejection)s. Each is also in the response's extensions.
//!
//! # Where it belongs among other middleware
//!
//! A handler continues when its sender disconnects, and when a `TimeoutLayer` *outside* answers for it. So put
//! limits on handlers *inside* this layer: tower's `GlobalConcurrencyLimitLayer` limits how many run at the same
//! time, tower-http's `TimeoutLayer` how long each runs. The order from the outside in: limits on requests,
//! `ClerkWebhookLayer`, `IdempotencyLayer`, limits on handlers, the handler.
//!
//! A delivery that waits inside for a permit keeps its body and its claim.
//! [`with_max_running`](IdempotencyLayer::with_max_running) bounds the number of these deliveries.
//!
//! ```
//! use std::time::Duration;
//!
//! use axum::{Router, http::StatusCode, routing::post};
//! use clerk_webhooks::{
//!     ClerkWebhookLayer, VerifiedClerkEvent,
//!     idempotency::{IdempotencyLayer, MemoryStore},
//! };
//! use tower::{ServiceBuilder, limit::GlobalConcurrencyLimitLayer};
//! use tower_http::timeout::TimeoutLayer;
//!
//! # async fn on_event(_: VerifiedClerkEvent) {}
//! fn app(clerk: ClerkWebhookLayer) -> Router {
//!     let stack = ServiceBuilder::new()
//!         .layer(GlobalConcurrencyLimitLayer::new(64)) // requests, with their bodies
//!         .layer(clerk)
//!         .layer(IdempotencyLayer::new(MemoryStore::new(), "users"))
//!         .layer(GlobalConcurrencyLimitLayer::new(16)) // handlers
//!         .layer(TimeoutLayer::with_status_code(
//!             StatusCode::SERVICE_UNAVAILABLE,
//!             Duration::from_secs(10),
//!         ));
//!     Router::new().route("/webhooks/clerk", post(on_event).route_layer(stack))
//! }
//! ```
//!
//! # What it cannot do
//!
//! If the process crashes after the handler's effect and before its completion is recorded, the handler runs
//! again. *Exactly once* needs the effect and the record in one transaction:
//!
//! - If all effects are in one SQL database, use the transactional inbox of `clerk-webhooks-sqlx` instead of this
//!   layer.
//! - Otherwise make the effect itself idempotent. For example, use the message id as the idempotency key of a
//!   payment.
//!
//! # Which store
//!
//! - One process, where a message may run again after a restart: [`MemoryStore`].
//! - One host: SQLite (`clerk-webhooks-sqlx`).
//! - Several hosts: Postgres (`clerk-webhooks-sqlx`) or Redis (`clerk-webhooks-redis`).
//! - Anything else: [your own](IdempotencyStore).
//!
//! # A manual resend
//!
//! "Resend" on the dashboard sends the same message id, and cancels the remaining retries of the message. If the
//! message was completed within the retention, it is answered 200 or 422 and the handler does not run. To run it
//! again, [forget](IdempotencyStore::forget) it first:
//!
//! ```
//! use clerk_webhooks::idempotency::{IdempotencyStore, MemoryStore, MessageKey};
//!
//! # async fn example(store: MemoryStore) -> Result<(), clerk_webhooks::idempotency::StoreFull> {
//! let was_completed = store.forget(&MessageKey::new("users", "msg_2b1k")).await?;
//! # Ok(())
//! # }
//! ```

mod claim;
mod counts;
mod delivery;
mod drain;
mod endpoint;
mod future;
mod layer;
mod lease;
mod log;
mod memory;
mod panic_message;
mod release;
mod run;
mod running;
mod service;
mod store;
mod waiters;

pub use self::{
    counts::Counts,
    drain::DrainHandle,
    future::ResponseFuture,
    layer::IdempotencyLayer,
    memory::{MemoryStore, StoreFull},
    service::Idempotency,
    store::{Claim, ClaimToken, IdempotencyStore, MessageKey, Outcome},
};
