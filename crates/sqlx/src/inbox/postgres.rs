//! The inbox in Postgres.

use sqlx::PgConnection;

use super::sealed::Statements;
use crate::sql::postgres::inbox as sql;

impl Statements for PgConnection {
    async fn create(&mut self) -> sqlx::Result<()> {
        sqlx::query(sql::CREATE).execute(self).await.map(drop)
    }

    async fn note(&mut self, scope: &str, message_id: &str) -> sqlx::Result<u64> {
        let statement = sqlx::query(sql::FIRST_TIME).bind(scope).bind(message_id);
        Ok(statement.execute(self).await?.rows_affected())
    }

    async fn forget(&mut self, scope: &str, message_id: &str) -> sqlx::Result<u64> {
        let statement = sqlx::query(sql::FORGET).bind(scope).bind(message_id);
        Ok(statement.execute(self).await?.rows_affected())
    }

    async fn purge(&mut self, older_than: i64, at_most: i64) -> sqlx::Result<u64> {
        let statement = sqlx::query(sql::PURGE).bind(older_than).bind(at_most);
        Ok(statement.execute(self).await?.rows_affected())
    }
}
