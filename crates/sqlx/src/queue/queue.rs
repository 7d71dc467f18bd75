//! The queue, which stores events.

use std::{
    fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use clerk_webhooks::queue::{Enqueued, EventQueue, QueueMetrics, QueuedEvent};
use sqlx::{Database, Pool};
use tokio::sync::Notify;

use super::{lease::Write, writer::Writer};
use crate::{
    connect,
    engine::{Engine, Sql, number, sealed::Dialect as _},
    error::DatabaseError,
    millis::millis,
    request,
};

/// A durable queue with a name, in the table `clerk_queue`.
///
/// It is the [`EventQueue`] that [`Enqueue`](clerk_webhooks::queue::Enqueue) stores into. It also makes
/// [workers](Self::worker), counts and purges events, and lists dead letters. A clone is the same queue on the same
/// connections.
///
/// The name is the scope of deduplication. While a message's id is in the table, the same id is a
/// [`Duplicate`](Enqueued::Duplicate), even when its event is done or dead-lettered.
pub struct Queue<DB: Database> {
    /// The queue's own connections.
    pub(super) pool: Pool<DB>,
    writer: Arc<Writer<DB>>,
    pub(super) name: Arc<str>,
    /// Notified when this process stores an event, so that its own worker finds it at once.
    pub(super) stored: Arc<Notify>,
    pub(super) metrics: Arc<QueueMetrics>,
}

impl<DB: Engine> Queue<DB> {
    /// The queue with this name in the pool's database. Call [`migrate`](crate::migrate()) first: it makes the tables.
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")]
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use clerk_webhooks_sqlx::{migrate, open_sqlite, queue::Queue};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("app.db");
    /// let pool = open_sqlite(path).await?;
    /// migrate(&pool).await?;
    /// let queue = Queue::new(&pool, "clerk").await?;
    /// assert_eq!(queue.counts().await?.waiting, 0);
    /// # Ok(())
    /// # }
    /// # #[cfg(feature = "sqlite")]
    /// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
    /// ```
    ///
    /// Give each endpoint of Clerk's dashboard its own name if the endpoints do different work: they get the same
    /// messages under the same ids.
    ///
    /// The queue opens **its own connections**, with the pool's settings. So when handlers hold all connections of the
    /// pool, leases are still extended and deliveries are still stored. On Postgres the queue opens up to as many
    /// connections as the pool may have, when they are needed; on SQLite one. An in-memory database cannot be shared
    /// between connections: use a file.
    ///
    /// Weak settings, such as those that can lose acknowledged events, are logged as warnings; see
    /// [`migrate`](crate::migrate()).
    ///
    /// # Errors
    ///
    /// When the database cannot be reached, or was not migrated. An unreachable database is reported within a second;
    /// one that is starting, busy or locked after 10 s.
    ///
    /// # Panics
    ///
    /// When it is called outside a tokio runtime.
    pub async fn new(pool: &Pool<DB>, name: impl Into<String>) -> Result<Self, DatabaseError> {
        const HAS_TABLE: &str = "select count(*) from (select 1 from clerk_queue limit 1) as event";
        let own = own_pool(pool);
        let mut connection = connect::first(&own).await?;
        let looked = async {
            number::<DB>(&mut connection, HAS_TABLE).await?;
            connect::warn_of_weak_settings::<DB>(&mut connection).await
        };
        let looked = looked.await;
        looked.map_err(DatabaseError::of(DB::NAME, "open the queue"))?;
        drop(connection);
        let name: Arc<str> = name.into().into();
        Ok(Self {
            writer: Arc::new(Writer::new(own.clone())),
            pool: own,
            metrics: Arc::new(QueueMetrics::new(Arc::clone(&name))),
            name,
            stored: Arc::default(),
        })
    }

    /// Another queue on the same connections, with its own events, deduplication, workers and dead letters.
    #[must_use]
    pub fn named(&self, name: impl Into<String>) -> Self {
        let name: Arc<str> = name.into().into();
        Self {
            metrics: Arc::new(QueueMetrics::new(Arc::clone(&name))),
            name,
            stored: Arc::default(),
            ..self.clone()
        }
    }

    pub(super) async fn write(&self, write: Write) -> Result<bool, DatabaseError> {
        let purpose = write.statement::<DB>().purpose;
        request::in_time::<DB, _, _>(purpose, self.writer.write(write)).await
    }

    /// The queue's name: the scope of deduplication.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A pool for the queue, with the same settings and hooks.
fn own_pool<DB: Engine>(pool: &Pool<DB>) -> Pool<DB> {
    let options = pool.options().clone().min_connections(0);
    let options = options.test_before_acquire(false);
    let options = match Sql::<DB>::HAS_ONE_WRITER {
        true => options
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None),
        false => options,
    };
    options.connect_lazy_with(pool.connect_options().as_ref().clone())
}

impl<DB: Engine> EventQueue for Queue<DB> {
    type Error = DatabaseError;

    async fn enqueue(
        &self,
        event: &QueuedEvent,
        not_before: Option<SystemTime>,
    ) -> Result<Enqueued, DatabaseError> {
        let unwritable = |error| sqlx::Error::Encode(Box::new(error));
        let body = serde_json::to_string(event).map_err(unwritable);
        let push = Write::Push {
            queue: Arc::clone(&self.name),
            message_id: event.message_id().to_owned(),
            due_at: not_before.map(since_1970),
            body: body.map_err(DatabaseError::of(DB::NAME, "write an event as JSON"))?,
        };
        if !self.write(push).await? {
            return Ok(Enqueued::Duplicate);
        }
        self.stored.notify_one();
        Ok(Enqueued::New)
    }
}

/// In milliseconds.
pub(super) fn since_1970(time: SystemTime) -> i64 {
    millis(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

impl<DB: Database> Clone for Queue<DB> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            writer: Arc::clone(&self.writer),
            name: Arc::clone(&self.name),
            stored: Arc::clone(&self.stored),
            metrics: Arc::clone(&self.metrics),
        }
    }
}

impl<DB: Database> fmt::Debug for Queue<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("engine", &DB::NAME)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
