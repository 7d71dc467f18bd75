//! Claims in SQLite.

use std::time::Duration;

use clerk_webhooks::idempotency::{Claim, ClaimToken, IdempotencyStore, MessageKey};
use sqlx::{Sqlite, SqlitePool, query::Query, sqlite::SqliteArguments};

use crate::{error::StoreError, millis::millis, purge, sql::sqlite::store as sql};

/// Claims in a SQLite file, for the processes of one machine.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use clerk_webhooks_sqlx::{SqliteStore, open_sqlite};
///
/// # let folder = std::env::temp_dir().join(clerk_webhooks::idempotency::ClaimToken::random().to_string());
/// # std::fs::create_dir(&folder)?;
/// # let path = folder.join("webhooks.db");
/// let store = SqliteStore::new(open_sqlite(&path).await?);
/// store.migrate().await?;
/// # std::fs::remove_dir_all(folder)?;
/// # Ok(())
/// # }
/// ```
///
/// The machine's clock decides when a lease or a retention is over: when it is set back, leases last
/// longer by as much; set forward, they end at once. Every operation is one prepared statement, in a
/// transaction of its own.
///
/// A clone is the same store. Services that share the table, `clerk_idempotency`, are kept apart by the
/// scope.
///
/// # The pool
///
/// [`open_sqlite`](crate::open_sqlite) makes one as it should be: of one connection, and why.
///
/// SQLite has one writer a file. While a handler's transaction writes, no lease in the same file can be
/// extended: a transaction that may last longer than a third of the lease belongs into another file
/// than the store. And while a handler holds the only connection of a pool, a store on the same pool
/// cannot extend either: give the store a pool of its own, or use the [inbox](crate::inbox) instead of
/// the store.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    pool: SqlitePool,
}

impl SqliteStore {
    /// Claims through this pool, best one of [`open_sqlite`](crate::open_sqlite). Nothing happens yet.
    #[must_use]
    pub fn new(pool: SqlitePool) -> Self {
        Self { pool }
    }

    /// Makes the table `clerk_idempotency` and its index, unless it is there.
    ///
    /// Call it whenever the service starts: a table that is there is left as it is, and several processes
    /// may call it at once. sqlx's own migrations are not involved. To have it in yours, take
    /// [`CREATE`](crate::sql::sqlite::store::CREATE).
    ///
    /// # Errors
    ///
    /// When the file cannot be written to.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let created = sqlx::raw_sql(sql::CREATE).execute(&self.pool).await;
        created.map_err(failed("create its table")).map(drop)
    }

    /// Removes the rows whose lease or retention is over; returns their number.
    ///
    /// Nothing depends on it but the table's size, some 150 bytes a message. Once an hour is enough; any
    /// number of processes may do it at once:
    ///
    /// ```no_run
    /// # async fn example(store: clerk_webhooks_sqlx::SqliteStore) {
    /// tokio::spawn(async move {
    ///     let mut hourly = tokio::time::interval(std::time::Duration::from_secs(3_600));
    ///     loop {
    ///         hourly.tick().await;
    ///         if let Err(error) = store.purge_expired().await {
    ///             eprintln!("{error}");
    ///         }
    ///     }
    /// });
    /// # }
    /// ```
    ///
    /// It goes in steps of 1,000 rows, found by an index, so that no lock is held for long, and may be
    /// dropped at any time.
    ///
    /// # Errors
    ///
    /// When a step fails; those before it are done.
    pub async fn purge_expired(&self) -> Result<u64, StoreError> {
        purge::in_batches(|| {
            let step = sqlx::query(sql::PURGE).bind(purge::BATCH);
            self.rows_affected("purge what has expired", step)
        })
        .await
    }

    async fn rows_affected(
        &self,
        attempt: &'static str,
        statement: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<u64, StoreError> {
        let done = statement.execute(&self.pool).await;
        Ok(done.map_err(failed(attempt))?.rows_affected())
    }
}

fn failed(attempt: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    StoreError::of("SQLite", attempt)
}

/// A statement about one message, whose id and scope come first in all of them.
fn about<'q>(statement: &'static str, key: &'q MessageKey) -> Query<'q, Sqlite, SqliteArguments> {
    sqlx::query(statement)
        .bind(key.scope())
        .bind(key.message_id())
}

impl IdempotencyStore for SqliteStore {
    type Error = StoreError;

    async fn claim(&self, key: &MessageKey, lease: Duration) -> Result<Claim, StoreError> {
        let token = ClaimToken::random();
        let holder = sqlx::query_scalar(sql::CLAIM)
            .bind(key.scope())
            .bind(key.message_id())
            .bind(token.to_string())
            .bind(millis(lease))
            .fetch_one(&self.pool)
            .await
            .map_err(failed("claim a message"))?;
        Ok(super::outcome(token, holder))
    }

    async fn extend(
        &self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
    ) -> Result<bool, StoreError> {
        let statement = about(sql::EXTEND, key);
        let statement = statement.bind(token.to_string()).bind(millis(lease));
        let rows = self.rows_affected("extend a claim", statement).await?;
        Ok(rows == 1)
    }

    async fn complete(&self, key: &MessageKey, retention: Duration) -> Result<(), StoreError> {
        let statement = about(sql::COMPLETE, key).bind(millis(retention));
        self.rows_affected("complete a message", statement).await?;
        Ok(())
    }

    async fn release(&self, key: &MessageKey, token: ClaimToken) -> Result<bool, StoreError> {
        let statement = about(sql::RELEASE, key).bind(token.to_string());
        let rows = self.rows_affected("release a claim", statement).await?;
        Ok(rows == 1)
    }

    async fn forget(&self, key: &MessageKey) -> Result<bool, StoreError> {
        let statement = about(sql::FORGET, key);
        let rows = self.rows_affected("forget a message", statement).await?;
        Ok(rows == 1)
    }
}
