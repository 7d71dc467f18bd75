//! A durable queue: acknowledge a delivery at once, process it in the background.
//!
//! ```no_run
//! # #[cfg(feature = "sqlite")]
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use clerk_webhooks::{
//!     ClerkEvent, ClerkWebhookLayer, WebhookError,
//!     queue::{Enqueue, EventContext, EventHandler},
//! };
//! use clerk_webhooks_sqlx::{migrate, open_sqlite, queue::Queue};
//! use tower::Layer as _;
//!
//! async fn on_event(event: ClerkEvent, context: EventContext<()>) -> Result<(), WebhookError> {
//!     println!("{}, attempt {}", event.event_type().as_str(), context.attempt());
//!     Ok(())
//! }
//!
//! let pool = open_sqlite("app.db").await?; // or open_postgres("postgres://..."), or a pool of yours
//! migrate(&pool).await?;
//! let queue = Queue::new(&pool, "clerk").await?;
//! tokio::spawn(queue.worker(EventHandler::new((), on_event)).run());
//! let service = ClerkWebhookLayer::from_env()?.layer(Enqueue::new(queue));
//! // With axum: Router::new().route("/webhooks/clerk", post_service(service))
//! # let _ = service;
//! # Ok(())
//! # }
//! ```
//!
//! # What a worker guarantees
//!
//! **At least once**: if a worker is killed after an event's effect and before its end is recorded, the event runs
//! again. [`Complete`] makes effects in the queue's own database happen exactly once. Make all other effects
//! idempotent; the message id is the same in every attempt.
//!
//! **Events have no order**: they run at the same time, and a retry runs later. Compare `updated_at` before you
//! overwrite. The table at [`Worker`] says how each case ends.
//!
//! # Operations
//!
//! [`Queue::counts`], [`count_dead`](Queue::count_dead), [`dead_letters`](Queue::dead_letters),
//! [`requeue_dead_letter`](Queue::requeue_dead_letter), [`drop_dead_letter`](Queue::drop_dead_letter).
//! Workers delete the ids of processed events after [`RETENTION`]. The body is deleted as soon as an event is
//! processed.
//!
//! Logs go through `tracing`, target `clerk_webhooks`, with the fields `queue`, `message_id`, `event_type` and
//! `attempt`. Handlers run in a span with these fields. Failed attempts, events of crashed workers and a database
//! that does not answer are logged at `warn`, dead letters at `error`. The text of a handler's error is logged and
//! stored: keep payloads out of it.

mod complete;
mod dead_letter;
mod lease;
mod leases;
mod operations;
mod poll;
#[expect(
    clippy::module_inception,
    reason = "the room's main thing bears its name"
)]
mod queue;
mod run;
mod settings;
mod touch;
mod worker;
mod writer;

pub use self::{
    complete::{Complete, CompleteError},
    dead_letter::DeadLetter,
    operations::{Counts, RETENTION},
    queue::Queue,
    worker::Worker,
};
