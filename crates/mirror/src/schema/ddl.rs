//! The statements that make the tables, one batch for each version of the schema.

use std::fmt::Write as _;

use super::{
    table::{Column, Part, TOMBSTONES, VERSION},
    tables::TABLES,
};
use crate::engine::{Engine, Sql, kind::Kind, script::Script, sealed::Dialect as _};

/// The versions of the schema that were applied.
pub(crate) const MIGRATIONS: &str = "mirror_migrations";
/// Where a backfill goes on after an interruption.
pub(crate) const BACKFILL: &str = "mirror_backfill";

/// The version of the schema that last changed a script.
const SCRIPTS: usize = 1;

/// The batches of statements, of version 1 and every later one.
pub(crate) fn migrations<DB: Engine>() -> Vec<String> {
    let columns = TABLES.iter().flat_map(|table| {
        let of_parts = table.parts.iter().flat_map(|part| part.columns);
        table.columns.iter().chain(of_parts)
    });
    let newest = columns.map(|column| column.since).fold(SCRIPTS, usize::max);
    let mut migrations: Vec<_> = (1..=newest).map(migration::<DB>).collect();
    // The scripts depend on all columns.
    if let Some(last) = migrations.last_mut() {
        *last += &scripts::<DB>();
    }
    migrations
}

fn scripts<DB: Engine>() -> String {
    let scripts = TABLES.map(|table| [Script::write::<DB>(table), Script::delete::<DB>(table)]);
    scripts.iter().flatten().map(Sql::<DB>::define).collect()
}

fn migration<DB: Engine>(version: usize) -> String {
    let mut batch = if version == 1 {
        own_tables::<DB>()
    } else {
        String::new()
    };
    for table in TABLES {
        let (first, last) = frame_of_table::<DB>();
        batch += &changes::<DB>(version, table.name, table.columns, &first, &last);
        for part in table.parts {
            let (first, last) = frame_of_part(part);
            batch += &changes::<DB>(version, part.name, part.columns, &first, &last);
        }
    }
    batch
}

fn own_tables<DB: Engine>() -> String {
    let (prefix, options) = (Sql::<DB>::PREFIX, Sql::<DB>::TABLE_OPTIONS);
    let version = version_columns::<DB>();
    format!(
        "create table {prefix}{TOMBSTONES} (
    table_name text not null,
    id text not null,
    {version},
    recorded_at {integer} not null,
    primary key (id, table_name)
){options};
create index clerk_{TOMBSTONES}_recorded_at on {prefix}{TOMBSTONES} (recorded_at);
create table {prefix}{BACKFILL} (list text primary key, place text not null){options};
",
        integer = Sql::<DB>::column_type(Kind::Integer),
    )
}

fn version_columns<DB: Engine>() -> String {
    let column = |(name, kind)| format!("{name} {} not null", Sql::<DB>::column_type(kind));
    VERSION.map(column).join(",\n    ")
}

/// What stands before and after the columns of its own.
fn frame_of_table<DB: Engine>() -> (String, String) {
    let object = Sql::<DB>::column_type(Kind::Json);
    let version = version_columns::<DB>();
    (
        "id text not null primary key".to_owned(),
        format!("object {object} not null,\n    {version}"),
    )
}

fn frame_of_part(part: &Part) -> (String, String) {
    let owner = part.owner;
    (
        format!("{owner} text not null,\n    id text not null"),
        format!("primary key ({owner}, id)"),
    )
}

/// A table is made in the version of its oldest column; each later column is added in its own.
fn changes<DB: Engine>(
    version: usize,
    name: &str,
    columns: &[Column],
    first: &str,
    last: &str,
) -> String {
    let prefix = Sql::<DB>::PREFIX;
    let definition = |column: &Column| {
        format!(
            r#""{}" {}"#,
            column.name,
            Sql::<DB>::column_type(column.kind)
        )
    };
    let new: Vec<_> = columns
        .iter()
        .filter(|column| column.since == version)
        .collect();
    let is_new = columns.iter().all(|column| version <= column.since);
    let mut changes = String::new();
    if new.is_empty() {
        return changes;
    }
    if is_new {
        let definitions: Vec<_> = new.iter().map(|column| definition(column)).collect();
        let (definitions, options) = (definitions.join(",\n    "), Sql::<DB>::TABLE_OPTIONS);
        let _ = writeln!(
            changes,
            "create table {prefix}{name} (\n    {first},\n    {definitions},\n    {last}\n){options};"
        );
    } else {
        for column in &new {
            let _ = writeln!(
                changes,
                "alter table {prefix}{name} add column {};",
                definition(column)
            );
        }
    }
    for column in new.iter().filter(|column| column.is_indexed) {
        let column = column.name;
        let _ = writeln!(
            changes,
            r#"create index clerk_{name}_{column} on {prefix}{name} ("{column}");"#
        );
    }
    changes
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::{SCRIPTS, migrations, scripts};
    use crate::apply::lock::number;

    /// Databases that are there keep their functions until the schema has a new version.
    #[test]
    fn a_script_that_changed_has_a_new_version() {
        let fingerprint = number("scripts", &scripts::<sqlx::Postgres>());
        let newest = migrations::<sqlx::Postgres>().len();
        assert_eq!(
            (newest, fingerprint),
            (1, 6_416_680_826_412_725_743),
            "raise `SCRIPTS`, which is {SCRIPTS}, and write the new values here"
        );
    }
}
