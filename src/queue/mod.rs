//! Acknowledge first, work later: [`Enqueue`] stores a verified delivery in a durable [`EventQueue`] and
//! answers within milliseconds. A worker runs your handler in the background, with retries and dead letters.
//!
//! Feature `queue`. `clerk-webhooks-sqlx` has a queue on SQLite and Postgres, with its worker. To use another
//! engine, implement [`EventQueue`].
//!
//! ```text
//!   verified ──► Enqueue ──► EventQueue ── engine ──► worker ──► EventHandler ──► your async fn
//!                   │                                   ▲  │
//!                202: stored, or a duplicate            │  └─► failed: runs again after a pause (RetryPolicy)
//!                503: the engine is down                │      failed permanently or too often: dead-lettered
//!                                                       └───── process crashed: runs again; crashes are counted
//! ```
//!
//! # The server's side
//!
//! [`Enqueue`] is the innermost `tower::Service`: it calls no other. It does not decode the event. An event whose
//! type this version does not know, or that it cannot decode, is stored like any other. A duplicate is
//! acknowledged like the first delivery. Use it *instead of* an `IdempotencyLayer`, since the queue deduplicates
//! by message id.
//!
//! # The worker's side
//!
//! An engine's worker runs any [`Handler`]: a `tower::Service<QueuedEvent, Response = ()>` whose errors are
//! `Into<BoxError>`. [`EventHandler`] makes one from an async function.
//!
//! A [`WebhookError`](crate::WebhookError) anywhere in an error's source chain decides whether the event runs
//! again. Any other error means retry, such as the errors of tower's `Timeout`, `LoadShed` and `Buffer`.
//! [`RetryPolicy`] decides when.
//!
//! A queue runs an event *at least* once. If a worker is killed after the effect and before the end is recorded,
//! the event runs again. For effects in the queue's own database, `context.complete(&mut tx)` of
//! `clerk-webhooks-sqlx` makes them exactly once.

mod enqueue;
pub(crate) mod event;
mod handler;
mod log;
#[expect(
    clippy::module_inception,
    reason = "the room's main thing bears its name"
)]
mod queue;
mod retry;
mod service;

pub use self::{
    enqueue::{Enqueue, EnqueueFuture},
    event::QueuedEvent,
    handler::{EventContext, EventHandler, HandlerFuture},
    queue::{Enqueued, EventQueue},
    retry::{RetryDecision, RetryPolicy},
    service::Handler,
};
