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
/// The server's clock decides when a lease or a retention is over, so that the clocks of its clients need
/// not agree. Every operation is one prepared statement, in a transaction of its own.
///
/// A clone is the same store. Its table, `clerk_idempotency`, is found by the connection's
/// `search_path`; services that share it are kept apart by the scope. Neither a scope nor an id may hold a
/// NUL character, which Postgres does not keep, and a scope may have some 2,000 bytes: beyond that each
/// operation fails.
///
/// Meant for the isolation level `read committed`, Postgres' default. A stricter default makes some
/// claims that come at once fail with a serialization error: nothing is run twice, but the sender has to
/// come again.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    pool: PgPool,
}

impl PostgresStore {
    /// Claims through this pool, which may be the one that the service uses for everything else.
    ///
    /// Nothing happens yet. A handler that holds a connection while the lease is extended needs a second
    /// one: the pool must be larger than the number of transactions that run at once.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Removes the rows whose lease or retention is over; returns their number.
    ///
    /// Nothing depends on it but the table's size, some 350 bytes a message:
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
