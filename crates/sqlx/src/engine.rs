//! What the crate needs to know about an engine, SQLite or Postgres.

use sqlx::{Arguments, Database, Encode, Type};

use self::sealed::Dialect as _;

/// An engine that this crate supports: [`sqlx::Sqlite`] or [`sqlx::Postgres`], depending on the feature. Sealed.
///
/// If your program chooses its engine when it starts, match on the setting and call one function that is generic over
/// this trait.
///
/// A trait of yours may extend it. It then inherits the names of [`Database`] alone:
///
/// ```
/// # #[cfg(feature = "sqlite")] {
/// use clerk_webhooks_sqlx::Engine;
///
/// trait App: Engine {
///     const BEGIN: &'static str;
///     const MIGRATIONS: &'static [&'static str];
///
///     fn execute() -> usize;
/// }
///
/// impl App for sqlx::Sqlite {
///     const BEGIN: &'static str = "begin immediate";
///     const MIGRATIONS: &'static [&'static str] = &["create table users (id text primary key)"];
///
///     fn execute() -> usize {
///         1
///     }
/// }
///
/// fn steps<DB: App>() -> usize {
///     DB::MIGRATIONS.len() + DB::BEGIN.len() + DB::execute()
/// }
///
/// assert_eq!(steps::<sqlx::Sqlite>(), 17);
/// # }
/// ```
pub trait Engine: Database<Connection: sealed::Dialect> {}

impl<DB: Database<Connection: sealed::Dialect>> Engine for DB {}

/// The statements of an engine, and how they are run. They belong to its connection, so that a trait that extends
/// [`Engine`] inherits no name of them.
pub(crate) type Sql<DB> = <DB as Database>::Connection;

pub(crate) mod sealed {
    use super::{Row, Value};
    use crate::statements::Statements;

    pub trait Dialect: Statements + Sized {
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
        /// For each setting that makes the database less durable or less reliable: the query that returns 1 when
        /// it is weak, else 0, and a warning that says how to fix it.
        const WEAK_SETTINGS: &'static [(&'static str, &'static str)];

        /// Whether an error with this code may go away by itself a moment later.
        fn is_starting_or_busy(code: &str) -> bool;

        /// Runs a batch of statements without parameters.
        fn run(
            connection: &mut Self,
            batch: &'static str,
        ) -> impl Future<Output = sqlx::Result<()>> + Send;

        /// Runs a statement. Returns the number of rows affected.
        fn execute(
            connection: &mut Self,
            statement: &'static str,
            values: &[Value<'_>],
        ) -> impl Future<Output = sqlx::Result<u64>> + Send;

        /// Runs a statement that returns rows, always to its end: SQLite commits after the last row.
        fn rows<R: Row>(
            connection: &mut Self,
            statement: &'static str,
            values: &[Value<'_>],
        ) -> impl Future<Output = sqlx::Result<Vec<R>>> + Send;
    }
}

/// A parameter of a statement.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    Text(&'a str),
    Number(i64),
    TextOrNull(Option<&'a str>),
    NumberOrNull(Option<i64>),
}

/// A row that every chosen engine can decode.
pub trait Row: PostgresRow + SqliteRow + Send + Unpin {}

impl<R: PostgresRow + SqliteRow + Send + Unpin> Row for R {}

macro_rules! decodable {
    ($name:ident, $feature:literal, $row:ty) => {
        #[cfg(feature = $feature)]
        pub trait $name: for<'r> sqlx::FromRow<'r, $row> {}
        #[cfg(feature = $feature)]
        impl<R: for<'r> sqlx::FromRow<'r, $row>> $name for R {}
        #[cfg(not(feature = $feature))]
        pub trait $name {}
        #[cfg(not(feature = $feature))]
        impl<R> $name for R {}
    };
}

decodable!(PostgresRow, "postgres", sqlx::postgres::PgRow);
decodable!(SqliteRow, "sqlite", sqlx::sqlite::SqliteRow);

/// The number that a query without parameters returns.
pub(crate) async fn number<DB: Engine>(
    connection: &mut DB::Connection,
    query: &'static str,
) -> sqlx::Result<i64> {
    let rows: Vec<(i64,)> = Sql::<DB>::rows(connection, query, &[]).await?;
    rows.first()
        .map(|row| row.0)
        .ok_or(sqlx::Error::RowNotFound)
}

/// The methods that differ only in their types. A macro, since sqlx' generic bounds for "any database" are longer.
macro_rules! run_statements {
    ($arguments:ty) => {
        async fn run(connection: &mut Self, batch: &'static str) -> sqlx::Result<()> {
            sqlx::raw_sql(batch).execute(connection).await.map(drop)
        }

        async fn execute(
            connection: &mut Self,
            statement: &'static str,
            values: &[Value<'_>],
        ) -> sqlx::Result<u64> {
            let query = sqlx::query_with(statement, arguments::<$arguments>(values)?);
            Ok(query.execute(connection).await?.rows_affected())
        }

        async fn rows<R: Row>(
            connection: &mut Self,
            statement: &'static str,
            values: &[Value<'_>],
        ) -> sqlx::Result<Vec<R>> {
            let query = sqlx::query_as_with(statement, arguments::<$arguments>(values)?);
            query.fetch_all(connection).await
        }
    };
}

fn arguments<A: Arguments + Default>(values: &[Value<'_>]) -> sqlx::Result<A>
where
    for<'q> Option<&'q str>: Encode<'q, A::Database> + Type<A::Database>,
    for<'q> Option<i64>: Encode<'q, A::Database> + Type<A::Database>,
{
    let mut arguments = A::default();
    for value in values {
        let added = match *value {
            Value::Text(text) => arguments.add(Some(text)),
            Value::Number(number) => arguments.add(Some(number)),
            Value::TextOrNull(text) => arguments.add(text),
            Value::NumberOrNull(number) => arguments.add(number),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

#[cfg(feature = "postgres")]
impl sealed::Dialect for sqlx::PgConnection {
    const MIGRATIONS: &'static [&'static str] = crate::sql::postgres::MIGRATIONS;
    const HAS_ONE_WRITER: bool = false;
    const BEGIN: &'static str = "begin";
    const LOCK_MIGRATIONS: &'static str = "select pg_advisory_xact_lock(7164773311834726770)";
    const HAS_VERSIONS: &'static str = "select count(to_regclass('clerk_migrations'))";
    const WEAK_SETTINGS: &'static [(&'static str, &'static str)] = &[(
        "select (current_setting('synchronous_commit') = 'off')::int::bigint",
        "synchronous_commit is off: a crash or a power loss of the server loses the newest events, though \
         they were acknowledged; set it to on for this role or pool",
    )];

    /// The codes for "the server is starting" and "no connection is left".
    fn is_starting_or_busy(code: &str) -> bool {
        matches!(code, "57P03" | "53300")
    }

    run_statements!(sqlx::postgres::PgArguments);
}

#[cfg(feature = "sqlite")]
impl sealed::Dialect for sqlx::SqliteConnection {
    const MIGRATIONS: &'static [&'static str] = crate::sql::sqlite::MIGRATIONS;
    const HAS_ONE_WRITER: bool = true;
    const BEGIN: &'static str = "begin immediate";
    /// Empty, since a file has one writer at a time.
    const LOCK_MIGRATIONS: &'static str = "";
    const HAS_VERSIONS: &'static str =
        "select count(*) from sqlite_schema where name = 'clerk_migrations'";
    const WEAK_SETTINGS: &'static [(&'static str, &'static str)] = &[
        (
            "select synchronous < 2 from pragma_synchronous",
            "synchronous is below FULL: a power loss loses the newest events, though they were \
             acknowledged; set it to FULL",
        ),
        (
            "select journal_mode <> 'wal' from pragma_journal_mode",
            "journal_mode is not WAL: readers block writers and writers block readers; set it to WAL",
        ),
        (
            "select timeout = 0 from pragma_busy_timeout",
            "there is no busy_timeout: a statement fails at once while another connection writes; set it \
             to some seconds",
        ),
    ];

    /// The codes for "another connection has locked the file".
    fn is_starting_or_busy(code: &str) -> bool {
        code.parse::<u16>()
            .is_ok_and(|code| matches!(code & 0xff, 5 | 6))
    }

    run_statements!(sqlx::sqlite::SqliteArguments);
}
