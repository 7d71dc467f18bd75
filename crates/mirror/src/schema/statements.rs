//! The statements that read and write the tables.

use std::{collections::BTreeMap, sync::Arc};

use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

#[cfg(feature = "backfill")]
use super::{ddl::BACKFILL, table::OBJECT};
use super::{
    table::{TOMBSTONES, Table},
    tables::TABLES,
};
use crate::engine::{
    Engine, Sql,
    script::{Call, Script},
    sealed::Dialect as _,
};

/// Every statement of an engine.
#[derive(Debug)]
pub(crate) struct Statements {
    of_tables: BTreeMap<&'static str, TableStatements>,
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

/// The statements of one table.
#[derive(Debug)]
pub(crate) struct TableStatements {
    pub(crate) write: Call,
    pub(crate) delete: Call,
    /// What `write` would return. It changes nothing.
    #[cfg(feature = "backfill")]
    pub(crate) compare: Call,
    /// The ids after the one in parameter 1, as many as parameter 2 says.
    #[cfg(feature = "backfill")]
    pub(crate) ids: SqlStr,
    /// The object with the id in parameter 1.
    #[cfg(feature = "backfill")]
    pub(crate) object: SqlStr,
}

impl Statements {
    pub(crate) fn new<DB: Engine>() -> Self {
        let prefix = Sql::<DB>::PREFIX;
        let of_tables = TABLES.map(|table| (table.name, TableStatements::new::<DB>(table)));
        Self {
            of_tables: BTreeMap::from(of_tables),
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
    fn new<DB: Engine>(table: &'static Table) -> Self {
        #[cfg(feature = "backfill")]
        let (prefix, name) = (Sql::<DB>::PREFIX, table.name);
        let write = Script::write::<DB>(table);
        Self {
            #[cfg(feature = "backfill")]
            compare: call(&write, Sql::<DB>::compare(&write)),
            write: call(&write, Sql::<DB>::call(&write)),
            delete: {
                let delete = Script::delete::<DB>(table);
                call(&delete, Sql::<DB>::call(&delete))
            },
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

fn call(script: &Script, statement: String) -> Call {
    Call {
        statement: sql(statement),
        fields: script.fields.iter().map(|(name, _)| *name).collect(),
    }
}

/// No text from outside is in a statement, only names of this crate.
fn sql(statement: String) -> SqlStr {
    AssertSqlSafe(Arc::<str>::from(statement)).into_sql_str()
}
