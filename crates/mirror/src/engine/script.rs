//! A script in the form that both engines' versions are made from.

use std::collections::BTreeMap;

use sqlx::SqlStr;

use super::kind::Kind;

/// Columns and their types.
pub(crate) type Columns = Vec<(&'static str, Kind)>;

/// The numbers of locks, and whether no other transaction may have each: in order, so that two transactions do not wait for
/// each other.
pub(crate) type Locks = BTreeMap<i64, bool>;

/// Applies some records to a table.
///
/// It first selects what is new among them, `fresh`. Its steps then change the tables. In a step, `fresh` is one row: Postgres
/// runs the steps for one record after the other in a function, and SQLite has one record at a time.
#[derive(Debug)]
pub struct Script {
    /// What it does.
    pub(crate) verb: &'static str,
    pub(crate) table: &'static str,
    /// The fields of a record.
    pub(crate) fields: Columns,
    /// The query of what is new in a source of rows named `record`.
    pub(crate) fresh: Fresh,
    /// What becomes of what is fresh: `inserted`, `updated`, `deleted` or `stale`. What is not fresh is stale too.
    pub(crate) outcome: &'static str,
    /// What one changes does not change what a later one does.
    pub(crate) steps: Vec<Step>,
}

#[derive(Debug)]
pub(crate) struct Fresh {
    /// Beside the record's own and `held_id`, the row's that has the record's id.
    pub(crate) columns: String,
    pub(crate) condition: String,
}

#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) statement: String,
    /// Without this, it would change nothing. In the SQL of Postgres: SQLite runs every step.
    pub(crate) condition: String,
}

/// A statement that runs a script.
#[derive(Debug)]
pub struct Call {
    pub(crate) statement: SqlStr,
    /// The fields of a record, in the order of the statement's parameters.
    pub(crate) fields: Vec<&'static str>,
}

impl Script {
    /// The query of what is new among the records, whose source is this.
    pub(crate) fn fresh(&self, prefix: &str, records: &str) -> String {
        let Fresh { columns, condition } = &self.fresh;
        format!(
            "select record.*, held.id as held_id, {columns}
    from {records} left join {prefix}{table} held on held.id = record.id
    where {condition}",
            table = self.table,
        )
    }

    /// The id of what is fresh, what becomes of it, and the object before if this parameter says so.
    pub(crate) fn outcome(&self, wants_before: &str) -> [String; 3] {
        [
            "fresh.id".to_owned(),
            format!("case {} end", self.outcome),
            format!("case when {wants_before} then cast(fresh.before as text) end"),
        ]
    }

    /// Unique among the scripts.
    pub(crate) fn name(&self) -> String {
        format!("{}_{}", self.verb, self.table)
    }
}
