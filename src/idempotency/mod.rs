//! The same message never does its work twice: [`IdempotencyLayer`], between verification and handler.
//!
//! Feature `idempotency`. Svix delivers at least once: retries, manual resends, two endpoints during the
//! rotation of a secret, and connections that broke all bring the same message id again, also while its
//! first delivery is still being handled. The layer claims the id in a store, runs the handler, and records
//! how it ended:
//!
//! ```text
//!   verified ──► claim the id ──► run the handler, extending the lease ──► complete ──► its answer
//!                  │                 │                                        │
//!   200 or 422: completed before   its own answer: released, can run again  500: not recorded,
//!   in progress: waits for that    500: panicked, or the longest run is over     may run twice
//!   503: store down, or
//!        too many running
//! ```
//!
//! # How each case ends
//!
//! | case | what happens | the sender gets |
//! |---|---|---|
//! | first delivery, handler answers 2xx | completed for the retention, when the response's head is there | its answer |
//! | handler answers [permanent](crate::WebhookError::permanent) (any response with `webhook-delivery: abort-message`) | completed as [permanently failed](Outcome::PermanentlyFailed) | its answer |
//! | handler answers anything else, or the inner service errs | released | its answer |
//! | handler panics | released; its message is logged; a `CatchPanic` outside does not see the panic | 500 |
//! | handler exceeds the longest run, its wait for the inner service included | aborted, released, logged as an error; one that blocks its thread cannot be aborted, its message is released a lease later | 500 |
//! | the message succeeded before | handler does not run | 200 |
//! | the message failed permanently before | handler does not run | 422, `webhook-delivery: abort-message` |
//! | another delivery of it is being handled | waits for that one, [10 s unless set](IdempotencyLayer::with_duplicate_wait) | |
//! | - and it succeeds | handler does not run | 200 |
//! | - and it fails permanently | handler does not run | 422, `webhook-delivery: abort-message` |
//! | - and it fails for now | one of those that wait runs the handler, the others go on waiting | the handler's answer |
//! | - and it does not end in time, or [too many](IdempotencyLayer::with_max_waiting) wait already | not acknowledged, since the other may fail | 409, `Retry-After: 5` |
//! | the sender disconnects | handler and completion go on in their task; a warning tells how long it ran | the retry 200 |
//! | the process is killed | its lease runs out | the retries 409, then the handler's answer |
//! | the store does not answer a claim | handler does not run; the claim is released in the background, until the store says so or its lease is over | 503 |
//! | the store answers a claim when its lease is over already | handler does not run, released | 503 |
//! | the store does not take the completion, tried four times within its timeout | logged: may run twice | 500 |
//! | the lease was lost while the handler ran, or before its completion was recorded | [counted](Counts::lost_leases) and logged; a second run may have started | its answer |
//! | [too many](IdempotencyLayer::with_max_running) run or wait already | nothing claimed, handler does not run | 503, `Retry-After: 5` |
//! | [draining](DrainHandle) | handler does not run, duplicates stop waiting | 503 |
//! | no verified delivery: the layer is outside `ClerkWebhookLayer`, or alone | handler does not run, the right order is logged | 500 |
//!
//! A handler that takes longer than the wait still shows 409s on the dashboard. Work of more than a few
//! seconds belongs behind the answer: feature `queue`.
//!
//! The inner service is asked for its readiness after the claim, so that a duplicate is answered at once
//! however busy it is.
//!
//! These 409, 422, 500 and 503 are [`Rejection`](crate::Rejection)s, also in the response's extensions.
//!
//! # Where it stands among other middleware
//!
//! A handler goes on when its sender disconnects, and when a `TimeoutLayer` *outside* answers for it. So the
//! limits on handlers belong *inside*: tower's `GlobalConcurrencyLimitLayer` for how many run at once,
//! tower-http's `TimeoutLayer` for how long. From the outside in: the limits on requests, `ClerkWebhookLayer`,
//! `IdempotencyLayer`, the limits on handlers, the handler. Deliveries that wait for a permit inside keep body and
//! claim meanwhile; [`with_max_running`](IdempotencyLayer::with_max_running) bounds their number.
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
//! A handler whose process dies after its effect and before its completion runs again: *at least once*
//! becomes *once* only where effect and record are one transaction. Where the effects live in one SQL
//! database use the transactional inbox of `clerk-webhooks-sqlx` instead of this layer; elsewhere make the
//! effect itself idempotent, such as with the message id as the idempotency key of a payment.
//!
//! # Which store
//!
//! [`MemoryStore`] for one process whose restart may run a message again; SQLite
//! (`clerk-webhooks-sqlx`) for one host; Postgres (`clerk-webhooks-sqlx`) or Redis
//! (`clerk-webhooks-redis`) for several; or [your own](IdempotencyStore).
//!
//! # A manual resend
//!
//! "Resend" on the dashboard sends the same message id, and cancels the remaining retries of the message.
//! For a message that was completed within the retention the answer is 200 or 422 without the handler. To run
//! it again, [forget](IdempotencyStore::forget) it first:
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
