//! Claims in Postgres.

use std::time::Duration;

use clerk_webhooks::idempotency::{Claim, ClaimToken, IdempotencyStore, MessageKey, Outcome};
use sqlx::{PgPool, Postgres, postgres::PgArguments, query::Query};

use crate::{error::StoreError, millis::millis, purge, sql::postgres::store as sql};

/// Claims in Postgres, for any number of processes on any number of machines.
///
/// ```no_run
/// use clerk_webhooks_sqlx::PostgresStore;
/// use sqlx::postgres::PgPoolOptions;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = PgPoolOptions::new()
///     .acquire_timeout(std::time::Duration::from_secs(3)) // the layer waits for 5, the sender for 15
///     .connect("postgres://localhost/app")
///     .await?;
/// let store = PostgresStore::new(pool);
/// store.migrate().await?;
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

    /// Makes the table `clerk_idempotency` and its index, unless it is there.
    ///
    /// Call it whenever the service starts: a table that is there is left as it is, several processes may
    /// call it at once, and the right to create tables is needed for the first call alone. sqlx's own
    /// migrations are not involved. To have it in yours, take [`CREATE`](crate::sql::postgres::store::CREATE).
    ///
    /// # Errors
    ///
    /// When the database cannot be reached, or the role may not create tables.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let created = sqlx::query(sql::CREATE).execute(&self.pool).await;
        created.map_err(failed("create its table")).map(drop)
    }

    /// Removes the rows whose lease or retention is over; returns their number.
    ///
    /// Nothing depends on it but the table's size, some 350 bytes a message. Once an hour is enough; any
    /// number of processes may do it at once:
    ///
    /// ```no_run
    /// # async fn example(store: clerk_webhooks_sqlx::PostgresStore) {
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

claims!(PostgresStore, Postgres, PgArguments, "Postgres");
