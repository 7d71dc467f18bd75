//! The implementation of the stores, which differ only in their SQL.
//!
//! A macro, since sqlx' generic bounds for "any database" are longer than this, and have no `rows_affected`.

use clerk_webhooks::idempotency::{Claim, ClaimToken, Outcome};

/// The result of a claim statement: an outcome, or the token that holds the message now.
pub(super) fn claim_of(ours: ClaimToken, found: &str) -> Claim {
    match Outcome::from_name(found) {
        Some(outcome) => Claim::Completed(outcome),
        None if found == ours.to_string() => Claim::Claimed,
        None => Claim::InProgress,
    }
}

/// Implements `IdempotencyStore` for a store with a `pool`, with the statements of the module `sql` in scope.
macro_rules! claims {
    ($store:ty, $database:ty, $arguments:ty, $name:literal) => {
        impl $store {
            async fn rows_affected(
                &self,
                attempt: &'static str,
                statement: Query<'_, $database, $arguments>,
            ) -> Result<u64, DatabaseError> {
                let connection = connect::acquire(&self.pool).await;
                let mut connection = connection.map_err(failed(attempt))?;
                let done = statement.execute(&mut *connection).await;
                Ok(done.map_err(failed(attempt))?.rows_affected())
            }
        }

        fn failed(attempt: &'static str) -> impl FnOnce(sqlx::Error) -> DatabaseError {
            DatabaseError::of($name, attempt)
        }

        /// A statement about one message. Its first two parameters are always the scope and the message id.
        fn about<'q>(
            statement: &'static str,
            key: &'q MessageKey,
        ) -> Query<'q, $database, $arguments> {
            sqlx::query(statement)
                .bind(key.scope())
                .bind(key.message_id())
        }

        impl IdempotencyStore for $store {
            type Error = DatabaseError;

            async fn claim(
                &self,
                key: &MessageKey,
                token: ClaimToken,
                lease: Duration,
            ) -> Result<Claim, DatabaseError> {
                let connection = connect::acquire(&self.pool).await;
                let mut connection = connection.map_err(failed("claim a message"))?;
                // Not `fetch_one`: on SQLite it stops at the row, and the error of the commit that follows is lost.
                let rows = sqlx::query_scalar(sql::CLAIM)
                    .bind(key.scope())
                    .bind(key.message_id())
                    .bind(token.to_string())
                    .bind(millis(lease))
                    .fetch_all(&mut *connection)
                    .await;
                let found = rows.and_then(|mut rows| rows.pop().ok_or(sqlx::Error::RowNotFound));
                let found: String = found.map_err(failed("claim a message"))?;
                Ok(super::claims::claim_of(token, &found))
            }

            async fn extend(
                &self,
                key: &MessageKey,
                token: ClaimToken,
                lease: Duration,
            ) -> Result<bool, DatabaseError> {
                let statement = about(sql::EXTEND, key);
                let statement = statement.bind(token.to_string()).bind(millis(lease));
                let rows = self.rows_affected("extend a claim", statement).await?;
                Ok(rows == 1)
            }

            async fn complete(
                &self,
                key: &MessageKey,
                outcome: Outcome,
                retention: Duration,
            ) -> Result<(), DatabaseError> {
                let statement = about(sql::COMPLETE, key);
                let statement = statement.bind(outcome.as_str()).bind(millis(retention));
                self.rows_affected("complete a message", statement).await?;
                Ok(())
            }

            async fn release(
                &self,
                key: &MessageKey,
                token: ClaimToken,
            ) -> Result<bool, DatabaseError> {
                let statement = about(sql::RELEASE, key).bind(token.to_string());
                let rows = self.rows_affected("release a claim", statement).await?;
                Ok(rows == 1)
            }

            async fn forget(&self, key: &MessageKey) -> Result<bool, DatabaseError> {
                let statement = about(sql::FORGET, key);
                let rows = self.rows_affected("forget a message", statement).await?;
                Ok(rows == 1)
            }
        }
    };
}
