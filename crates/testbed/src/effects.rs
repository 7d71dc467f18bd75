//! Effects of handlers in the database: one row each, in a table of the user's, in the handler's own transaction.

use clerk_webhooks_sqlx::Engine;
use sqlx::{Pool, SqlStr, Transaction};

/// An engine whose database can have the table of effects.
pub trait Effects: Engine {
    /// Makes the table when absent. It has no unique key, so nothing but the crate prevents a second row.
    const CREATE: &'static str;
    /// Begins a transaction that writes.
    const BEGIN_WRITING: &'static str;

    /// Runs a batch of statements.
    fn apply(
        connection: &mut Self::Connection,
        batch: &'static str,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Inserts the row of an effect of this message.
    fn insert(
        transaction: &mut Transaction<'_, Self>,
        message_id: &str,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;
}

/// Makes the table when absent.
///
/// # Errors
///
/// When the database cannot be reached or written to.
pub async fn create<DB: Effects>(pool: &Pool<DB>) -> sqlx::Result<()> {
    DB::apply(&mut *pool.acquire().await?, DB::CREATE).await
}

/// Begins the transaction of a handler.
///
/// # Errors
///
/// When the database cannot be reached or written to.
pub async fn begin<DB: Effects>(pool: &Pool<DB>) -> sqlx::Result<Transaction<'static, DB>> {
    pool.begin_with(SqlStr::from_static(DB::BEGIN_WRITING))
        .await
}

macro_rules! effects {
    ($database:ty, $connection:ty, $begin:literal, $create:literal) => {
        impl Effects for $database {
            const CREATE: &'static str = $create;
            const BEGIN_WRITING: &'static str = $begin;

            async fn apply(connection: &mut $connection, batch: &'static str) -> sqlx::Result<()> {
                sqlx::raw_sql(batch).execute(connection).await.map(drop)
            }

            async fn insert(
                transaction: &mut Transaction<'_, Self>,
                message_id: &str,
            ) -> sqlx::Result<()> {
                let insert = sqlx::query("insert into effects values ($1)").bind(message_id);
                insert.execute(&mut **transaction).await.map(drop)
            }
        }
    };
}

effects!(
    sqlx::Sqlite,
    sqlx::SqliteConnection,
    "begin immediate",
    "create table if not exists effects (message_id text not null)"
);
// The lock: without it, the statement fails for all but one of several processes that run it at the same time.
effects!(
    sqlx::Postgres,
    sqlx::PgConnection,
    "begin",
    "select pg_advisory_xact_lock(1); create table if not exists effects (message_id text not null)"
);
