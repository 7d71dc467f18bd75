//! The trait that an engine implements to store events.

use std::{sync::Arc, time::SystemTime};

use crate::BoxError;

use super::event::QueuedEvent;

/// A durable queue: an engine that stores events until a worker has processed them.
///
/// `clerk-webhooks-sqlx` has one on SQLite and Postgres. This is a queue of your own, on a table that only grows:
///
/// ```
/// use std::{
///     collections::HashMap,
///     convert::Infallible,
///     sync::{Arc, Mutex},
///     time::SystemTime,
/// };
///
/// use clerk_webhooks::queue::{Enqueued, EventQueue, QueuedEvent};
///
/// /// Stands for a table with the message id as its primary key.
/// #[derive(Clone, Default)]
/// struct Table(Arc<Mutex<HashMap<String, (QueuedEvent, Option<SystemTime>)>>>);
///
/// impl EventQueue for Table {
///     type Error = Infallible;
///
///     async fn enqueue(
///         &self,
///         event: &QueuedEvent,
///         not_before: Option<SystemTime>,
///     ) -> Result<Enqueued, Infallible> {
///         let mut rows = self.0.lock().unwrap();
///         if rows.contains_key(event.message_id()) {
///             return Ok(Enqueued::Duplicate);
///         }
///         rows.insert(event.message_id().to_owned(), (event.clone(), not_before));
///         Ok(Enqueued::New)
///     }
/// }
/// # fn is_a_queue(_: impl EventQueue) {}
/// # is_a_queue(Table::default());
/// ```
///
/// The trait is not dyn compatible. If your program chooses its engine when it starts, match on the setting and
/// call one generic function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an `EventQueue`",
    label = "events cannot be stored in this",
    note = "use a queue of `clerk-webhooks-sqlx` or `clerk-webhooks-nats`, or implement `EventQueue`: its documentation opens with \
            a complete one"
)]
pub trait EventQueue: Send + Sync + 'static {
    /// The queue's error, such as a broken connection. It is logged with its sources, never sent to the caller.
    type Error: Into<BoxError> + Send;

    /// Stores the event. A worker processes it at `not_before` at the earliest, or at once when that is `None`.
    ///
    /// `Ok` is a promise: the event survives `kill -9` of this process and of the engine. Whether it survives a
    /// power loss depends on the engine's settings, which the engine's crate documents.
    ///
    /// An error means that the result is *unknown*: the event may have been stored. A dropped future means the
    /// same. [`Enqueue`](super::Enqueue) drops it when its timeout ends or the sender disconnects.
    ///
    /// Returns [`Enqueued::Duplicate`] and stores nothing when a message with this id was stored before,
    /// processed or not. The engine documents how long it keeps ids.
    fn enqueue(
        &self,
        event: &QueuedEvent,
        not_before: Option<SystemTime>,
    ) -> impl Future<Output = Result<Enqueued, Self::Error>> + Send;
}

/// A queue behind an `Arc` is a queue.
impl<Q: EventQueue> EventQueue for Arc<Q> {
    type Error = Q::Error;

    async fn enqueue(
        &self,
        event: &QueuedEvent,
        not_before: Option<SystemTime>,
    ) -> Result<Enqueued, Q::Error> {
        Q::enqueue(self, event, not_before).await
    }
}

/// The result of storing an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Enqueued {
    /// The event was stored.
    New,
    /// A message with this id was stored before. Nothing was stored now.
    Duplicate,
}
