//! The same message never does its work twice: [`IdempotencyLayer`], between verification and handler.
//!
//! Feature `idempotency`. Svix delivers at least once: retries, manual resends, two endpoints during the
//! rotation of a secret, and connections that broke all bring the same message id again, also while its
//! first delivery is still being handled. The layer claims the id in a store, runs the handler, and notes
//! that it is done:
//!
//! ```text
//!   verified ──► claim the id ──► run the handler, extending the lease ──► complete ──► its answer
//!                  │                 │                                        │
//!                200: done before  its own answer: released, will run again  500: not recorded,
//!                409: in progress  500: panicked, or the longest run is over    may run twice
//!                503: store down, or
//!                     too many running
//! ```
//!
//! # How each case ends
//!
//! | case | what happens | the sender gets |
//! |---|---|---|
//! | first delivery, handler answers 2xx | completed for the retention, when the response's head is there | its answer |
//! | handler answers [permanent](crate::WebhookError::permanent) (any response with `webhook-delivery: abort-message`) | completed | its answer |
//! | handler answers anything else, or the inner service errs | released | its answer |
//! | handler panics | released; the panic goes no further, so that a `CatchPanic` outside does not see it | 500 |
//! | handler exceeds the longest run, its wait for the inner service included | aborted, released, logged as an error; one that blocks its thread cannot be aborted, its message is released a lease later | 500 |
//! | the message was completed before | handler not run | 200 |
//! | another delivery of it is being handled | handler not run; not acknowledged, since the other may fail | 409, `Retry-After: 5` |
//! | the sender disconnects | handler and completion go on in their task | the retry 200 |
//! | the process is killed | its lease runs out | the retries 409, then the handler's answer |
//! | the store does not answer a claim | handler not run; a claim that got through nevertheless ends with its lease | 503, then perhaps 409 |
//! | the store answers a claim when its lease is over already | handler not run, released | 503 |
//! | the store does not take the completion, tried four times within its timeout | logged: may run twice | 500 |
//! | the lease was lost while the handler ran, or before its completion was noted | [counted](Counts::lost_leases) and logged; a second run may have started | its answer |
//! | [too many](IdempotencyLayer::with_max_running) run or wait already | nothing claimed, handler not run | 503, `Retry-After: 5` |
//! | [draining](DrainHandle) | handler not run | 503 |
//! | no verified delivery: the layer is outside of `ClerkWebhookLayer`, or alone | handler not run, the right order logged | 500 |
//!
//! The inner service is asked for its readiness after the claim, so that a duplicate is answered at once
//! however busy it is.
//!
//! 409, 500 and 503 are [`Rejection`](crate::Rejection)s, also in the response's extensions.
//!
//! # Where it stands among other middleware
//!
//! A handler goes on when its sender disconnects, and when a `TimeoutLayer` *outside* answers for it. So what
//! is to bound handlers belongs *inside*: tower's `GlobalConcurrencyLimitLayer` for how many run at once,
//! tower-http's `TimeoutLayer` for how long. From the outside in: the limits on requests, `ClerkWebhookLayer`,
//! `IdempotencyLayer`, the limits on handlers, the handler. Deliveries that wait for a place inside keep body and
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
//! becomes *once* only where effect and note are one transaction. Where the effects live in one SQL
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
//! For a message that was completed within the retention the answer is 200 without the handler. To have it
//! run again, [forget](IdempotencyStore::forget) it first:
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
