//! A database for each test, gone when the test is over.

use std::time::Duration;

use clerk_webhooks::idempotency::{ClaimToken, MessageKey};
use clerk_webhooks_sqlx::Engine;
use sqlx::{Pool, Transaction};

/// Nothing of this length runs out during a test.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A message that nobody has used.
pub(crate) fn new_key() -> MessageKey {
    MessageKey::new("users", format!("msg_{}", ClaimToken::random()))
}

/// How to begin a transaction that will write.
pub(crate) trait BeginWriting: Engine {
    fn begin_writing(pool: &Pool<Self>) -> impl Future<Output = Transaction<'static, Self>> + Send;

    fn rows_affected(done: &Self::QueryResult) -> u64;
}

#[cfg(feature = "sqlite")]
pub(crate) use self::sqlite::SqliteFile;

#[cfg(feature = "sqlite")]
mod sqlite {
    use std::{env, fs, path::PathBuf};

    use clerk_webhooks::idempotency::ClaimToken;
    use clerk_webhooks_sqlx::open_sqlite;
    use sqlx::{Pool, Sqlite, SqlitePool, Transaction, sqlite::SqliteQueryResult};

    use super::BeginWriting;

    pub(crate) struct SqliteFile(PathBuf);

    impl SqliteFile {
        pub(crate) fn new() -> Self {
            let name = format!("clerk-webhooks-test-{}", ClaimToken::random());
            let folder = env::temp_dir().join(name);
            fs::create_dir(&folder).unwrap();
            Self(folder)
        }

        pub(crate) fn path(&self) -> PathBuf {
            self.0.join("test.db")
        }

        pub(crate) async fn pool(&self) -> SqlitePool {
            open_sqlite(self.path()).await.unwrap()
        }
    }

    impl Drop for SqliteFile {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    impl BeginWriting for Sqlite {
        async fn begin_writing(pool: &Pool<Self>) -> Transaction<'static, Self> {
            pool.begin_with("BEGIN IMMEDIATE").await.unwrap()
        }

        fn rows_affected(done: &SqliteQueryResult) -> u64 {
            done.rows_affected()
        }
    }
}

#[cfg(feature = "postgres")]
pub(crate) use self::postgres::Schema;

#[cfg(feature = "postgres")]
mod postgres {
    use std::{env, thread};

    use clerk_webhooks::idempotency::ClaimToken;
    use sqlx::{
        AssertSqlSafe, ConnectOptions as _, Executor as _, PgPool, Pool, Postgres, Transaction,
        postgres::{PgConnectOptions, PgPoolOptions, PgQueryResult},
    };
    use tokio::runtime::Runtime;

    use super::BeginWriting;

    const VARIABLE: &str = "CLERK_WEBHOOKS_POSTGRES_URL";

    /// A schema of its own on the server.
    pub(crate) struct Schema(String);

    impl Schema {
        pub(crate) async fn create() -> Self {
            let schema = Self(format!("clerk_webhooks_test_{}", ClaimToken::random()));
            execute(&format!("create schema {}", schema.0)).await;
            schema
        }

        pub(crate) fn name(&self) -> &str {
            &self.0
        }

        pub(crate) fn options(&self) -> PgConnectOptions {
            server().options([("search_path", &self.0)])
        }

        pub(crate) async fn pool(&self, connections: u32) -> PgPool {
            let options = PgPoolOptions::new().max_connections(connections);
            options.connect_with(self.options()).await.unwrap()
        }
    }

    impl Drop for Schema {
        fn drop(&mut self) {
            // A transaction that a failed test left open must not hold up the others for ever.
            let statements = format!("set lock_timeout = '10s'; drop schema {} cascade", self.0);
            let dropped =
                thread::spawn(move || Runtime::new().unwrap().block_on(execute(&statements)));
            if dropped.join().is_err() && !thread::panicking() {
                panic!("schema {} is left behind", self.0);
            }
        }
    }

    impl BeginWriting for Postgres {
        async fn begin_writing(pool: &Pool<Self>) -> Transaction<'static, Self> {
            pool.begin().await.unwrap()
        }

        fn rows_affected(done: &PgQueryResult) -> u64 {
            done.rows_affected()
        }
    }

    fn server() -> PgConnectOptions {
        let url = env::var(VARIABLE).unwrap_or_else(|_| panic!("set {VARIABLE} to a server's URL"));
        url.parse().unwrap()
    }

    async fn execute(statements: &str) {
        let mut connection = server().connect().await.unwrap();
        let statements = sqlx::raw_sql(AssertSqlSafe(statements));
        connection.execute(statements).await.unwrap();
    }
}
