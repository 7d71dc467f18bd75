//! What the mirror needs to know about an engine, SQLite or Postgres.

use serde_json::{Map, Value};
use sqlx::{Database, SqlStr};

use crate::{
    apply::lock::Locks,
    schema::{scripts::Script, statements::Call},
};

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

/// An object, or an id, as a script reads it.
pub(crate) type Record = Map<String, Value>;

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
            fetch(connection, statement, arguments::<$arguments>(texts)?).await
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

/// What is new among the objects of this JSON list.
#[cfg(feature = "postgres")]
fn fresh_in_postgres(script: &Script, list: &str) -> String {
    let fields = fields_of(&script.fields);
    let records = format!("jsonb_to_recordset({list}) as record ({fields})");
    script.fresh::<sqlx::Postgres>(&records)
}

#[cfg(feature = "postgres")]
fn fields_of(fields: &[(&str, Kind)]) -> String {
    use sealed::Dialect as _;
    let definition = |(name, kind): &(&str, Kind)| match kind {
        Kind::Timestamp => format!(r#""{name}" bigint"#),
        kind => format!(r#""{name}" {}"#, sqlx::PgConnection::column_type(*kind)),
    };
    let definitions: Vec<_> = fields.iter().map(definition).collect();
    definitions.join(", ")
}

#[cfg(feature = "postgres")]
impl sealed::Dialect for sqlx::PgConnection {
    const PREFIX: &'static str = "clerk.";
    const BEGIN: &'static str = "begin";
    const IS_SCRIPT_ATOMIC: bool = true;
    const CREATE_SCHEMA: &'static str = "create schema if not exists clerk";
    const LOCK_MIGRATIONS: &'static str = "select pg_advisory_xact_lock(7164773311834726771)";
    const HAS_VERSIONS: &'static str = "select count(to_regclass('clerk.mirror_migrations'))::text";
    const NOW: &'static str = "(extract(epoch from statement_timestamp()) * 1000)::bigint";
    const TABLE_OPTIONS: &'static str = "";
    const BY_BYTES: &'static str = r#"collate "C""#;
    /// It is a variable.
    const FROM_FRESH: &'static str = "";

    fn column_type(kind: Kind) -> &'static str {
        match kind {
            Kind::Key | Kind::Text => "text",
            Kind::Integer => "bigint",
            Kind::Boolean => "boolean",
            Kind::Timestamp => "timestamptz",
            Kind::Json => "jsonb",
        }
    }

    fn elements(list: &str, fields: &[(&str, Kind)]) -> String {
        let fields = fields_of(fields);
        format!(r#"jsonb_to_recordset(fresh."{list}") as element ({fields})"#)
    }

    fn element(field: &str) -> String {
        format!(r#"element."{field}""#)
    }

    fn value(field: &str, kind: Kind) -> String {
        match kind {
            Kind::Timestamp => format!("to_timestamp({field} / 1000.0)"),
            _ => field.to_owned(),
        }
    }

    /// A function, since a statement sees what others have committed before it began, and not what they commit while it
    /// waits for its locks. It is planned once for each connection, so the plan must not depend on how few rows the tables
    /// have then.
    fn define(script: &Script) -> String {
        let steps = script.steps.iter().map(|step| {
            format!(
                "if {} then\n    {};\nend if;\n",
                step.condition, step.statement
            )
        });
        let [id, outcome, before] = script.outcome("$4");
        format!(
            "create or replace function {prefix}mirror_{name}(jsonb, bigint[], boolean[], boolean)
returns table (id_of_record text, outcome text, object_before text) language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare fresh record;
begin
perform case when is_exclusive then pg_advisory_xact_lock(number) else pg_advisory_xact_lock_shared(number) end
from unnest($2, $3) as lock (number, is_exclusive);
for fresh in {fresh} loop
id_of_record := {id};
outcome := {outcome};
object_before := {before};
return next;
{steps}end loop;
end $$;
",
            prefix = Self::PREFIX,
            name = script.name(),
            fresh = fresh_in_postgres(script, "$1"),
            steps = steps.collect::<String>(),
        )
    }

    fn call(script: &Script) -> String {
        let (prefix, name) = (Self::PREFIX, script.name());
        format!("select * from {prefix}mirror_{name}($1::jsonb, $2, $3, $4)")
    }

    #[cfg(feature = "backfill")]
    fn compare(script: &Script) -> String {
        let fresh = fresh_in_postgres(script, "$1::jsonb");
        let outcome = script.outcome("false").join(", ");
        format!("with fresh as ({fresh}) select {outcome} from fresh")
    }

    async fn call_script(
        connection: &mut Self,
        call: &Call,
        records: &[&Record],
        locks: &Locks,
        wants_before: bool,
    ) -> sqlx::Result<Vec<Row>> {
        use sqlx::Arguments as _;
        let (numbers, are_exclusive) = locks.unzip();
        let records = serde_json::to_string(records);
        let records = records.map_err(|error| sqlx::Error::Encode(error.into()))?;
        let mut arguments = sqlx::postgres::PgArguments::default();
        arguments
            .add(records)
            .and_then(|()| arguments.add(numbers))
            .and_then(|()| arguments.add(are_exclusive))
            .and_then(|()| arguments.add(wants_before))
            .map_err(sqlx::Error::Encode)?;
        fetch(connection, call.statement.clone(), arguments).await
    }

    run_statements!(sqlx::postgres::PgArguments);
}

/// A statement that reads what is new: if the record in the parameters is. It binds only the fields that it reads, since
/// each takes its time.
#[cfg(feature = "sqlite")]
fn with_fresh_in_sqlite(script: &Script, statement: &str) -> String {
    let read = script.fresh::<sqlx::Sqlite>("") + statement;
    let fields = script.fields.iter().enumerate();
    let fields = fields.filter(|(_, (name, _))| read.contains(name));
    let fields = fields.map(|(at, (name, _))| format!(r#"${} as "{name}""#, at + 1));
    let record = format!(
        "(select {}) as record",
        fields.collect::<Vec<_>>().join(", ")
    );
    let fresh = script.fresh::<sqlx::Sqlite>(&record);
    format!("with fresh as ({fresh}) {statement}")
}

#[cfg(feature = "sqlite")]
fn select_outcome_in_sqlite(script: &Script, wants_before: &str) -> String {
    let outcome = script.outcome(wants_before).join(", ");
    with_fresh_in_sqlite(script, &format!("select {outcome} from fresh"))
}

#[cfg(feature = "sqlite")]
impl sealed::Dialect for sqlx::SqliteConnection {
    const PREFIX: &'static str = "clerk_";
    const BEGIN: &'static str = "begin immediate";
    const IS_SCRIPT_ATOMIC: bool = false;
    const CREATE_SCHEMA: &'static str = "";
    /// Empty, since a file has one writer at a time.
    const LOCK_MIGRATIONS: &'static str = "";
    const HAS_VERSIONS: &'static str =
        "select cast(count(*) as text) from sqlite_schema where name = 'clerk_mirror_migrations'";
    const NOW: &'static str = "cast(unixepoch('subsec') * 1000 as integer)";
    const TABLE_OPTIONS: &'static str = " strict";
    const BY_BYTES: &'static str = "collate binary";
    const FROM_FRESH: &'static str = "from fresh";

    fn column_type(kind: Kind) -> &'static str {
        match kind {
            Kind::Integer | Kind::Boolean => "integer",
            Kind::Key | Kind::Text | Kind::Timestamp | Kind::Json => "text",
        }
    }

    fn elements(list: &str, _: &[(&str, Kind)]) -> String {
        format!(r#"fresh, json_each(fresh."{list}") as element"#)
    }

    fn element(field: &str) -> String {
        format!("(element.value ->> '{field}')")
    }

    /// A timestamp is text as in RFC 3339, which SQLite's date functions and every client read.
    fn value(field: &str, kind: Kind) -> String {
        match kind {
            Kind::Timestamp => format!(
                "strftime('%Y-%m-%dT%H:%M:%S', {field} / 1000, 'unixepoch') \
                 || printf('.%03dZ', {field} % 1000)"
            ),
            _ => field.to_owned(),
        }
    }

    fn define(_: &Script) -> String {
        String::new()
    }

    /// sqlx runs the statements one after the other, with the same parameters.
    fn call(script: &Script) -> String {
        let wants_before = format!("${}", script.fields.len() + 1);
        let outcome = select_outcome_in_sqlite(script, &wants_before);
        let steps = script
            .steps
            .iter()
            .map(|step| with_fresh_in_sqlite(script, &step.statement));
        [outcome]
            .into_iter()
            .chain(steps)
            .collect::<Vec<_>>()
            .join("; ")
    }

    #[cfg(feature = "backfill")]
    fn compare(script: &Script) -> String {
        select_outcome_in_sqlite(script, "false")
    }

    async fn call_script(
        connection: &mut Self,
        call: &Call,
        records: &[&Record],
        _: &Locks,
        wants_before: bool,
    ) -> sqlx::Result<Vec<Row>> {
        use sqlx::Arguments as _;
        let mut rows = Vec::new();
        for record in records {
            let mut arguments = sqlx::sqlite::SqliteArguments::default();
            for field in &call.fields {
                let added = match record.get(*field) {
                    None | Some(Value::Null) => arguments.add(None::<&str>),
                    Some(Value::Bool(value)) => arguments.add(*value),
                    Some(Value::Number(number)) => arguments.add(number.as_i64()),
                    Some(Value::String(text)) => arguments.add(text.as_str()),
                    Some(json) => arguments.add(json.to_string()),
                };
                added.map_err(sqlx::Error::Encode)?;
            }
            arguments.add(wants_before).map_err(sqlx::Error::Encode)?;
            rows.extend(fetch(connection, call.statement.clone(), arguments).await?);
        }
        Ok(rows)
    }

    run_statements!(sqlx::sqlite::SqliteArguments);
}
