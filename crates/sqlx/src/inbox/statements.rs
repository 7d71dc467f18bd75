//! The inbox's statements. They differ only in their SQL, so a macro implements them, like those of the stores.

use super::sealed::Statements;

/// Implements `Statements` for a connection, with the statements of a module of [`sql`](crate::sql).
macro_rules! statements {
    ($connection:ty, $sql:ident) => {
        impl Statements for $connection {
            async fn note(&mut self, scope: &str, message_id: &str) -> sqlx::Result<u64> {
                let statement = sqlx::query($sql::FIRST_TIME).bind(scope).bind(message_id);
                Ok(statement.execute(self).await?.rows_affected())
            }

            async fn forget(&mut self, scope: &str, message_id: &str) -> sqlx::Result<u64> {
                let statement = sqlx::query($sql::FORGET).bind(scope).bind(message_id);
                Ok(statement.execute(self).await?.rows_affected())
            }

            async fn purge(&mut self, older_than: i64, at_most: i64) -> sqlx::Result<u64> {
                let statement = sqlx::query($sql::PURGE).bind(older_than).bind(at_most);
                Ok(statement.execute(self).await?.rows_affected())
            }
        }
    };
}

#[cfg(feature = "postgres")]
use crate::sql::postgres::inbox as postgres;
#[cfg(feature = "postgres")]
statements!(sqlx::PgConnection, postgres);

#[cfg(feature = "sqlite")]
use crate::sql::sqlite::inbox as sqlite;
#[cfg(feature = "sqlite")]
statements!(sqlx::SqliteConnection, sqlite);
