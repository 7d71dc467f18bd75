//! Effects that happen exactly once: in the transaction of the inbox.

use clerk_webhooks_sqlx::inbox;
use sqlx::{PgPool, SqlitePool};

use crate::SCOPE;

/// The table has no unique key, so only the inbox prevents a second row.
pub(crate) const CREATE: &str =
    "create table if not exists effects (message_id text not null, process bigint not null)";

/// Runs `CREATE` under a lock. On Postgres, several processes may run it at the same time, and it then fails for all but
/// one.
pub(crate) async fn create_in_postgres(pool: &PgPool) -> sqlx::Result<()> {
    let mut transaction = pool.begin().await?;
    for statement in ["select pg_advisory_xact_lock(1)", CREATE] {
        sqlx::query(statement).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

pub(crate) enum Effects {
    Sqlite(SqlitePool),
    Postgres(PgPool),
    /// There is no database for them.
    Outside,
}

impl Effects {
    /// Inserts a row for the message, unless a transaction that did so has committed.
    pub(crate) async fn insert_once(&self, message_id: &str) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(pool) => insert_in_sqlite(pool, message_id).await,
            Self::Postgres(pool) => insert_in_postgres(pool, message_id).await,
            Self::Outside => Ok(()),
        }
    }
}

async fn insert_in_sqlite(pool: &SqlitePool, message_id: &str) -> sqlx::Result<()> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    if inbox::first_time(&mut *transaction, SCOPE, message_id).await? {
        sqlx::query("insert into effects values (?1, ?2)")
            .bind(message_id)
            .bind(i64::from(std::process::id()))
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await
}

async fn insert_in_postgres(pool: &PgPool, message_id: &str) -> sqlx::Result<()> {
    let mut transaction = pool.begin().await?;
    if inbox::first_time(&mut *transaction, SCOPE, message_id).await? {
        sqlx::query("insert into effects values ($1, $2)")
            .bind(message_id)
            .bind(i64::from(std::process::id()))
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await
}
