//! A database for each test, gone when the test is over.

use std::{env, thread};

use example_sync_users::{Database, Table};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::runtime::Runtime;

const VARIABLE: &str = "CLERK_WEBHOOKS_POSTGRES_URL";

/// Makes each function, which takes a [`Database`], a test on SQLite and one on Postgres.
macro_rules! on_both_databases {
    ($($test:ident,)+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                crate::databases::on_sqlite(super::$test).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
            async fn $test() {
                crate::databases::on_postgres(super::$test).await;
            })+
        }
    };
}

/// Without waiting for the disk, which the rules do not depend on.
pub(crate) async fn on_sqlite<T: Future<Output = ()>>(test: impl FnOnce(Database) -> T) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    let database = Database::connect(&url).await.unwrap();
    execute(&database, "pragma synchronous = off").await;
    test(database.clone()).await;
    database.close().await;
}

/// Without waiting for the disk either.
pub(crate) async fn on_postgres<T: Future<Output = ()>>(test: impl FnOnce(Database) -> T) {
    let schema = Schema::create().await;
    let database = Database::connect(&url_in(&schema.0)).await.unwrap();
    test(database.clone()).await;
    database.close().await;
}

pub(crate) async fn execute(database: &Database, statements: &str) {
    let statements = sqlx::raw_sql(AssertSqlSafe(statements.to_owned()));
    match database {
        Database::Sqlite(pool) => statements.execute(pool).await.map(drop),
        Database::Postgres(pool) => statements.execute(pool).await.map(drop),
    }
    .unwrap();
}

pub(crate) async fn count(database: &Database, table: &str) -> i64 {
    let statement = AssertSqlSafe(format!("select count(*) from {table}"));
    match database {
        Database::Sqlite(pool) => sqlx::query_scalar(statement).fetch_one(pool).await,
        Database::Postgres(pool) => sqlx::query_scalar(statement).fetch_one(pool).await,
    }
    .unwrap()
}

/// For another process to connect to it.
pub(crate) async fn url(database: &Database) -> String {
    match database {
        Database::Sqlite(pool) => {
            format!(
                "sqlite://{}",
                pool.connect_options().get_filename().display()
            )
        }
        Database::Postgres(pool) => {
            let schema = sqlx::query_scalar("select current_schema()::text");
            let schema: String = schema.fetch_one(pool).await.unwrap();
            url_in(&schema)
        }
    }
}

/// A row as one text: `user_1|ada@example.com|Ada|-|1|-`.
pub(crate) async fn rows(database: &Database, table: &Table) -> Vec<String> {
    let rows = database.rows(table).await.unwrap();
    let text = |value: &Option<String>| value.clone().unwrap_or("-".to_owned());
    let row = |row: &Vec<_>| row.iter().map(text).collect::<Vec<_>>().join("|");
    rows.iter().map(row).collect()
}

/// A schema of its own on the server.
struct Schema(String);

impl Schema {
    async fn create() -> Self {
        let schema = Self(format!("sync_users_test_{:016x}", fastrand::u64(..)));
        execute_on_server(&format!("create schema {}", schema.0)).await;
        schema
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        // A transaction that a failed test left open must not hold up the others for ever.
        let statements = format!("set lock_timeout = '10s'; drop schema {} cascade", self.0);
        let drop = move || {
            Runtime::new()
                .unwrap()
                .block_on(execute_on_server(&statements));
        };
        let dropped = thread::spawn(drop).join();
        assert!(
            dropped.is_ok() || thread::panicking(),
            "schema {} is left behind",
            self.0
        );
    }
}

fn url_in(schema: &str) -> String {
    let server = server();
    let separator = if server.contains('?') { '&' } else { '?' };
    format!("{server}{separator}options[search_path]={schema}&options[synchronous_commit]=off")
}

fn server() -> String {
    env::var(VARIABLE).unwrap_or_else(|_| panic!("set {VARIABLE} to a server's URL"))
}

async fn execute_on_server(statements: &str) {
    let mut connection = PgConnection::connect(&server()).await.unwrap();
    let statements = sqlx::raw_sql(AssertSqlSafe(statements.to_owned()));
    statements.execute(&mut connection).await.unwrap();
}
