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
/// The machine's clock decides when a lease or a retention ends. If the clock is set back, leases last longer by
/// as much. If it is set forward, they end early. Every operation is one prepared statement in its own
/// transaction.
///
/// A clone is the same store. The scope separates services that share the table, `clerk_idempotency`.
///
/// # The pool
///
/// [`open_sqlite`](crate::open_sqlite) makes a suitable pool, with one connection, and documents why.
///
/// A SQLite file has one writer at a time. While a handler's transaction writes, no lease in the same file can be
/// extended. If a transaction may last longer than a third of the lease, keep the store in another file.
///
/// While a handler holds the only connection of a pool, a store on the same pool cannot extend a lease either.
/// Give the store its own pool, or use the [inbox](crate::inbox) instead of the store.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    pool: SqlitePool,
}

impl SqliteStore {
    /// A store that uses this pool, preferably one of [`open_sqlite`](crate::open_sqlite). This call does not
    /// connect.
    #[must_use]
    pub fn new(pool: SqlitePool) -> Self {
        Self { pool }
    }

    /// Removes the rows whose lease or retention has ended. Returns their number.
    ///
    /// This only keeps the table small, at some 150 bytes a message; results do not depend on it.
    /// [`continuously_delete_expired`](Self::continuously_delete_expired) calls it at an interval, such as
    /// hourly. Any number of processes may call it at the same time.
    ///
    /// It removes 1,000 rows at a time, found by an index, so that no lock is held for long. You can drop the
    /// future at any time.
    ///
    /// # Errors
    ///
    /// When a step fails. The rows of the steps before it stay removed.
    pub async fn purge(&self) -> Result<u64, DatabaseError> {
        purge::in_batches(|| {
            let step = sqlx::query(sql::PURGE).bind(purge::BATCH);
            self.rows_affected("purge what has expired", step)
        })
        .await
    }

    /// [Purges](Self::purge) now, and again after each `period`, until the future is dropped. Errors are logged.
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
