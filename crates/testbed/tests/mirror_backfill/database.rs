//! A fresh database of each engine.

use std::{env, future::Future, sync::Arc};

use clerk_webhooks::RawClerkEvent;
use clerk_webhooks_mirror::{Engine, Mirror, MirrorError};
use sqlx::{
    Connection as _, PgConnection, Pool, Postgres, Row as _, Sqlite, postgres::PgConnectOptions,
};
use tokio::task::LocalSet;

/// An engine, and a way around the mirror.
pub(crate) trait Database: Engine + Sized {
    /// What the names of the mirror's tables begin with.
    const PREFIX: &'static str;
    /// Begins a transaction that writes.
    const BEGIN: &'static str;

    /// The rows of a query for two texts.
    fn pairs(
        pool: &Pool<Self>,
        query: String,
    ) -> impl Future<Output = Vec<(String, String)>> + Send;

    /// Runs a statement.
    fn run(pool: &Pool<Self>, statement: String) -> impl Future<Output = ()> + Send;

    /// Applies an event in a transaction of the test.
    fn deliver(
        mirror: &Mirror<Self>,
        pool: &Pool<Self>,
        message_id: &str,
        event: &RawClerkEvent,
    ) -> impl Future<Output = Result<(), MirrorError>> + Send;
}

macro_rules! database {
    ($Engine:ident, $prefix:literal, $begin:literal) => {
        impl Database for $Engine {
            const PREFIX: &'static str = $prefix;
            const BEGIN: &'static str = $begin;

            async fn pairs(pool: &Pool<Self>, query: String) -> Vec<(String, String)> {
                let rows = sqlx::query(sqlx::AssertSqlSafe(query))
                    .fetch_all(pool)
                    .await
                    .unwrap();
                rows.iter().map(|row| (row.get(0), row.get(1))).collect()
            }

            async fn run(pool: &Pool<Self>, statement: String) {
                sqlx::query(sqlx::AssertSqlSafe(statement))
                    .execute(pool)
                    .await
                    .unwrap();
            }

            async fn deliver(
                mirror: &Mirror<Self>,
                pool: &Pool<Self>,
                message_id: &str,
                event: &RawClerkEvent,
            ) -> Result<(), MirrorError> {
                let mut transaction = pool.begin_with(Self::BEGIN).await.unwrap();
                mirror
                    .apply_raw(&mut transaction, message_id, event)
                    .await?;
                transaction.commit().await.unwrap();
                Ok(())
            }
        }
    };
}

database!(Sqlite, "clerk_", "begin immediate");
database!(Postgres, "clerk.", "begin");

/// Runs a scenario on a file of its own.
pub(crate) async fn on_sqlite<F>(scenario: impl FnOnce(Pool<Sqlite>) -> F)
where
    F: Future<Output = ()>,
{
    let folder = tempfile::tempdir().unwrap();
    let pool = clerk_webhooks_sqlx::open_sqlite(folder.path().join("mirror.db"))
        .await
        .unwrap();
    scenario(pool.clone()).await;
    pool.close().await;
}

/// Runs a scenario in a database of its own: the mirror's schema has a fixed name. It is dropped also after a failure.
pub(crate) async fn on_postgres<F>(scenario: impl FnOnce(Pool<Postgres>) -> F)
where
    F: Future<Output = ()> + 'static,
{
    let url = env::var("CLERK_WEBHOOKS_POSTGRES_URL").expect("CLERK_WEBHOOKS_POSTGRES_URL");
    let options: PgConnectOptions = url.parse().unwrap();
    let name = format!("mirror_backfill_{:016x}", fastrand::u64(..));
    let mut admin = PgConnection::connect_with(&options).await.unwrap();
    let create = sqlx::AssertSqlSafe(format!("create database {name}"));
    sqlx::query(create).execute(&mut admin).await.unwrap();
    let pool = Pool::connect_with(options.database(&name)).await.unwrap();
    // A task of its own, so that a failure is an outcome.
    let tasks = LocalSet::new();
    let scenario = tasks.spawn_local(scenario(pool.clone()));
    let ended = tasks.run_until(scenario).await;
    pool.close().await;
    let drop = sqlx::AssertSqlSafe(format!("drop database {name} with (force)"));
    sqlx::query(drop).execute(&mut admin).await.unwrap();
    if let Err(error) = ended {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// The mirror on this database.
pub(crate) async fn mirror<DB: Database>(pool: &Pool<DB>) -> Arc<Mirror<DB>> {
    Arc::new(Mirror::new(pool.clone()).await.unwrap())
}
