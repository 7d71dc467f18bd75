//! What the mirror needs to know about an engine, SQLite or Postgres.

use serde_json::{Map, Value};
use sqlx::{Database, SqlStr};

use self::{
    kind::Kind,
    script::{Call, Locks, Script},
};

/// The methods that differ only in their types. A macro, since sqlx' generic bounds for "any database" are longer.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! run_statements {
    ($arguments:ty) => {
        async fn run(connection: &mut Self, batch: SqlStr) -> sqlx::Result<()> {
            sqlx::raw_sql(batch).execute(connection).await.map(drop)
        }

        async fn rows(
            connection: &mut Self,
            statement: SqlStr,
            texts: &[&str],
        ) -> sqlx::Result<Vec<Row>> {
            fetch(connection, statement, arguments::<$arguments>(texts)?).await
        }
    };
}

pub(crate) mod kind;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg_attr(
    not(all(feature = "postgres", feature = "sqlite")),
    expect(dead_code, reason = "each engine reads its part")
)]
pub(crate) mod script;
#[cfg(feature = "sqlite")]
mod sqlite;

/// An engine that this crate supports: [`sqlx::Sqlite`] or [`sqlx::Postgres`], depending on the feature. Sealed.
///
/// If your program chooses its engine when it starts, match on the setting and call one function that is generic over
/// this trait.
pub trait Engine: Database<Connection: sealed::Dialect> {}

impl<DB: Database<Connection: sealed::Dialect>> Engine for DB {}

/// The dialect of an engine. It belongs to the connection, so that a trait that extends [`Engine`] inherits no name
/// of it.
pub(crate) type Sql<DB> = <DB as Database>::Connection;

/// A row of texts.
pub(crate) type Row = Vec<Option<String>>;

/// The fields of an object, or an id, as a script reads them.
#[derive(Debug, Clone)]
pub struct Record(pub(crate) Map<String, Value>);

pub(crate) mod sealed {
    use super::{Call, Kind, Locks, Record, Row, Script, SqlStr};

    /// How an engine writes what the two write differently.
    pub trait Dialect: Sized {
        /// What stands before the name of each table.
        const PREFIX: &'static str;
        /// The statement that begins a transaction that writes.
        const BEGIN: &'static str;
        /// Whether a script is one statement, which needs no transaction around it.
        const IS_SCRIPT_ATOMIC: bool;
        /// What makes the place for the tables.
        const CREATE_SCHEMA: &'static str;
        /// The statement that makes other migrations wait until the transaction ends.
        const LOCK_MIGRATIONS: &'static str;
        /// The query that returns 1 when there is a table of versions, else 0.
        const HAS_VERSIONS: &'static str;
        /// The time in milliseconds since 1970.
        const NOW: &'static str;
        /// Stands after the columns of a table.
        const TABLE_OPTIONS: &'static str;

        /// The type of a column.
        fn column_type(kind: Kind) -> &'static str;

        /// Compares texts by their bytes.
        const BY_BYTES: &'static str;

        /// Stands behind the values of a statement that reads `fresh`.
        const FROM_FRESH: &'static str;

        /// The elements of a list of `fresh`, as the source `element` of rows. A statement that reads them reads `fresh`.
        fn elements(list: &str, fields: &[(&str, Kind)]) -> String;

        /// A field of a row of [`elements`](Self::elements).
        fn element(field: &str) -> String;

        /// A field as the value of a column.
        fn value(field: &str, kind: Kind) -> String;

        /// The statements that store a script in the database, if it can.
        fn define(script: &Script) -> String;

        /// The statement that runs a script.
        fn call(script: &Script) -> String;

        /// The statement that returns what a script would.
        #[cfg(feature = "backfill")]
        fn compare(script: &Script) -> String;

        /// Runs a [`call`](Self::call) of a script under these locks, which are kept until the transaction ends.
        fn call_script(
            connection: &mut Self,
            call: &Call,
            records: &[&Record],
            locks: &Locks,
            wants_before: bool,
        ) -> impl Future<Output = sqlx::Result<Vec<Row>>> + Send;

        /// Runs a batch of statements without parameters.
        fn run(
            connection: &mut Self,
            batch: SqlStr,
        ) -> impl Future<Output = sqlx::Result<()>> + Send;

        /// Runs a statement. Returns its rows as texts.
        fn rows(
            connection: &mut Self,
            statement: SqlStr,
            texts: &[&str],
        ) -> impl Future<Output = sqlx::Result<Vec<Row>>> + Send;
    }
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
fn arguments<A: sqlx::Arguments + Default>(texts: &[&str]) -> sqlx::Result<A>
where
    for<'q> &'q str: sqlx::Encode<'q, A::Database> + sqlx::Type<A::Database>,
{
    let mut arguments = A::default();
    for text in texts {
        arguments.add(*text).map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
async fn fetch<C>(
    connection: &mut C,
    statement: SqlStr,
    arguments: <C::Database as Database>::Arguments,
) -> sqlx::Result<Vec<Row>>
where
    C: sqlx::Connection,
    for<'c> &'c mut C: sqlx::Executor<'c, Database = C::Database>,
    <C::Database as Database>::Arguments: sqlx::IntoArguments<C::Database>,
    usize: sqlx::ColumnIndex<<C::Database as Database>::Row>,
    for<'r> Option<String>: sqlx::Decode<'r, C::Database> + sqlx::Type<C::Database>,
{
    use sqlx::Row as _;
    let rows = sqlx::query_with(statement, arguments)
        .fetch_all(connection)
        .await?;
    let texts_of = |row: &<C::Database as Database>::Row| {
        (0..row.len()).map(|column| row.try_get(column)).collect()
    };
    rows.iter().map(texts_of).collect()
}
