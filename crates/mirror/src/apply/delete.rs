//! Deletes an object for good.

use std::time::Duration;

use super::{
    change::Change,
    tombstone::{list, tombstone},
};
use crate::{
    engine::{Engine, Sql, sealed::Dialect as _},
    schema::{statements::Statements, table::Table},
    version::Version,
};

/// How long a tombstone is kept: far longer than a delivery can be late.
const RETENTION: Duration = Duration::from_hours(90 * 24);

/// Deletes the object, what belongs to it, and tombstones that are too old.
pub(crate) async fn delete<DB: Engine>(
    connection: &mut DB::Connection,
    statements: &Statements,
    table: &Table,
    id: &str,
) -> sqlx::Result<Change> {
    let of_table = statements.of(table)?;
    let grave = list([tombstone(table, id, &Version::FINAL)]);
    let is_new = Sql::<DB>::execute(connection, statements.bury.clone(), &[&grave]).await? == 1;
    if !is_new {
        return Ok(Change::Stale);
    }
    let ids = list([id]);
    let had_row = Sql::<DB>::execute(connection, of_table.delete.clone(), &[&ids]).await? == 1;
    let of_parts = of_table.parts.iter().map(|part| &part.delete);
    for statement in of_parts.chain(&of_table.delete_dependents) {
        Sql::<DB>::execute(connection, statement.clone(), &[&ids]).await?;
    }
    let retention = RETENTION.as_millis().to_string();
    Sql::<DB>::execute(connection, statements.purge.clone(), &[&retention]).await?;
    Ok(if had_row {
        Change::Deleted
    } else {
        Change::Stale
    })
}
