//! The scripts that apply objects and deletions to a table. What they take for new is the order of all deliveries: the tables
//! do not depend on the order in which these arrive.

use super::{
    table::{
        OBJECT, Parent, Part, TOMBSTONES, Table, VERSION, VERSION_AT, VERSION_MESSAGE_ID,
        VERSION_SENT_AT,
    },
    tables::TABLES,
};
use crate::{
    engine::{
        Engine, Sql,
        kind::Kind,
        script::{Columns, Fresh, Script, Step},
        sealed::Dialect as _,
    },
    version::Version,
};

impl Script {
    /// Writes the objects in the records.
    pub(crate) fn write<DB: Engine>(table: &'static Table) -> Self {
        let mut fields = table.all_columns();
        fields.extend(table.parts.iter().map(|part| (part.list, Kind::Json)));
        let mut steps = Vec::new();
        for part in table.parts {
            steps.push(delete_elements::<DB>(part));
            steps.push(upsert_elements::<DB>(part));
        }
        if !table.parents.is_empty() {
            steps.push(delete::<DB>(table.name, "id", "fresh.is_orphan"));
        }
        steps.push(upsert::<DB>(table));
        if !table.parents.is_empty() {
            steps.push(bury::<DB>(
                table.name,
                &version_of("fresh"),
                "fresh.is_orphan",
            ));
        }
        let (prefix, name) = (Sql::<DB>::PREFIX, table.name);
        let is_newer = newer::<DB>("record", "held");
        let is_newer_than_grave = newer::<DB>("record", "grave");
        Self {
            verb: "write",
            table: name,
            fields,
            fresh: Fresh {
                columns: format!(
                    "{} as is_orphan, held.{OBJECT} as before",
                    is_orphan::<DB>(table)
                ),
                condition: format!(
                    "(held.id is null or {is_newer}) and not exists (
        select 1 from {prefix}{TOMBSTONES} grave
        where grave.table_name = '{name}' and grave.id = record.id and not {is_newer_than_grave}
    )"
                ),
            },
            outcome: "when fresh.is_orphan and fresh.held_id is null then 'stale'
        when fresh.is_orphan then 'deleted'
        when fresh.held_id is null then 'inserted'
        else 'updated'",
            steps,
        }
    }

    /// Deletes for good the objects with the ids in the records, and what belongs to them.
    pub(crate) fn delete<DB: Engine>(table: &'static Table) -> Self {
        let last = Version::FINAL_AT;
        // First: a deletion of a parent, which may happen meanwhile, also writes the tombstone before it deletes the row.
        let mut steps = vec![
            bury::<DB>(table.name, &format!("{last}, 0, ''"), "true"),
            delete::<DB>(table.name, "id", "true"),
        ];
        for part in table.parts {
            steps.push(delete::<DB>(part.name, part.owner, "true"));
        }
        for dependent in TABLES {
            let parents = dependent.parents.iter();
            for parent in parents.filter(|parent| parent.table == table.name) {
                steps.push(bury_dependents::<DB>(dependent, parent));
                steps.push(delete::<DB>(dependent.name, parent.column, "true"));
            }
        }
        Self {
            verb: "delete",
            table: table.name,
            fields: vec![("id", Kind::Key)],
            fresh: Fresh {
                columns: "null as before".to_owned(),
                // What is deleted already has no row.
                condition: "true".to_owned(),
            },
            outcome: "when fresh.held_id is null then 'stale' else 'deleted'",
            steps,
        }
    }
}

/// The total order of an object's versions, as that of [`Version`].
fn newer<DB: Engine>(one: &str, other: &str) -> String {
    let version = |of: &str| {
        let bytes = Sql::<DB>::BY_BYTES;
        format!("({of}.{VERSION_AT}, {of}.{VERSION_SENT_AT}, {of}.{VERSION_MESSAGE_ID} {bytes})")
    };
    format!("{} > {}", version(one), version(other))
}

/// Whether a parent of the record is deleted.
fn is_orphan<DB: Engine>(table: &Table) -> String {
    let (prefix, last) = (Sql::<DB>::PREFIX, Version::FINAL_AT);
    let is_deleted = table.parents.iter().map(|parent| {
        format!(
            "exists (select 1 from {prefix}{TOMBSTONES} parent where parent.table_name = '{}'
        and parent.id = record.{} and parent.version_at = {last})",
            parent.table, parent.column
        )
    });
    let is_deleted: Vec<_> = is_deleted.collect();
    if is_deleted.is_empty() {
        "false".to_owned()
    } else {
        format!("({})", is_deleted.join(" or "))
    }
}

fn upsert<DB: Engine>(table: &Table) -> Step {
    let columns = table.all_columns();
    let values = columns.iter().map(|(name, kind)| {
        let field = format!(r#"fresh."{name}""#);
        Sql::<DB>::value(&field, *kind)
    });
    let insert = insert::<DB>(table.name, &columns, &values.collect::<Vec<_>>());
    let (from, sets) = (Sql::<DB>::FROM_FRESH, sets(&columns));
    Step {
        statement: format!(
            "{insert} {from} where not fresh.is_orphan on conflict (id) do update set {sets}"
        ),
        condition: "not fresh.is_orphan".to_owned(),
    }
}

/// Deletes the elements that their list has no more.
fn delete_elements<DB: Engine>(part: &Part) -> Step {
    let (prefix, from) = (Sql::<DB>::PREFIX, Sql::<DB>::FROM_FRESH);
    let Part {
        name, list, owner, ..
    } = part;
    let elements = Sql::<DB>::elements(list, &[("id", Kind::Key)]);
    let id = Sql::<DB>::element("id");
    Step {
        statement: format!(
            "delete from {prefix}{name} where {owner} in (select fresh.id {from}) and id not in (
        select {id} from {elements}
    )"
        ),
        condition: format!("fresh.held_id is not null and {}", list_differs(list)),
    }
}

/// An element that is as before is not written again.
fn upsert_elements<DB: Engine>(part: &Part) -> Step {
    let columns = part.all_columns();
    let prefix = Sql::<DB>::PREFIX;
    let Part {
        name, list, owner, ..
    } = part;
    let of_element = columns.get(1..).unwrap_or_default();
    let values = of_element
        .iter()
        .map(|(name, kind)| Sql::<DB>::value(&Sql::<DB>::element(name), *kind));
    let values = ["fresh.id".to_owned()].into_iter().chain(values);
    let insert = insert::<DB>(name, &columns, &values.collect::<Vec<_>>());
    let elements = Sql::<DB>::elements(list, of_element);
    let own = part.columns.iter().map(|column| (column.name, column.kind));
    let own: Columns = own.collect();
    let differs = own.iter().map(|(column, _)| {
        format!(r#"{prefix}{name}."{column}" is distinct from excluded."{column}""#)
    });
    let differs: Vec<_> = differs.collect();
    let (sets, differs) = (sets(&own), differs.join(" or "));
    Step {
        statement: format!(
            "{insert} from {elements} where true
    on conflict ({owner}, id) do update set {sets} where {differs}"
        ),
        condition: format!(r#"fresh."{list}" <> '[]' and {}"#, list_differs(list)),
    }
}

/// Whether a list is another one than before.
fn list_differs(list: &str) -> String {
    format!("fresh.before -> '{list}' is distinct from fresh.{OBJECT} -> '{list}'")
}

fn insert<DB: Engine>(name: &str, columns: &Columns, values: &[String]) -> String {
    let names: Vec<_> = columns
        .iter()
        .map(|(name, _)| format!(r#""{name}""#))
        .collect();
    format!(
        "insert into {}{name} ({}) select {}",
        Sql::<DB>::PREFIX,
        names.join(", "),
        values.join(", "),
    )
}

fn sets(columns: &Columns) -> String {
    let set = |(name, _): &(&str, Kind)| format!(r#""{name}" = excluded."{name}""#);
    let sets: Vec<_> = columns.iter().map(set).collect();
    sets.join(", ")
}

fn delete<DB: Engine>(name: &str, column: &str, condition: &str) -> Step {
    let (prefix, from) = (Sql::<DB>::PREFIX, Sql::<DB>::FROM_FRESH);
    Step {
        statement: format!(
            "delete from {prefix}{name} where {column} in (select fresh.id {from} where {condition})"
        ),
        condition: condition.to_owned(),
    }
}

/// Makes a tombstone with this version.
fn bury<DB: Engine>(name: &str, version: &str, condition: &str) -> Step {
    let from = Sql::<DB>::FROM_FRESH;
    Step {
        statement: insert_tombstones::<DB>(name, &format!("fresh.id, {version}"), from, condition),
        condition: condition.to_owned(),
    }
}

/// Their tombstones have their own versions: a newer one may belong to another parent.
fn bury_dependents<DB: Engine>(table: &Table, parent: &Parent) -> Step {
    let (prefix, from) = (Sql::<DB>::PREFIX, Sql::<DB>::FROM_FRESH);
    let values = format!("held.id, {}", version_of("held"));
    let source = format!("from {prefix}{} held", table.name);
    let condition = format!("held.{} in (select fresh.id {from})", parent.column);
    Step {
        statement: insert_tombstones::<DB>(table.name, &values, &source, &condition),
        condition: "true".to_owned(),
    }
}

/// A final tombstone stays: a dependent may be deleted at the same time as its parent.
fn insert_tombstones<DB: Engine>(name: &str, values: &str, from: &str, condition: &str) -> String {
    let (prefix, now) = (Sql::<DB>::PREFIX, Sql::<DB>::NOW);
    let last = Version::FINAL_AT;
    format!(
        "insert into {prefix}{TOMBSTONES} as grave
        (table_name, id, {VERSION_AT}, {VERSION_SENT_AT}, {VERSION_MESSAGE_ID}, recorded_at)
    select '{name}', {values}, {now} {from} where {condition}
    on conflict (id, table_name) do update set
        {VERSION_AT} = excluded.{VERSION_AT},
        {VERSION_SENT_AT} = excluded.{VERSION_SENT_AT},
        {VERSION_MESSAGE_ID} = excluded.{VERSION_MESSAGE_ID},
        recorded_at = excluded.recorded_at
    where grave.{VERSION_AT} < {last}"
    )
}

fn version_of(row: &str) -> String {
    VERSION.map(|(name, _)| format!("{row}.{name}")).join(", ")
}
