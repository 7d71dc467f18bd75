//! The scripts that apply objects and deletions to a table.
//!
//! A script first selects what is new among its records, `fresh`: that is the order of all deliveries. What it then changes
//! depends on `fresh` alone. Postgres runs it as one statement in a function, SQLite statement by statement.

use super::{
    ddl::TOMBSTONES,
    table::{OBJECT, Part, Table, VERSION, VERSION_AT, VERSION_MESSAGE_ID, VERSION_SENT_AT},
    tables::TABLES,
};
use crate::{
    engine::{Engine, Kind, Sql, sealed::Dialect as _},
    version::Version,
};

/// Columns and their types.
pub(crate) type Columns = Vec<(&'static str, Kind)>;

#[derive(Debug)]
pub struct Script {
    verb: &'static str,
    table: &'static str,
    /// The fields of a record.
    pub(crate) fields: Columns,
    /// The query of what is new.
    fresh: Fresh,
    /// What becomes of what is fresh: `inserted`, `updated`, `deleted` or `stale`. What is not fresh is stale too.
    outcome: &'static str,
    /// What changes the tables. No step changes what a later one reads.
    pub(crate) steps: Vec<String>,
}

#[derive(Debug)]
struct Fresh {
    columns: String,
    condition: String,
}

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
            steps.push(delete::<DB>(table.name, "id", "is_orphan"));
        }
        steps.push(upsert::<DB>(table));
        if !table.parents.is_empty() {
            let version = VERSION.map(|(name, _)| name).join(", ");
            let condition = "is_orphan";
            steps.push(bury::<DB>(table.name, &version, "fresh", condition));
        }
        let (prefix, name) = (Sql::<DB>::PREFIX, table.name);
        let is_newer = newer::<DB>("record", "held");
        let is_newer_than_grave = newer::<DB>("record", "grave");
        Self {
            verb: "write",
            table: name,
            fields,
            fresh: Fresh {
                columns: format!("{} as is_orphan, held.{OBJECT} as before", is_orphan::<DB>(table)),
                condition: format!(
                    "(held.id is null or {is_newer}) and not exists (
        select 1 from {prefix}{TOMBSTONES} grave
        where grave.table_name = '{name}' and grave.id = record.id and not {is_newer_than_grave}
    )"
                ),
            },
            outcome: "when is_orphan and held_id is null then 'stale'
        when is_orphan then 'deleted'
        when held_id is null then 'inserted'
        else 'updated'",
            steps,
        }
    }

    /// Deletes for good the objects with the ids in the records, and what belongs to them.
    pub(crate) fn delete<DB: Engine>(table: &'static Table) -> Self {
        let (prefix, name) = (Sql::<DB>::PREFIX, table.name);
        let last = Version::FINAL_AT;
        let mut steps = vec![delete::<DB>(name, "id", "true")];
        for part in table.parts {
            steps.push(delete::<DB>(part.name, part.owner, "true"));
        }
        for dependent in TABLES {
            let parents = dependent.parents.iter();
            for parent in parents.filter(|parent| parent.table == name) {
                let source = format!("{prefix}{}", dependent.name);
                let version = VERSION.map(|(name, _)| name).join(", ");
                let is_dependent = format!("{} in (select id from fresh)", parent.column);
                steps.push(bury::<DB>(dependent.name, &version, &source, &is_dependent));
                steps.push(delete::<DB>(dependent.name, parent.column, "true"));
            }
        }
        steps.push(bury::<DB>(name, &format!("{last}, 0, ''"), "fresh", "true"));
        Self {
            verb: "delete",
            table: name,
            fields: vec![("id", Kind::Key)],
            fresh: Fresh {
                columns: "null as before".to_owned(),
                condition: format!(
                    "not exists (
        select 1 from {prefix}{TOMBSTONES} grave
        where grave.table_name = '{name}' and grave.id = record.id and grave.version_at = {last}
    )"
                ),
            },
            outcome: "when held_id is null then 'stale' else 'deleted'",
            steps,
        }
    }

    /// What is new among the records in this parameter.
    pub(crate) fn fresh<DB: Engine>(&self, records: &str) -> String {
        let Fresh { columns, condition } = &self.fresh;
        format!(
            "select record.*, held.id as held_id, {columns}
    from {source} left join {prefix}{table} held on held.id = record.id
    where {condition}",
            source = Sql::<DB>::records(&self.fields, records),
            prefix = Sql::<DB>::PREFIX,
            table = self.table,
        )
    }

    /// The query of what becomes of what is fresh: its id, what becomes of it, and the object before if this parameter says so.
    pub(crate) fn outcomes(&self, wants_before: &str) -> String {
        format!(
            "select id, case
        {}
    end, case when {wants_before} then cast(before as text) end from fresh",
            self.outcome
        )
    }

    /// Unique among the scripts.
    #[cfg(feature = "postgres")]
    pub(crate) fn name(&self) -> String {
        format!("{}_{}", self.verb, self.table)
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

fn upsert<DB: Engine>(table: &Table) -> String {
    let columns = table.all_columns();
    let values = columns.iter().map(|(name, kind)| {
        let field = format!(r#"fresh."{name}""#);
        Sql::<DB>::value(&field, *kind)
    });
    let insert = insert::<DB>(table.name, &columns, values.collect());
    let sets = sets(&columns);
    format!("{insert} from fresh where not is_orphan on conflict (id) do update set {sets}")
}

/// Deletes the elements that their list has no more.
fn delete_elements<DB: Engine>(part: &Part) -> String {
    let (prefix, Part { name, list, owner, .. }) = (Sql::<DB>::PREFIX, part);
    let elements = Sql::<DB>::elements(list, &[("id", Kind::Key)]);
    let id = Sql::<DB>::element("id");
    format!(
        "delete from {prefix}{name} where ({owner}, id) in (
        select held.{owner}, held.id from fresh join {prefix}{name} held on held.{owner} = fresh.id
        where not exists (select 1 from {elements} where {id} = held.id)
    )"
    )
}

/// An element that is as before is not written again.
fn upsert_elements<DB: Engine>(part: &Part) -> String {
    let columns = part.all_columns();
    let (prefix, Part { name, list, owner, .. }) = (Sql::<DB>::PREFIX, part);
    let [_, of_element @ ..] = columns.as_slice() else {
        return String::new();
    };
    let values = of_element
        .iter()
        .map(|(name, kind)| Sql::<DB>::value(&Sql::<DB>::element(name), *kind));
    let values = ["fresh.id".to_owned()].into_iter().chain(values);
    let insert = insert::<DB>(name, &columns, values.collect());
    let elements = Sql::<DB>::elements(list, of_element);
    let own = part.columns.iter().map(|column| (column.name, column.kind));
    let own: Columns = own.collect();
    let differs = own
        .iter()
        .map(|(column, _)| format!(r#"{prefix}{name}."{column}" is distinct from excluded."{column}""#));
    let differs: Vec<_> = differs.collect();
    let (sets, differs) = (sets(&own), differs.join(" or "));
    format!(
        "{insert} from fresh, {elements} where true
    on conflict ({owner}, id) do update set {sets} where {differs}"
    )
}

fn insert<DB: Engine>(name: &str, columns: &Columns, values: Vec<String>) -> String {
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

fn delete<DB: Engine>(name: &str, column: &str, condition: &str) -> String {
    let prefix = Sql::<DB>::PREFIX;
    format!("delete from {prefix}{name} where {column} in (select id from fresh where {condition})")
}

/// Makes tombstones of the ids in a source, with this version. A final one stays.
fn bury<DB: Engine>(name: &str, version: &str, source: &str, condition: &str) -> String {
    let (prefix, now) = (Sql::<DB>::PREFIX, Sql::<DB>::NOW);
    let last = Version::FINAL_AT;
    format!(
        "insert into {prefix}{TOMBSTONES} as grave
        (table_name, id, {VERSION_AT}, {VERSION_SENT_AT}, {VERSION_MESSAGE_ID}, recorded_at)
    select '{name}', id, {version}, {now} from {source} where {condition}
    on conflict (id, table_name) do update set
        {VERSION_AT} = excluded.{VERSION_AT},
        {VERSION_SENT_AT} = excluded.{VERSION_SENT_AT},
        {VERSION_MESSAGE_ID} = excluded.{VERSION_MESSAGE_ID},
        recorded_at = excluded.recorded_at
    where grave.{VERSION_AT} < {last}"
    )
}
