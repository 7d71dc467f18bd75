//! Acknowledge first, work later.
//!
//! Feature `queue`.

mod event;
mod handler;
#[expect(
    clippy::module_inception,
    reason = "the room's main thing bears its name"
)]
mod queue;
mod retry;

pub use self::{
    event::QueuedEvent,
    handler::{EventContext, EventHandler, HandlerFuture},
    queue::{Enqueued, EventQueue},
    retry::{Next, RetryPolicy},
};
