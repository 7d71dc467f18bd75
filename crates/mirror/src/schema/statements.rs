//! The statements that read and write the tables.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

#[cfg(feature = "backfill")]
use super::ddl::BACKFILL;
use super::{
    ddl::TOMBSTONES,
    table::{OBJECT, Table, VERSION},
    tables::TABLES,
};
use crate::{
    engine::{Engine, Kind, Sql, sealed::Dialect},
    version::Version,
};

/// Every statement of an engine.
#[derive(Debug)]
pub(crate) struct Statements {
    of_tables: BTreeMap<&'static str, TableStatements>,
    /// Makes tombstones of the objects in parameter 1. No row: they have final ones.
    pub(crate) bury: SqlStr,
    /// Removes some tombstones that are older than the milliseconds in parameter 1.
    pub(crate) purge: SqlStr,
    /// Parameters: a list, and its place.
    #[cfg(feature = "backfill")]
    pub(crate) save_place: SqlStr,
    /// Parameter: a list.
    #[cfg(feature = "backfill")]
    pub(crate) load_place: SqlStr,
    #[cfg(feature = "backfill")]
    pub(crate) forget_places: SqlStr,
}

/// The statements of one table. A list of ids is a JSON list.
#[derive(Debug)]
pub(crate) struct TableStatements {
    /// The rows with the ids in parameter 1, and the tombstones with those in parameter 2.
    pub(crate) read: SqlStr,
    /// Writes the rows in parameter 1.
    pub(crate) upsert: SqlStr,
    /// Deletes the rows with the ids in parameter 1.
    pub(crate) delete: SqlStr,
    /// Buries, then deletes the rows of other tables whose parents have the ids in parameter 1.
    pub(crate) delete_dependents: Vec<SqlStr>,
    /// In the order of [`Table::parts`].
    pub(crate) parts: Vec<PartStatements>,
    /// The ids after the one in parameter 1, as many as parameter 2 says.
    #[cfg(feature = "backfill")]
    pub(crate) ids: SqlStr,
    /// The object with the id in parameter 1.
    #[cfg(feature = "backfill")]
    pub(crate) object: SqlStr,
}

#[derive(Debug)]
pub(crate) struct PartStatements {
    /// Inserts the rows in parameter 1.
    pub(crate) insert: SqlStr,
    /// Deletes the rows whose owners have the ids in parameter 1.
    pub(crate) delete: SqlStr,
}

impl Statements {
    pub(crate) fn new<DB: Engine>() -> Self {
        let prefix = Sql::<DB>::PREFIX;
        let of_tables = TABLES.map(|table| (table.name, TableStatements::new::<DB>(table)));
        Self {
            of_tables: BTreeMap::from(of_tables),
            bury: bury_records::<DB>(),
            purge: sql(format!(
                "delete from {prefix}{TOMBSTONES} where (id, table_name) in (
    select id, table_name from {prefix}{TOMBSTONES}
    where recorded_at < {} - cast($1 as bigint) limit 1000
)",
                Sql::<DB>::NOW
            )),
            #[cfg(feature = "backfill")]
            save_place: sql(format!(
                "insert into {prefix}{BACKFILL} (list, place) values ($1, $2)
on conflict (list) do update set place = excluded.place"
            )),
            #[cfg(feature = "backfill")]
            load_place: sql(format!(
                "select place from {prefix}{BACKFILL} where list = $1"
            )),
            #[cfg(feature = "backfill")]
            forget_places: sql(format!("delete from {prefix}{BACKFILL}")),
        }
    }

    /// The statements of a table. Every table has some.
    pub(crate) fn of(&self, table: &Table) -> sqlx::Result<&TableStatements> {
        let unknown = || sqlx::Error::Configuration("a table without statements".into());
        self.of_tables.get(table.name).ok_or_else(unknown)
    }
}

impl TableStatements {
    fn new<DB: Engine>(table: &Table) -> Self {
        let (prefix, name) = (Sql::<DB>::PREFIX, table.name);
        let has_id = Sql::<DB>::is_in("id", "$1");
        Self {
            read: read::<DB>(table),
            upsert: upsert::<DB>(table),
            delete: sql(format!("delete from {prefix}{name} where {has_id}")),
            delete_dependents: delete_dependents::<DB>(table),
            parts: table
                .parts
                .iter()
                .map(|part| PartStatements {
                    insert: insert::<DB>(part.name, &part.all_columns(), "do nothing"),
                    delete: sql(format!(
                        "delete from {prefix}{} where {}",
                        part.name,
                        Sql::<DB>::is_in(part.owner, "$1")
                    )),
                })
                .collect(),
            #[cfg(feature = "backfill")]
            ids: sql(format!(
                "select id from {prefix}{name}
where id > $1 order by id limit cast($2 as bigint)"
            )),
            #[cfg(feature = "backfill")]
            object: sql(format!(
                "select cast({OBJECT} as text) from {prefix}{name} where id = $1"
            )),
        }
    }
}

/// No text from outside is in a statement, only names of this crate.
fn sql(statement: String) -> SqlStr {
    AssertSqlSafe(std::sync::Arc::<str>::from(statement)).into_sql_str()
}

const VERSION_AS_TEXT: &str =
    "cast(version_at as text), cast(version_sent_at as text), version_message_id";

fn read<DB: Engine>(table: &Table) -> SqlStr {
    let (prefix, name) = (Sql::<DB>::PREFIX, table.name);
    sql(format!(
        "select '', id, {VERSION_AS_TEXT}, cast({OBJECT} as text) from {prefix}{name} where {}
union all
select table_name, id, {VERSION_AS_TEXT}, null from {prefix}{TOMBSTONES} where {}",
        Sql::<DB>::is_in("id", "$1"),
        Sql::<DB>::is_in("id", "$2"),
    ))
}

fn upsert<DB: Engine>(table: &Table) -> SqlStr {
    let columns = table.all_columns();
    let set = |(name, _): &(&str, Kind)| format!(r#""{name}" = excluded."{name}""#);
    let sets: Vec<_> = columns.iter().skip(1).map(set).collect();
    let resolution = format!("(id) do update set {}", sets.join(", "));
    insert::<DB>(table.name, &columns, &resolution)
}

fn insert<DB: Engine>(name: &str, columns: &[(&str, Kind)], on_conflict: &str) -> SqlStr {
    let names: Vec<_> = columns
        .iter()
        .map(|(name, _)| format!(r#""{name}""#))
        .collect();
    let field = |(name, kind): &(&str, Kind)| Sql::<DB>::field(name, *kind);
    let fields: Vec<_> = columns.iter().map(field).collect();
    // `where true`: SQLite would read `on conflict` as a join's.
    sql(format!(
        "insert into {}{name} ({}) select {} from {} where true on conflict {on_conflict}",
        Sql::<DB>::PREFIX,
        names.join(", "),
        fields.join(", "),
        Sql::<DB>::records(columns),
    ))
}

const TOMBSTONE_COLUMNS: [(&str, Kind); 2] = [("table_name", Kind::Text), ("id", Kind::Key)];

fn bury_records<DB: Engine>() -> SqlStr {
    let columns = [TOMBSTONE_COLUMNS.as_slice(), &VERSION].concat();
    let field = |(name, kind): &(&str, Kind)| Sql::<DB>::field(name, *kind);
    let fields: Vec<_> = columns.iter().map(field).collect();
    bury::<DB>(&fields.join(", "), &Sql::<DB>::records(&columns), "true")
}

fn bury<DB: Engine>(fields: &str, source: &str, condition: &str) -> SqlStr {
    let (prefix, now) = (Sql::<DB>::PREFIX, Sql::<DB>::NOW);
    let last = Version::FINAL_AT;
    sql(format!(
        "insert into {prefix}{TOMBSTONES} as held
    (table_name, id, version_at, version_sent_at, version_message_id, recorded_at)
select {fields}, {now} from {source} where {condition}
on conflict (id, table_name) do update set
    version_at = excluded.version_at,
    version_sent_at = excluded.version_sent_at,
    version_message_id = excluded.version_message_id,
    recorded_at = excluded.recorded_at
where held.version_at < {last}"
    ))
}

fn delete_dependents<DB: Engine>(table: &Table) -> Vec<SqlStr> {
    let mut statements = Vec::new();
    for dependent in TABLES {
        let parents = dependent.parents.iter();
        for parent in parents.filter(|parent| parent.table == table.name) {
            let name = dependent.name;
            let source = format!("{}{name}", Sql::<DB>::PREFIX);
            let condition = Sql::<DB>::is_in(parent.column, "$1");
            let fields = format!("'{name}', id, version_at, version_sent_at, version_message_id");
            statements.push(bury::<DB>(&fields, &source, &condition));
            statements.push(sql(format!("delete from {source} where {condition}")));
        }
    }
    statements
}
