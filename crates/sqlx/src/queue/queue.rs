//! The queue: what takes events.

use std::{
    fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use clerk_webhooks::queue::{Enqueued, EventQueue, QueuedEvent};
use sqlx::{Database, Pool};
use tokio::sync::Notify;

use super::{
    lease::Push,
    statements::Statements,
    writer::{Write, Writer},
};
use crate::{connect, engine, error::DatabaseError, millis::millis};

/// An engine that has the queue: [`sqlx::Sqlite`] or [`sqlx::Postgres`], by feature. Sealed.
///
/// A program that chooses its engine when it starts matches on its setting and calls one function that is
/// generic over this.
pub trait Engine: engine::Engine<Connection: Statements> {}

impl<DB: engine::Engine<Connection: Statements>> Engine for DB {}

/// A durable queue in the table `clerk_queue`, under a name.
///
/// It is an [`EventQueue`] for [`Enqueue`](clerk_webhooks::queue::Enqueue), makes [workers](Self::worker),
/// and counts, lists and purges. A clone is the same queue, on the same connections.
///
/// Its name is the scope of deduplication: while a message's id is known, the same id is a
/// [`Duplicate`](Enqueued::Duplicate), also when its event is done or dead-lettered.
pub struct Queue<DB: Database> {
    pub(super) pool: Pool<DB>,
    pub(super) writer: Arc<Writer<DB>>,
    pub(super) name: Arc<str>,
    /// An event was stored by this process: its own worker need not wait for the next look.
    pub(super) stored: Arc<Notify>,
}

impl<DB: Engine> Queue<DB> {
    /// The queue of this name in the pool's database, where [`migrate`](crate::migrate()) has made the tables.
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
    /// One name for each endpoint of Clerk's dashboard, if they have different duties: the messages of both
    /// have the same ids.
    ///
    /// The queue has **connections of its own**, with the pool's settings: handlers that hold all of the
    /// pool's do not keep a lease from being extended, nor a delivery from being stored. On Postgres they are
    /// as many as the pool may have, opened when they are needed; on SQLite one. A database in memory cannot
    /// be shared so: use a file.
    ///
    /// Settings that may lose what was acknowledged are logged as warnings; see
    /// [`migrate`](crate::migrate()).
    ///
    /// # Errors
    ///
    /// When the database cannot be reached, which is tried directly and told within a second, or has not been
    /// migrated.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn new(pool: &Pool<DB>, name: impl Into<String>) -> Result<Self, DatabaseError> {
        const HAS_TABLE: &str = "select count(*) from (select 1 from clerk_queue limit 1) as event";
        let own = own_pool(pool);
        let mut connection = connect::first(&own).await?;
        let looked = async {
            DB::number(&mut connection, HAS_TABLE).await?;
            connect::warn_of_weak_settings::<DB>(&mut connection).await
        };
        let looked = looked.await;
        looked.map_err(DatabaseError::of(DB::NAME, "open the queue"))?;
        Ok(Self {
            writer: Arc::new(Writer::new(own.clone())),
            pool: own,
            name: name.into().into(),
            stored: Arc::default(),
        })
    }

    /// Another queue on the same connections: events, deduplication, workers and dead letters of its own.
    #[must_use]
    pub fn named(&self, name: impl Into<String>) -> Self {
        Self {
            name: name.into().into(),
            stored: Arc::default(),
            ..self.clone()
        }
    }

    /// Its name: the scope of deduplication.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// With the same settings and hooks.
fn own_pool<DB: Engine>(pool: &Pool<DB>) -> Pool<DB> {
    let options = pool.options().clone().min_connections(0);
    let options = options.test_before_acquire(false);
    let options = match DB::HAS_ONE_WRITER {
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
        let push = Push {
            queue: Arc::clone(&self.name),
            message_id: event.message_id().to_owned(),
            due_at: not_before.map(since_1970),
            body: body.map_err(DatabaseError::of(DB::NAME, "write an event as JSON"))?,
        };
        let written = self.writer.write(Write::Push(push)).await;
        let is_new = written.map_err(DatabaseError::of(DB::NAME, "store an event"))?;
        if is_new {
            self.stored.notify_one();
        }
        Ok(match is_new {
            true => Enqueued::New,
            false => Enqueued::Duplicate,
        })
    }
}

fn since_1970(time: SystemTime) -> i64 {
    millis(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

impl<DB: Database> Clone for Queue<DB> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            writer: Arc::clone(&self.writer),
            name: Arc::clone(&self.name),
            stored: Arc::clone(&self.stored),
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
