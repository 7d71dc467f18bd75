//! Claims in a database.

use std::time::Duration;

use clerk_webhooks::idempotency::{Claim, ClaimToken, IdempotencyStore, MessageKey, Outcome};
use sqlx::{Database, Pool};

use crate::{
    engine::{
        Engine, Sql,
        Value::{self, Number, Text},
    },
    error::DatabaseError,
    millis::millis,
    purge, request,
    statements::{Statement, Statements as _},
};

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
///
/// # The pool
///
/// It may be the pool that your service uses for everything else. While a handler holds a connection, extending its
/// lease needs another one. So the pool must have more connections than transactions that run at the same time.
#[cfg(feature = "postgres")]
pub type PostgresStore = Store<sqlx::Postgres>;

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
#[cfg(feature = "sqlite")]
pub type SqliteStore = Store<sqlx::Sqlite>;

/// Claims in the table `clerk_idempotency`, on either engine: `PostgresStore` and `SqliteStore`, which say what is
/// special to each.
#[derive(Debug)]
pub struct Store<DB: Database> {
    pool: Pool<DB>,
}

impl<DB: Engine> Store<DB> {
    /// A store that uses this pool. This call does not connect.
    #[must_use]
    pub fn new(pool: Pool<DB>) -> Self {
        Self { pool }
    }

    /// Removes the rows whose lease or retention has ended. Returns their number.
    ///
    /// This only keeps the table small, at 150 to 350 bytes a message; results do not depend on it.
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
        let batch = [Number(purge::BATCH)];
        let statement = Sql::<DB>::PURGE_CLAIMS;
        purge::in_batches(|| request::execute(&self.pool, statement, &batch)).await
    }

    /// [Purges](Self::purge) now, and again after each `period`, until the future is dropped. Errors are logged.
    ///
    /// ```no_run
    /// # use clerk_webhooks_sqlx::{Engine, Store};
    /// # async fn example<DB: Engine>(store: Store<DB>) {
    /// let hourly = std::time::Duration::from_secs(3_600);
    /// tokio::spawn(store.continuously_delete_expired(hourly));
    /// # }
    /// ```
    pub async fn continuously_delete_expired(self, period: Duration) {
        purge::continuously(period, || self.purge()).await;
    }

    /// Runs a statement about one message. Its first two parameters are always the scope and the message id.
    async fn about(
        &self,
        key: &MessageKey,
        statement: Statement,
        others: &[Value<'_>],
    ) -> Result<bool, DatabaseError> {
        let affected = request::execute(&self.pool, statement, &values(key, others)).await?;
        Ok(affected == 1)
    }
}

impl<DB: Engine> IdempotencyStore for Store<DB> {
    type Error = DatabaseError;

    async fn claim(
        &self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
    ) -> Result<Claim, DatabaseError> {
        let ours = token.to_string();
        let claim = values(key, &[Text(&ours), Number(millis(lease))]);
        let rows = request::rows(&self.pool, Sql::<DB>::CLAIM, &claim).await?;
        // There is always a row.
        let (found,): (String,) = rows.into_iter().next().unwrap_or_default();
        Ok(match Outcome::from_name(&found) {
            Some(outcome) => Claim::Completed(outcome),
            None if found == ours => Claim::Claimed,
            None => Claim::InProgress,
        })
    }

    async fn extend(
        &self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
    ) -> Result<bool, DatabaseError> {
        let token = token.to_string();
        let claim = values(key, &[Text(&token)]);
        let claim = [&[Number(millis(lease))], &claim[..]].concat();
        let extended = request::execute(&self.pool, Sql::<DB>::EXTEND_CLAIM, &claim);
        Ok(extended.await? == 1)
    }

    async fn complete(
        &self,
        key: &MessageKey,
        outcome: Outcome,
        retention: Duration,
    ) -> Result<(), DatabaseError> {
        let outcome = [Text(outcome.as_str()), Number(millis(retention))];
        let completed = self.about(key, Sql::<DB>::COMPLETE_CLAIM, &outcome);
        completed.await.map(drop)
    }

    async fn release(&self, key: &MessageKey, token: ClaimToken) -> Result<bool, DatabaseError> {
        let token = token.to_string();
        self.about(key, Sql::<DB>::RELEASE_CLAIM, &[Text(&token)])
            .await
    }

    async fn forget(&self, key: &MessageKey) -> Result<bool, DatabaseError> {
        self.about(key, Sql::<DB>::FORGET_CLAIM, &[]).await
    }
}

fn values<'a>(key: &'a MessageKey, others: &[Value<'a>]) -> Vec<Value<'a>> {
    let message = [Text(key.scope()), Text(key.message_id())];
    [&message[..], others].concat()
}

impl<DB: Database> Clone for Store<DB> {
    fn clone(&self) -> Self {
        let pool = self.pool.clone();
        Self { pool }
    }
}
