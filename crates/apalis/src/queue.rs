//! The queue: what takes events.

use std::{sync::Arc, time::SystemTime};

use clerk_webhooks::queue::{Enqueued, EventQueue, QueuedEvent};
use tokio::sync::Notify;

use crate::{
    engine::Engine,
    error::QueueError,
    worker::{Handler, Worker},
};

/// A durable queue of a given name on one of apalis' engines: `SqliteQueue` or `PostgresQueue`.
///
/// It is an [`EventQueue`] for [`Enqueue`](clerk_webhooks::queue::Enqueue), makes [workers](Self::worker),
/// and counts, lists and purges. A clone is the same queue, on the same connections.
///
/// Message ids are remembered until they are [purged](Self::purge); until then the same id is a
/// [`Duplicate`](Enqueued::Duplicate), also when its event is in the dead letter.
#[derive(Debug, Clone)]
pub struct Queue<E> {
    pub(crate) engine: E,
    pub(crate) name: Arc<str>,
    /// An event was stored by this process: its own worker need not wait for the next look.
    pub(crate) stored: Arc<Notify>,
}

impl<E: Engine> Queue<E> {
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(crate) fn on(engine: E, name: impl Into<String>) -> Self {
        Self {
            engine,
            name: name.into().into(),
            stored: Arc::default(),
        }
    }

    /// Another queue on the same connections: events, deduplication, workers and dead letters of its own.
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")]
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use clerk_webhooks_apalis::SqliteQueue;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("queue.db");
    /// let users = SqliteQueue::open(path, "users").await?;
    /// let billing = users.named("billing");
    /// assert_eq!(billing.name(), "billing");
    /// # Ok(())
    /// # }
    /// # #[cfg(feature = "sqlite")]
    /// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
    /// ```
    #[must_use]
    pub fn named(&self, name: impl Into<String>) -> Self {
        Self {
            engine: self.engine.clone(),
            name: name.into().into(),
            stored: Arc::default(),
        }
    }

    /// Its name: the scope of deduplication.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A worker that runs `service` with each event: an
    /// [`EventHandler`](clerk_webhooks::queue::EventHandler), or any other `tower::Service<QueuedEvent>`.
    #[must_use = "a worker does nothing until it is run"]
    pub fn worker<S: Handler>(&self, service: S) -> Worker<E, S> {
        Worker::new(self.clone(), service)
    }
}

impl<E: Engine> EventQueue for Queue<E> {
    type Error = QueueError;

    async fn enqueue(
        &self,
        event: &QueuedEvent,
        not_before: Option<SystemTime>,
    ) -> Result<Enqueued, QueueError> {
        let stored =
            serde_json::to_vec(event).map_err(QueueError::of(E::NAME, "write an event as JSON"))?;
        let pushing = self
            .engine
            .push(&self.name, event.message_id(), stored, not_before);
        let enqueued = pushing.await?;
        self.stored.notify_one();
        Ok(enqueued)
    }
}
