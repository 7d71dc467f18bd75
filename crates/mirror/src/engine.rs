//! What the mirror needs to know about an engine, SQLite or Postgres.

use sqlx::{Database, SqlStr};

/// An engine that this crate supports: [`sqlx::Sqlite`] or [`sqlx::Postgres`], depending on the feature. Sealed.
///
/// If your program chooses its engine when it starts, match on the setting and call one function that is generic over
/// this trait.
pub trait Engine: Database<Connection: sealed::Dialect> {}

impl<DB: Database<Connection: sealed::Dialect>> Engine for DB {}

/// The dialect of an engine. It belongs to the connection, so that a trait that extends [`Engine`] inherits no name
/// of it.
pub(crate) type Sql<DB> = <DB as Database>::Connection;

/// The type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text that is looked up. A longer one than [`Kind::LONGEST_KEY`] is null: an index cannot hold it.
    Key,
    Text,
    Integer,
    Boolean,
    /// Milliseconds since 1970 in the object.
    Timestamp,
    /// An object or a list.
    Json,
}

impl Kind {
    /// In bytes. An index of Postgres holds about 2,700.
    pub(crate) const LONGEST_KEY: usize = 1_000;
}

/// A row of texts.
pub(crate) type Row = Vec<Option<String>>;

pub(crate) mod sealed {
    use super::{Kind, Row, SqlStr};

    /// How an engine writes what the two write differently.
    pub trait Dialect: Sized {
        /// What stands before the name of each table.
        const PREFIX: &'static str;
        /// The statement that begins a transaction that writes.
        const BEGIN: &'static str;
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

        /// Whether a column's value is one of the texts of the JSON list in the parameter.
        fn is_in(column: &str, parameter: &str) -> String;

        /// The objects of the JSON list in parameter 1, as a source of rows.
        fn records(columns: &[(&str, Kind)]) -> String;

        /// The value of a column in a row of [`records`](Self::records).
        fn field(column: &str, kind: Kind) -> String;

        /// One statement that does what several insertions into different tables do.
        fn combine(insertions: &[String]) -> String;

        /// The statements that lock keys until the transaction ends. Empty on an engine with one writer.
        fn lock(exclusive: &[i64], shared: &[i64]) -> String;

        /// Runs a batch of statements without parameters.
        fn run(
            connection: &mut Self,
            batch: SqlStr,
        ) -> impl Future<Output = sqlx::Result<()>> + Send;

        /// Runs a statement. Returns the number of rows affected.
        fn execute(
            connection: &mut Self,
            statement: SqlStr,
            texts: &[&str],
        ) -> impl Future<Output = sqlx::Result<u64>> + Send;

        /// Runs a statement that returns rows of texts.
        fn rows(
            connection: &mut Self,
            statement: SqlStr,
            texts: &[&str],
        ) -> impl Future<Output = sqlx::Result<Vec<Row>>> + Send;
    }
}

/// The methods that differ only in their types. A macro, since sqlx' generic bounds for "any database" are longer.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! run_statements {
    ($arguments:ty) => {
        async fn run(connection: &mut Self, batch: SqlStr) -> sqlx::Result<()> {
            sqlx::raw_sql(batch).execute(connection).await.map(drop)
        }

        async fn execute(
            connection: &mut Self,
            statement: SqlStr,
            texts: &[&str],
        ) -> sqlx::Result<u64> {
            let query = sqlx::query_with(statement, arguments::<$arguments>(texts)?);
            Ok(query.execute(connection).await?.rows_affected())
        }

        async fn rows(
            connection: &mut Self,
            statement: SqlStr,
            texts: &[&str],
        ) -> sqlx::Result<Vec<Row>> {
            use sqlx::Row as _;
            let query = sqlx::query_with(statement, arguments::<$arguments>(texts)?);
            let rows = query.fetch_all(connection).await?;
            let texts_of = |row: &<<Self as sqlx::Connection>::Database as Database>::Row| {
                (0..row.len()).map(|column| row.try_get(column)).collect()
            };
            rows.iter().map(texts_of).collect()
        }
    };
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

#[cfg(feature = "postgres")]
impl sealed::Dialect for sqlx::PgConnection {
    const PREFIX: &'static str = "clerk.";
    const BEGIN: &'static str = "begin";
    const CREATE_SCHEMA: &'static str = "create schema if not exists clerk";
    const LOCK_MIGRATIONS: &'static str = "select pg_advisory_xact_lock(7164773311834726771)";
    const HAS_VERSIONS: &'static str = "select count(to_regclass('clerk.mirror_migrations'))::text";
    const NOW: &'static str = "(extract(epoch from statement_timestamp()) * 1000)::bigint";
    const TABLE_OPTIONS: &'static str = "";

    fn column_type(kind: Kind) -> &'static str {
        match kind {
            Kind::Key | Kind::Text => "text",
            Kind::Integer => "bigint",
            Kind::Boolean => "boolean",
            Kind::Timestamp => "timestamptz",
            Kind::Json => "jsonb",
        }
    }

    /// An array, so that an index finds its elements.
    fn is_in(column: &str, parameter: &str) -> String {
        format!("{column} = any (array(select jsonb_array_elements_text({parameter}::jsonb)))")
    }

    fn records(columns: &[(&str, Kind)]) -> String {
        let definition = |(name, kind): &(&str, Kind)| match kind {
            Kind::Timestamp => format!(r#""{name}" bigint"#),
            kind => format!(r#""{name}" {}"#, Self::column_type(*kind)),
        };
        let definitions: Vec<_> = columns.iter().map(definition).collect();
        let definitions = definitions.join(", ");
        format!("jsonb_to_recordset($1::jsonb) as record ({definitions})")
    }

    fn field(column: &str, kind: Kind) -> String {
        match kind {
            Kind::Timestamp => format!(r#"to_timestamp(record."{column}" / 1000.0)"#),
            _ => format!(r#"record."{column}""#),
        }
    }

    fn combine(insertions: &[String]) -> String {
        let step =
            |(number, insertion): (usize, &String)| format!("step_{number} as ({insertion})");
        let steps: Vec<_> = insertions.iter().enumerate().map(step).collect();
        format!("with {} select", steps.join(", "))
    }

    /// Simple statements: their numbers are no text from outside.
    fn lock(exclusive: &[i64], shared: &[i64]) -> String {
        let statement = |function: &str, keys: &[i64]| {
            let keys: Vec<_> = keys.iter().map(i64::to_string).collect();
            match keys.join(",") {
                keys if keys.is_empty() => String::new(),
                keys => format!("; select {function}(key) from unnest('{{{keys}}}'::bigint[]) key"),
            }
        };
        statement("pg_advisory_xact_lock_shared", shared)
            + &statement("pg_advisory_xact_lock", exclusive)
    }

    run_statements!(sqlx::postgres::PgArguments);
}

#[cfg(feature = "sqlite")]
impl sealed::Dialect for sqlx::SqliteConnection {
    const PREFIX: &'static str = "clerk_";
    const BEGIN: &'static str = "begin immediate";
    const CREATE_SCHEMA: &'static str = "";
    /// Empty, since a file has one writer at a time.
    const LOCK_MIGRATIONS: &'static str = "";
    const HAS_VERSIONS: &'static str =
        "select cast(count(*) as text) from sqlite_schema where name = 'clerk_mirror_migrations'";
    const NOW: &'static str = "cast(unixepoch('subsec') * 1000 as integer)";
    const TABLE_OPTIONS: &'static str = " strict";

    fn column_type(kind: Kind) -> &'static str {
        match kind {
            Kind::Integer | Kind::Boolean => "integer",
            Kind::Key | Kind::Text | Kind::Timestamp | Kind::Json => "text",
        }
    }

    fn is_in(column: &str, parameter: &str) -> String {
        format!("{column} in (select value from json_each({parameter}))")
    }

    fn records(_: &[(&str, Kind)]) -> String {
        "json_each($1)".to_owned()
    }

    /// A timestamp is text as in RFC 3339, which SQLite's date functions and every client read.
    fn field(column: &str, kind: Kind) -> String {
        let value = format!("(value ->> '{column}')");
        match kind {
            Kind::Timestamp => format!(
                "strftime('%Y-%m-%dT%H:%M:%S', {value} / 1000, 'unixepoch') \
                 || printf('.%03dZ', {value} % 1000)"
            ),
            _ => value,
        }
    }

    /// sqlx runs them one after the other, with the same parameters.
    fn combine(insertions: &[String]) -> String {
        insertions.join("; ")
    }

    fn lock(_: &[i64], _: &[i64]) -> String {
        String::new()
    }

    run_statements!(sqlx::sqlite::SqliteArguments);
}
