//! Carries out the operations of an event or a page.

use super::{change::Change, delete::delete, event::Operation, write::write};
use crate::{engine::Engine, schema::statements::Statements};

/// Carries out the operations under their locks. Returns what the first one changed.
pub(crate) async fn run<DB: Engine>(
    connection: &mut DB::Connection,
    statements: &Statements,
    operations: Vec<Operation>,
) -> sqlx::Result<Vec<Change>> {
    let mut first = None;
    for operation in operations {
        let changes = match operation {
            Operation::Write { table, objects } => {
                write::<DB>(connection, statements, table, objects).await?
            }
            Operation::Delete { table, id } => {
                vec![delete::<DB>(connection, statements, table, &id).await?]
            }
        };
        first.get_or_insert(changes);
    }
    Ok(first.unwrap_or_default())
}
