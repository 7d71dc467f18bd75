//! Claims in Postgres.

use std::time::Duration;

use clerk_webhooks::idempotency::{Claim, ClaimToken, IdempotencyStore, MessageKey, Outcome};
use sqlx::{PgPool, Postgres, postgres::PgArguments, query::Query};

use crate::{connect, error::DatabaseError, millis::millis, purge, sql::postgres::store as sql};

/// Claims in Postgres, for any number of processes on any number of machines.
///
/// ```no_run
/// use clerk_webhooks_sqlx::{PostgresStore, migrate};
/// use sqlx::postgres::PgPoolOptions;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = PgPoolOptions::new()
///     .acquire_timeout(std::time::Duration::from_secs(3)) // the layer waits for 5, the sender for 15
///     .connect("postgres://localhost/app")
///     .await?;
/// migrate(&pool).await?;
/// let store = PostgresStore::new(pool);
/// # Ok(())
/// # }
/// ```
///
/// The server's clock decides when a lease or a retention ends, so the clocks of the clients need not agree.
/// Every operation is one prepared statement in its own transaction.
///
/// A clone is the same store. The connection's `search_path` finds its table, `clerk_idempotency`. The scope
/// separates services that share the table.
///
/// An operation fails when its scope or message id has a NUL character, which Postgres does not store, or when the
/// scope is longer than some 2,000 bytes.
///
/// The store is made for the isolation level `read committed`, Postgres' default. If your default is stricter,
/// some claims that arrive at the same time fail with a serialization error. No message then runs twice, but the
/// sender has to retry.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    pool: PgPool,
}

impl PostgresStore {
    /// A store that uses this pool, which may be the pool that your service uses for everything else. This call
    /// does not connect.
    ///
    /// While a handler holds a connection, extending its lease needs another one. So the pool must have more
    /// connections than transactions that run at the same time.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Removes the rows whose lease or retention has ended. Returns their number.
    ///
    /// This only keeps the table small, at some 350 bytes a message; results do not depend on it.
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
    /// # async fn example(store: clerk_webhooks_sqlx::PostgresStore) {
    /// let hourly = std::time::Duration::from_secs(3_600);
    /// tokio::spawn(store.continuously_delete_expired(hourly));
    /// # }
    /// ```
    pub async fn continuously_delete_expired(self, period: Duration) {
        purge::continuously(period, || self.purge()).await;
    }
}

claims!(PostgresStore, Postgres, PgArguments, "PostgreSQL");
