//! Runs the queue's statements. The engines differ only in types.

use sqlx::Connection;

use super::lease::{DeadRow, End, LeaseRequest, LeasedRow, NextRow, Push};
use crate::millis::millis;

/// The statements of [`sql`](crate::sql), on a connection or in a transaction.
pub trait Statements: Connection {
    /// Returns whether the event was stored.
    fn push(&mut self, push: &Push) -> impl Future<Output = sqlx::Result<bool>> + Send;

    /// Returns whether the lease was still held.
    fn end(&mut self, end: &End) -> impl Future<Output = sqlx::Result<bool>> + Send;

    fn has_ended(&mut self, end: &End) -> impl Future<Output = sqlx::Result<bool>> + Send;

    fn next(&mut self, queue: &str) -> impl Future<Output = sqlx::Result<Vec<NextRow>>> + Send;

    fn lease(
        &mut self,
        request: &LeaseRequest<'_>,
    ) -> impl Future<Output = sqlx::Result<Vec<LeasedRow>>> + Send;

    /// `whose` is the queue and the owner. `messages` is a JSON array of message ids.
    fn extend(
        &mut self,
        whose: (&str, &str),
        messages: &str,
        millis: i64,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Returns message ids and their crashes.
    fn take_over(
        &mut self,
        queue: &str,
        at_most: i64,
        longest_pause: i64,
    ) -> impl Future<Output = sqlx::Result<Vec<(String, i64)>>> + Send;

    fn counts(&mut self, queue: &str)
    -> impl Future<Output = sqlx::Result<(i64, i64, i64)>> + Send;

    fn count(&mut self, queue: &str, state: &str)
    -> impl Future<Output = sqlx::Result<i64>> + Send;

    fn dead_letters(
        &mut self,
        queue: &str,
        after: (i64, &str),
        at_most: i64,
    ) -> impl Future<Output = sqlx::Result<Vec<DeadRow>>> + Send;

    fn dead_letter(
        &mut self,
        queue: &str,
        message_id: &str,
    ) -> impl Future<Output = sqlx::Result<Option<DeadRow>>> + Send;

    fn requeue(
        &mut self,
        queue: &str,
        message_id: &str,
    ) -> impl Future<Output = sqlx::Result<bool>> + Send;

    fn drop_dead(
        &mut self,
        queue: &str,
        message_id: &str,
    ) -> impl Future<Output = sqlx::Result<bool>> + Send;

    fn purge(
        &mut self,
        queue: &str,
        older_than: i64,
        at_most: i64,
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;
}

/// Implements `Statements` for a connection, with the statements of a module of [`sql`](crate::sql).
///
/// Statements that write and return rows use `fetch_all`: on SQLite `fetch_one` stops at the row, and the error of
/// the commit that follows is lost.
macro_rules! statements {
    ($connection:ty, $sql:ident) => {
        impl Statements for $connection {
            async fn push(&mut self, push: &Push) -> sqlx::Result<bool> {
                let query = sqlx::query($sql::PUSH)
                    .bind(&*push.queue)
                    .bind(&push.message_id)
                    .bind(push.due_at)
                    .bind(&push.body);
                Ok(query.execute(self).await?.rows_affected() == 1)
            }

            async fn end(&mut self, end: &End) -> sqlx::Result<bool> {
                let (lease, outcome) = (&end.lease, &end.outcome);
                let query = sqlx::query($sql::END)
                    .bind(outcome.state())
                    .bind(millis(outcome.pause()))
                    .bind(end.attempts())
                    .bind(outcome.error())
                    .bind(&*lease.queue)
                    .bind(&lease.message_id)
                    .bind(&*lease.owner)
                    .bind(lease.attempt);
                Ok(query.execute(self).await?.rows_affected() == 1)
            }

            async fn has_ended(&mut self, end: &End) -> sqlx::Result<bool> {
                let query = sqlx::query_scalar($sql::HAS_ENDED)
                    .bind(&*end.lease.queue)
                    .bind(&end.lease.message_id)
                    .bind(end.outcome.state())
                    .bind(end.attempts())
                    .bind(end.outcome.error());
                let ended: i64 = query.fetch_one(self).await?;
                Ok(ended == 1)
            }

            async fn next(&mut self, queue: &str) -> sqlx::Result<Vec<NextRow>> {
                sqlx::query_as($sql::NEXT).bind(queue).fetch_all(self).await
            }

            async fn lease(&mut self, request: &LeaseRequest<'_>) -> sqlx::Result<Vec<LeasedRow>> {
                let query = sqlx::query_as($sql::LEASE)
                    .bind(request.queue)
                    .bind(request.crashes.0)
                    .bind(request.crashes.1)
                    .bind(request.at_most)
                    .bind(request.owner)
                    .bind(request.lasts);
                query.fetch_all(self).await
            }

            async fn extend(
                &mut self,
                whose: (&str, &str),
                messages: &str,
                millis: i64,
            ) -> sqlx::Result<()> {
                let query = sqlx::query($sql::EXTEND)
                    .bind(millis)
                    .bind(whose.0)
                    .bind(messages)
                    .bind(whose.1);
                query.execute(self).await.map(drop)
            }

            async fn take_over(
                &mut self,
                queue: &str,
                at_most: i64,
                longest_pause: i64,
            ) -> sqlx::Result<Vec<(String, i64)>> {
                let query = sqlx::query_as($sql::TAKE_OVER)
                    .bind(queue)
                    .bind(at_most)
                    .bind(longest_pause);
                query.fetch_all(self).await
            }

            async fn counts(&mut self, queue: &str) -> sqlx::Result<(i64, i64, i64)> {
                sqlx::query_as($sql::COUNTS)
                    .bind(queue)
                    .fetch_one(self)
                    .await
            }

            async fn count(&mut self, queue: &str, state: &str) -> sqlx::Result<i64> {
                let query = sqlx::query_scalar($sql::COUNT).bind(queue).bind(state);
                query.fetch_one(self).await
            }

            async fn dead_letters(
                &mut self,
                queue: &str,
                after: (i64, &str),
                at_most: i64,
            ) -> sqlx::Result<Vec<DeadRow>> {
                let query = sqlx::query_as($sql::DEAD_LETTERS)
                    .bind(queue)
                    .bind(after.0)
                    .bind(after.1)
                    .bind(at_most);
                query.fetch_all(self).await
            }

            async fn dead_letter(
                &mut self,
                queue: &str,
                message_id: &str,
            ) -> sqlx::Result<Option<DeadRow>> {
                let query = sqlx::query_as($sql::DEAD_LETTER)
                    .bind(queue)
                    .bind(message_id);
                query.fetch_optional(self).await
            }

            async fn requeue(&mut self, queue: &str, message_id: &str) -> sqlx::Result<bool> {
                let query = sqlx::query($sql::REQUEUE).bind(queue).bind(message_id);
                Ok(query.execute(self).await?.rows_affected() == 1)
            }

            async fn drop_dead(&mut self, queue: &str, message_id: &str) -> sqlx::Result<bool> {
                let query = sqlx::query($sql::DROP).bind(queue).bind(message_id);
                Ok(query.execute(self).await?.rows_affected() == 1)
            }

            async fn purge(
                &mut self,
                queue: &str,
                older_than: i64,
                at_most: i64,
            ) -> sqlx::Result<u64> {
                let query = sqlx::query($sql::PURGE)
                    .bind(queue)
                    .bind(older_than)
                    .bind(at_most);
                Ok(query.execute(self).await?.rows_affected())
            }
        }
    };
}

#[cfg(feature = "postgres")]
use crate::sql::postgres::queue as postgres;
#[cfg(feature = "postgres")]
statements!(sqlx::PgConnection, postgres);

#[cfg(feature = "sqlite")]
use crate::sql::sqlite::queue as sqlite;
#[cfg(feature = "sqlite")]
statements!(sqlx::SqliteConnection, sqlite);
