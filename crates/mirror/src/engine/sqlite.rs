//! SQLite.

use serde_json::Value;
use sqlx::{Arguments as _, SqlStr, SqliteConnection, sqlite::SqliteArguments};

use super::{
    Record, Row, arguments, fetch,
    kind::Kind,
    script::{Call, Locks, Script},
    sealed::Dialect,
};

/// A statement that reads what is new: if the record in the parameters is. It binds only the fields that it reads, since
/// each takes its time.
fn with_fresh(script: &Script, statement: &str) -> String {
    let read = script.fresh(SqliteConnection::PREFIX, "") + statement;
    let fields = script.fields.iter().enumerate();
    let fields = fields.filter(|(_, (name, _))| read.contains(name));
    let fields = fields.map(|(at, (name, _))| format!(r#"${} as "{name}""#, at + 1));
    let record = format!(
        "(select {}) as record",
        fields.collect::<Vec<_>>().join(", ")
    );
    let fresh = script.fresh(SqliteConnection::PREFIX, &record);
    format!("with fresh as ({fresh}) {statement}")
}

fn select_outcome(script: &Script, wants_before: &str) -> String {
    let outcome = script.outcome(wants_before).join(", ");
    with_fresh(script, &format!("select {outcome} from fresh"))
}

impl Dialect for SqliteConnection {
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
        let outcome = select_outcome(script, &wants_before);
        let steps = script
            .steps
            .iter()
            .map(|step| with_fresh(script, &step.statement));
        [outcome]
            .into_iter()
            .chain(steps)
            .collect::<Vec<_>>()
            .join("; ")
    }

    #[cfg(feature = "backfill")]
    fn compare(script: &Script) -> String {
        select_outcome(script, "false")
    }

    async fn call_script(
        connection: &mut Self,
        call: &Call,
        records: &[&Record],
        _: &Locks,
        wants_before: bool,
    ) -> sqlx::Result<Vec<Row>> {
        let mut rows = Vec::new();
        for Record(values) in records {
            let mut arguments = SqliteArguments::default();
            for field in &call.fields {
                let added = match values.get(*field) {
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

    run_statements!(SqliteArguments);
}
