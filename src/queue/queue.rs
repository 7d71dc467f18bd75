//! What an engine has to do to take events.

use std::{sync::Arc, time::SystemTime};

use crate::BoxError;

use super::event::QueuedEvent;

/// A durable queue: an engine that stores events until a worker has processed them.
///
/// `clerk-webhooks-sqlx` has one on SQLite and Postgres. This is one of your own, on a table that only grows:
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
/// It is not dyn compatible. A program that chooses its engine when it starts matches on the setting and
/// calls one generic function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an `EventQueue`",
    label = "events cannot be stored in this",
    note = "use a queue of `clerk-webhooks-sqlx`, or implement `EventQueue`: its documentation opens with \
            a complete one"
)]
pub trait EventQueue: Send + Sync + 'static {
    /// What goes wrong: connections, mostly. It is logged with its sources, never sent.
    type Error: Into<BoxError> + Send;

    /// Stores the event, to be processed not before the given time, or at once.
    ///
    /// `Ok` is a promise: the event survives `kill -9` of this process and of the engine. What survives the
    /// loss of power depends on the engine's settings, which its crate documents. An error means *unknown*: the
    /// event may have been stored. So does a dropped future: [`Enqueue`](super::Enqueue) drops it when its
    /// timeout is over or the sender disconnects.
    ///
    /// [`Enqueued::Duplicate`] when a message of this id was stored before, whether or not it has been
    /// processed since; nothing is stored then. For how long ids are remembered is the engine's to document.
    fn enqueue(
        &self,
        event: &QueuedEvent,
        not_before: Option<SystemTime>,
    ) -> impl Future<Output = Result<Enqueued, Self::Error>> + Send;
}

/// A shared queue is a queue.
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

/// What became of an event that was to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Enqueued {
    /// It is stored.
    New,
    /// It had been stored before.
    Duplicate,
}
