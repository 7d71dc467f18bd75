//! The suite on Postgres, each test in a database of its own, and what only Postgres does.

use std::{env, future::Future, str::FromStr as _, sync::Arc, time::Duration};

use clerk_webhooks_sqlx::{migrate, queue::Queue};
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, Postgres,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::task::{self, JoinError};
use tower::{BoxError, service_fn};

use crate::{
    scenarios::storing::noting,
    support::{Bench, Running, Seen},
};

const URL: &str = "CLERK_WEBHOOKS_POSTGRES_URL";

async fn on_a_bench<F>(scenario: impl FnOnce(Bench<Postgres>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    on_a_database(|database| async {
        let running = bench(database).await;
        task::spawn(scenario(running)).await
    })
    .await;
}

/// One that is gone afterwards, whatever becomes of the test.
async fn on_a_database<F>(test: impl FnOnce(PgConnectOptions) -> F)
where
    F: Future<Output = Result<(), JoinError>>,
{
    let url = env::var(URL).unwrap_or_else(|_| panic!("{URL} is not set"));
    let server = PgConnectOptions::from_str(&url).unwrap();
    let name = format!("clerk_queue_{:016x}", fastrand::u64(..));
    let mut admin = PgConnection::connect_with(&server).await.unwrap();
    let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    admin.execute(create).await.unwrap();
    let outcome = test(server.database(&name)).await;
    let drop = AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
    admin.execute(drop).await.unwrap();
    outcome.unwrap();
}

async fn bench(database: PgConnectOptions) -> Bench<Postgres> {
    let around = database.clone();
    Bench {
        queue: open(database.clone()).await,
        reopen: Arc::new(move || Box::pin(open(database.clone()))),
        execute: Arc::new(move |sql| {
            let database = around.clone();
            Box::pin(async move {
                let mut connection = PgConnection::connect_with(&database).await.unwrap();
                let sql = AssertSqlSafe(in_postgres(&sql));
                connection.execute(sql).await.unwrap().rows_affected()
            })
        }),
    }
}

async fn open(database: PgConnectOptions) -> Queue<Postgres> {
    let pool = PgPoolOptions::new()
        .max_connections(4)
        .connect_lazy_with(database);
    migrate(&pool).await.unwrap();
    Queue::new(&pool, "clerk").await.unwrap()
}

fn in_postgres(sql: &str) -> String {
    sql.replace("{queue}", "clerk_queue")
        .replace("{now}", "(extract(epoch from now()) * 1000)::bigint")
}

all_scenarios!(
    super::on_a_bench,
    ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"
);

/// As when the server restarts: every connection breaks, in the middle of a run too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn broken_connections_end_neither_worker_nor_what_it_runs() {
    on_a_bench(|bench| async move {
        let seen = Seen::default();
        let running = {
            let seen = seen.clone();
            service_fn(move |event: clerk_webhooks::queue::QueuedEvent| {
                seen.note(event);
                async {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    Ok::<_, BoxError>(())
                }
            })
        };
        let worker = bench.queue.worker(running);
        let worker = Running::start(worker.with_lease(Duration::from_secs(5)));
        let break_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()";
        for round in 1..=3 {
            bench.store(&format!("msg_{round}")).await;
            seen.reaches(round).await;
            assert_ne!(bench.execute(break_all).await, 0);
            tokio::time::sleep(Duration::from_millis(200)).await;
            bench.execute(break_all).await;
            tokio::time::sleep(Duration::from_millis(1500)).await;
        }
        bench.is_counted(0, 0, 0).await;
        worker.stop().await;
        assert_eq!(seen.attempts(), [1; 3]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn a_role_that_may_only_use_the_tables_is_enough_once_they_are_made() {
    on_a_database(|database| {
        task::spawn(async move {
            open(database.clone()).await;
            let role = format!("clerk_queue_{:016x}", fastrand::u64(..));
            let mut admin = PgConnection::connect_with(&database).await.unwrap();
            let make = format!(
                "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA public TO {role}; \
                 GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"
            );
            admin.execute(AssertSqlSafe(make)).await.unwrap();
            let used = task::spawn(is_used(database.username(&role))).await;
            let drop = format!("DROP OWNED BY {role}; DROP ROLE {role}");
            admin.execute(AssertSqlSafe(drop)).await.unwrap();
            used.unwrap();
        })
    })
    .await;
}

async fn is_used(database: PgConnectOptions) {
    let bench = bench(database).await;
    bench.store("msg_1").await;
    let worker = Running::start(bench.queue.worker(noting(&Seen::default())));
    bench.is_counted(0, 0, 0).await;
    worker.stop().await;
}
