//! Claims in SQLite.

use std::time::Duration;

use clerk_webhooks::idempotency::{Claim, ClaimToken, IdempotencyStore, MessageKey, Outcome};
use sqlx::{Sqlite, SqlitePool, query::Query, sqlite::SqliteArguments};

use crate::{connect, error::DatabaseError, millis::millis, purge, sql::sqlite::store as sql};

/// Claims in a SQLite file, for the processes of one machine.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use clerk_webhooks_sqlx::{SqliteStore, migrate, open_sqlite};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("webhooks.db");
/// let pool = open_sqlite(&path).await?;
/// migrate(&pool).await?;
/// let store = SqliteStore::new(pool);
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

    /// Removes the rows whose lease or retention is over; returns their number.
    ///
    /// Nothing depends on it but the table's size, some 150 bytes a message:
    /// [`continuously_delete_expired`](Self::continuously_delete_expired) does it hourly. Any number of
    /// processes may do it at once.
    ///
    /// It goes in steps of 1,000 rows, found by an index, so that no lock is held for long, and may be
    /// dropped at any time.
    ///
    /// # Errors
    ///
    /// When a step fails; those before it are done.
    pub async fn purge(&self) -> Result<u64, DatabaseError> {
        purge::in_batches(|| {
            let step = sqlx::query(sql::PURGE).bind(purge::BATCH);
            self.rows_affected("purge what has expired", step)
        })
        .await
    }

    /// [Purges](Self::purge) now, and again after each `period`, until it is dropped. What goes wrong is
    /// logged.
    ///
    /// ```no_run
    /// # async fn example(store: clerk_webhooks_sqlx::SqliteStore) {
    /// let hourly = std::time::Duration::from_secs(3_600);
    /// tokio::spawn(store.continuously_delete_expired(hourly));
    /// # }
    /// ```
    pub async fn continuously_delete_expired(self, period: Duration) {
        purge::continuously(period, || self.purge()).await;
    }
}

claims!(SqliteStore, Sqlite, SqliteArguments, "SQLite");
