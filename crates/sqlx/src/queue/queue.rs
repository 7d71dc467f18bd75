//! The queue, which stores events.

use std::{
    fmt, io,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clerk_webhooks::queue::{Enqueued, EventQueue, QueuedEvent};
use sqlx::{Database, Pool};
use tokio::{sync::Notify, time::timeout};

use super::{
    lease::{Push, Write},
    writer::Writer,
};
use crate::{
    connect,
    connections::Connections,
    engine::{Engine, Row, Value, number},
    error::DatabaseError,
    millis::millis,
};

const DATABASE_TIMEOUT: Duration = Duration::from_secs(10);

/// A durable queue with a name, in the table `clerk_queue`.
///
/// It is the [`EventQueue`] that [`Enqueue`](clerk_webhooks::queue::Enqueue) stores into. It also makes
/// [workers](Self::worker), counts and purges events, and lists dead letters. A clone is the same queue on the same
/// connections.
///
/// The name is the scope of deduplication. While a message's id is in the table, the same id is a
/// [`Duplicate`](Enqueued::Duplicate), even when its event is done or dead-lettered.
pub struct Queue<DB: Database> {
    pub(super) connections: Arc<Connections<DB>>,
    pub(super) writer: Arc<Writer<DB>>,
    pub(super) name: Arc<str>,
    /// Notified when this process stores an event, so that its own worker finds it at once.
    pub(super) stored: Arc<Notify>,
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
        let connections = Arc::new(Connections::new(own));
        Ok(Self {
            writer: Arc::new(Writer::new(Arc::clone(&connections))),
            connections,
            name: name.into().into(),
            stored: Arc::default(),
        })
    }

    /// Another queue on the same connections, with its own events, deduplication, workers and dead letters.
    #[must_use]
    pub fn named(&self, name: impl Into<String>) -> Self {
        Self {
            name: name.into().into(),
            stored: Arc::default(),
            ..self.clone()
        }
    }

    /// Runs a statement. Returns the number of rows affected.
    pub(super) async fn execute(
        &self,
        attempt: &'static str,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, DatabaseError> {
        let executing = async {
            let mut connection = self.connections.acquire().await?;
            let affected = DB::execute(&mut connection.0, statement, values).await?;
            self.connections.keep(connection);
            Ok::<_, sqlx::Error>(affected)
        };
        in_time::<DB, _, _>(attempt, executing).await
    }

    /// Runs a statement that returns rows.
    pub(super) async fn rows<R: Row>(
        &self,
        attempt: &'static str,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<R>, DatabaseError> {
        let asking = async {
            let mut connection = self.connections.acquire().await?;
            let rows = DB::rows(&mut connection.0, statement, values).await?;
            self.connections.keep(connection);
            Ok::<_, sqlx::Error>(rows)
        };
        in_time::<DB, _, _>(attempt, asking).await
    }

    pub(super) async fn write(
        &self,
        attempt: &'static str,
        write: Write,
    ) -> Result<bool, DatabaseError> {
        in_time::<DB, _, _>(attempt, self.writer.write(write)).await
    }

    /// The queue's name: the scope of deduplication.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A broken connection that never answers must not block anything for ever.
async fn in_time<DB: Engine, T, E: Into<Arc<sqlx::Error>>>(
    attempt: &'static str,
    asking: impl Future<Output = Result<T, E>>,
) -> Result<T, DatabaseError> {
    let answer = match timeout(DATABASE_TIMEOUT, asking).await {
        Ok(answer) => answer.map_err(Into::into),
        Err(elapsed) => Err(sqlx::Error::Io(io::Error::from(elapsed)).into()),
    };
    answer.map_err(DatabaseError::of(DB::NAME, attempt))
}

/// A pool for the queue, with the same settings and hooks.
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
        if !self.write("store an event", Write::Push(push)).await? {
            return Ok(Enqueued::Duplicate);
        }
        self.stored.notify_one();
        Ok(Enqueued::New)
    }
}

fn since_1970(time: SystemTime) -> i64 {
    millis(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

impl<DB: Database> Clone for Queue<DB> {
    fn clone(&self) -> Self {
        Self {
            connections: Arc::clone(&self.connections),
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
