//! An effect that must happen exactly once: a welcome credit, in a database.

use clerk_webhooks_sqlx::Engine;
use sqlx::{Pool, Postgres, Sqlite, Transaction};

/// The table has no unique key, so only the queue or the inbox prevents a second row.
const CREATE: &str =
    "create table if not exists credits (user_id text not null, amount integer not null)";
const ADD: &str = "insert into credits (user_id, amount) values ($1, 10)";
const COUNT: &str = "select count(*) from credits";

/// The credits in a database of either engine.
pub(crate) trait Credits: Engine {
    fn create(pool: &Pool<Self>) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Begins a transaction that will write.
    fn begin(
        pool: &Pool<Self>,
    ) -> impl Future<Output = sqlx::Result<Transaction<'static, Self>>> + Send;

    fn add(
        transaction: &mut Transaction<'_, Self>,
        user_id: &str,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    fn count(pool: &Pool<Self>) -> impl Future<Output = sqlx::Result<i64>> + Send;
}

macro_rules! credits {
    ($engine:ty, $begin:literal) => {
        impl Credits for $engine {
            async fn create(pool: &Pool<Self>) -> sqlx::Result<()> {
                sqlx::query(CREATE).execute(pool).await.map(drop)
            }

            async fn begin(pool: &Pool<Self>) -> sqlx::Result<Transaction<'static, Self>> {
                pool.begin_with($begin).await
            }

            async fn add(
                transaction: &mut Transaction<'_, Self>,
                user_id: &str,
            ) -> sqlx::Result<()> {
                let credit = sqlx::query(ADD).bind(user_id);
                credit.execute(&mut **transaction).await.map(drop)
            }

            async fn count(pool: &Pool<Self>) -> sqlx::Result<i64> {
                sqlx::query_scalar(COUNT).fetch_one(pool).await
            }
        }
    };
}

credits!(Postgres, "begin");
credits!(Sqlite, "begin immediate");
