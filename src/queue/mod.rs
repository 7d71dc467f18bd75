//! Acknowledge first, work later: [`Enqueue`] stores a verified delivery in a durable [`EventQueue`] and
//! answers within milliseconds; a worker runs your handler in the background, with retries and a dead
//! letter.
//!
//! Feature `queue`. We own no queue: engines do the storing and leasing. `clerk-webhooks-apalis`
//! has SQLite and Postgres; [`EventQueue`] is what another one has to do.
//!
//! ```text
//!   verified ──► Enqueue ──► EventQueue ── engine ──► worker ──► EventHandler ──► your async fn
//!                   │                                   ▲  │
//!                202: stored, or had been               │  └─► failed: again after a pause, by RetryPolicy;
//!                503: the engine is down                │      for good, or too often: the dead letter
//!                                                       └───── its process died: again at once, and counted
//! ```
//!
//! # The server's side
//!
//! [`Enqueue`] is a terminal `tower::Service<Request<VerifiedBody>>`. It does not decode: an event of a type
//! that this version does not know, or cannot decode, is stored like any other. A duplicate is acknowledged
//! like the first. Use it *instead of* an `IdempotencyLayer`, since the queue deduplicates by message id.
//!
//! # The worker's side
//!
//! An engine's worker runs any `tower::Service<QueuedEvent, Response = ()>` whose errors are
//! `Into<BoxError>`. [`EventHandler`] makes one of an async function. A
//! [`WebhookError`](crate::WebhookError) anywhere in an error's source chain decides between again and never
//! again; any other error, such as those of tower's `Timeout`, `LoadShed` and `Buffer`, means again.
//! [`RetryPolicy`] says when.
//!
//! Like the sender, a queue runs an event *at least* once: a worker that is killed between its effect and
//! its note runs it again. The transactional inbox of `clerk-webhooks-sqlx` makes effects in one database
//! exact.

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

pub use self::{
    enqueue::{Enqueue, EnqueueFuture},
    event::QueuedEvent,
    handler::{EventContext, EventHandler, HandlerFuture},
    queue::{Enqueued, EventQueue},
    retry::{RetryDecision, RetryPolicy},
};
