//! Carries out the operations of an event or a page.

use std::time::Duration;

use serde_json::Map;

use super::{event::Operation, lock::locks_of};
use crate::{
    engine::{
        Engine, Record, Sql,
        script::{Call, Locks},
        sealed::Dialect as _,
    },
    schema::statements::Statements,
};

/// How long a tombstone is kept: far longer than a delivery can be late.
const RETENTION: Duration = Duration::from_hours(90 * 24);

/// What became of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Inserted,
    /// The object before, if that was asked for.
    Updated(Option<String>),
    Deleted,
    Stale,
}

impl Outcome {
    /// For logs.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Inserted => "inserted",
            Self::Updated(_) => "updated",
            Self::Deleted => "deleted",
            Self::Stale => "stale",
        }
    }
}

/// Carries out operations under their locks. Returns what became of the first one's first object.
pub(crate) async fn run<DB: Engine>(
    connection: &mut DB::Connection,
    statements: &Statements,
    operations: &[Operation],
    wants_before: bool,
) -> sqlx::Result<Outcome> {
    let mut locks = locks_of(operations);
    let mut first = None;
    for operation in operations {
        let outcomes = match operation {
            Operation::Write { table, objects } => {
                let records: Vec<_> = objects.iter().map(|object| &object.record).collect();
                let write = &statements.of(table)?.write;
                call::<DB>(connection, write, &records, &locks, wants_before).await?
            }
            Operation::Delete { table, id } => {
                let record = Record(Map::from_iter([("id".to_owned(), id.as_str().into())]));
                let delete = &statements.of(table)?.delete;
                let outcomes = call::<DB>(connection, delete, &[&record], &locks, false).await?;
                let retention = RETENTION.as_millis().to_string();
                Sql::<DB>::rows(connection, statements.purge.clone(), &[&retention]).await?;
                outcomes
            }
        };
        // The first call took them all.
        locks.clear();
        let outcome = outcomes.into_iter().next().map(|(_, outcome)| outcome);
        first.get_or_insert(outcome.unwrap_or(Outcome::Stale));
    }
    Ok(first.unwrap_or(Outcome::Stale))
}

/// Runs a script for these records. Returns the ids of those that are new, and what became of each.
pub(crate) async fn call<DB: Engine>(
    connection: &mut DB::Connection,
    call: &Call,
    records: &[&Record],
    locks: &Locks,
    wants_before: bool,
) -> sqlx::Result<Vec<(String, Outcome)>> {
    let rows = Sql::<DB>::call_script(connection, call, records, locks, wants_before).await?;
    let outcomes = rows.into_iter().map(|row| {
        let [id, outcome, before] = <[_; 3]>::try_from(row).ok()?;
        let outcome = match outcome?.as_str() {
            "inserted" => Outcome::Inserted,
            "updated" => Outcome::Updated(before),
            "deleted" => Outcome::Deleted,
            _ => Outcome::Stale,
        };
        Some((id?, outcome))
    });
    let outcomes: Option<_> = outcomes.collect();
    outcomes.ok_or(sqlx::Error::RowNotFound)
}
