//! Claims in SQLite.

use std::time::Duration;

use clerk_webhooks::idempotency::{Claim, ClaimToken, IdempotencyStore, MessageKey, Outcome};
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
}

claims!(SqliteStore, Sqlite, SqliteArguments, "SQLite");
