//! What the stores do, which differs by database in nothing but its SQL.
//!
//! A macro: sqlx' generic bounds for "any database" are longer than this, and know no `rows_affected`.

/// Implements `IdempotencyStore` for a store with a `pool`, by the statements of the module `sql` in scope.
macro_rules! claims {
    ($store:ty, $database:ty, $arguments:ty, $name:literal) => {
        impl $store {
            async fn rows_affected(
                &self,
                attempt: &'static str,
                statement: Query<'_, $database, $arguments>,
            ) -> Result<u64, StoreError> {
                let done = statement.execute(&self.pool).await;
                Ok(done.map_err(failed(attempt))?.rows_affected())
            }
        }

        fn failed(attempt: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
            StoreError::of($name, attempt)
        }

        /// A statement about one message, whose scope and id come first in all of them.
        fn about<'q>(
            statement: &'static str,
            key: &'q MessageKey,
        ) -> Query<'q, $database, $arguments> {
            sqlx::query(statement)
                .bind(key.scope())
                .bind(key.message_id())
        }

        impl IdempotencyStore for $store {
            type Error = StoreError;

            async fn claim(
                &self,
                key: &MessageKey,
                token: ClaimToken,
                lease: Duration,
            ) -> Result<Claim, StoreError> {
                // Not `fetch_one`: on SQLite it stops at the row, and loses the error of the commit after it.
                let rows = sqlx::query_scalar(sql::CLAIM)
                    .bind(key.scope())
                    .bind(key.message_id())
                    .bind(token.to_string())
                    .bind(millis(lease))
                    .fetch_all(&self.pool)
                    .await;
                let found = rows.and_then(|mut rows| rows.pop().ok_or(sqlx::Error::RowNotFound));
                let found: String = found.map_err(failed("claim a message"))?;
                Ok(super::claim_of(token, &found))
            }

            async fn extend(
                &self,
                key: &MessageKey,
                token: ClaimToken,
                lease: Duration,
            ) -> Result<bool, StoreError> {
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
            ) -> Result<(), StoreError> {
                let statement = about(sql::COMPLETE, key);
                let statement = statement.bind(outcome.as_str()).bind(millis(retention));
                self.rows_affected("complete a message", statement).await?;
                Ok(())
            }

            async fn release(
                &self,
                key: &MessageKey,
                token: ClaimToken,
            ) -> Result<bool, StoreError> {
                let statement = about(sql::RELEASE, key).bind(token.to_string());
                let rows = self.rows_affected("release a claim", statement).await?;
                Ok(rows == 1)
            }

            async fn forget(&self, key: &MessageKey) -> Result<bool, StoreError> {
                let statement = about(sql::FORGET, key);
                let rows = self.rows_affected("forget a message", statement).await?;
                Ok(rows == 1)
            }
        }
    };
}
