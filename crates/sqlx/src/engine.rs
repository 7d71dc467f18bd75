//! What the crate needs to know about an engine, SQLite or Postgres.

use sqlx::Database;

/// SQLite or Postgres, as sqlx names them: [`sqlx::Sqlite`], [`sqlx::Postgres`], by feature. Sealed.
pub trait Engine: Database + sealed::Engine {}

impl<DB: Database + sealed::Engine> Engine for DB {}

pub(crate) mod sealed {
    use super::Database;

    pub trait Engine: Database {
        /// The migrations that make its tables.
        const MIGRATIONS: &'static [&'static str];
        /// Whether only one connection can write at a time.
        const HAS_ONE_WRITER: bool;
        /// The statement that begins a transaction that writes.
        const BEGIN: &'static str;
        /// The statement that makes other migrations wait until the transaction ends.
        const LOCK_MIGRATIONS: &'static str;
        /// The query that returns 1 when there is a table of versions, else 0.
        const HAS_VERSIONS: &'static str;

        /// Whether an error with this code may go away by itself a moment later.
        fn is_starting_or_busy(code: &str) -> bool;

        /// A warning for each setting that makes the database less durable or less reliable, with the fix.
        fn weak_settings(
            connection: &mut Self::Connection,
        ) -> impl Future<Output = sqlx::Result<Vec<&'static str>>> + Send;

        /// Runs a batch of statements.
        fn run(
            connection: &mut Self::Connection,
            batch: &'static str,
        ) -> impl Future<Output = sqlx::Result<()>> + Send;

        /// Runs a statement with one number as its parameter.
        fn run_with(
            connection: &mut Self::Connection,
            statement: &'static str,
            number: i64,
        ) -> impl Future<Output = sqlx::Result<()>> + Send;

        /// Runs a query that returns one number.
        fn number(
            connection: &mut Self::Connection,
            query: &'static str,
        ) -> impl Future<Output = sqlx::Result<i64>> + Send;
    }
}

/// Methods that differ only in their types. A macro, since sqlx' generic bounds for "any database" are longer.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! run_statements {
    ($connection:ty) => {
        async fn run(connection: &mut $connection, batch: &'static str) -> sqlx::Result<()> {
            sqlx::raw_sql(batch).execute(connection).await.map(drop)
        }

        async fn run_with(
            connection: &mut $connection,
            statement: &'static str,
            number: i64,
        ) -> sqlx::Result<()> {
            let statement = sqlx::query(statement).bind(number);
            statement.execute(connection).await.map(drop)
        }

        async fn number(connection: &mut $connection, query: &'static str) -> sqlx::Result<i64> {
            sqlx::query_scalar(query).fetch_one(connection).await
        }
    };
}

#[cfg(feature = "postgres")]
impl sealed::Engine for sqlx::Postgres {
    const MIGRATIONS: &'static [&'static str] = crate::sql::postgres::MIGRATIONS;
    const HAS_ONE_WRITER: bool = false;
    const BEGIN: &'static str = "begin";
    const LOCK_MIGRATIONS: &'static str = "select pg_advisory_xact_lock(7164773311834726770)";
    const HAS_VERSIONS: &'static str = "select count(to_regclass('clerk_migrations'))";

    /// The codes for "the server is starting" and "no connection is left".
    fn is_starting_or_busy(code: &str) -> bool {
        matches!(code, "57P03" | "53300")
    }

    async fn weak_settings(connection: &mut sqlx::PgConnection) -> sqlx::Result<Vec<&'static str>> {
        const IS_OFF: &str = "select current_setting('synchronous_commit') = 'off'";
        let is_off: bool = sqlx::query_scalar(IS_OFF).fetch_one(connection).await?;
        let weak = is_off.then_some(
            "synchronous_commit is off: a crash or a power loss of the server loses the newest events, though \
             they were acknowledged; set it to on for this role or pool",
        );
        Ok(weak.into_iter().collect())
    }

    run_statements!(sqlx::PgConnection);
}

#[cfg(feature = "sqlite")]
impl sealed::Engine for sqlx::Sqlite {
    const MIGRATIONS: &'static [&'static str] = crate::sql::sqlite::MIGRATIONS;
    const HAS_ONE_WRITER: bool = true;
    const BEGIN: &'static str = "begin immediate";
    /// Empty, since a file has one writer at a time.
    const LOCK_MIGRATIONS: &'static str = "";
    const HAS_VERSIONS: &'static str =
        "select count(*) from sqlite_schema where name = 'clerk_migrations'";

    /// The codes for "another connection has locked the file".
    fn is_starting_or_busy(code: &str) -> bool {
        code.parse::<u16>()
            .is_ok_and(|code| matches!(code & 0xff, 5 | 6))
    }

    async fn weak_settings(
        connection: &mut sqlx::SqliteConnection,
    ) -> sqlx::Result<Vec<&'static str>> {
        const SETTINGS: &str = "select synchronous, journal_mode, timeout \
             from pragma_synchronous, pragma_journal_mode, pragma_busy_timeout";
        let settings = sqlx::query_as(SETTINGS).fetch_one(connection).await?;
        let (synchronous, journal_mode, busy_timeout): (i64, String, i64) = settings;
        let weak = [
            (synchronous < 2).then_some(
                "synchronous is below FULL: a power loss loses the newest events, though they were \
                 acknowledged; set it to FULL",
            ),
            (journal_mode != "wal").then_some(
                "journal_mode is not WAL: readers block writers and writers block readers; set it to WAL",
            ),
            (busy_timeout == 0).then_some(
                "there is no busy_timeout: a statement fails at once while another connection writes; set it \
                 to some seconds",
            ),
        ];
        Ok(weak.into_iter().flatten().collect())
    }

    run_statements!(sqlx::SqliteConnection);
}
