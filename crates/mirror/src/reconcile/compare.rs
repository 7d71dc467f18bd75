//! Compares objects of the API with the tables, without writing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::report::DifferenceKind;
use crate::{
    apply::{
        event::{Operation, writes},
        run::{Outcome, call},
    },
    engine::{Engine, script::Locks},
    error::MirrorError,
    mirror::Mirror,
    schema::table::Table,
    version::Origin,
};

/// An object of the API, and how the table differs.
pub(super) struct Compared {
    pub(super) id: String,
    pub(super) difference: Option<DifferenceKind>,
}

/// What applying the objects would change.
pub(super) async fn compare<DB: Engine>(
    mirror: &Mirror<DB>,
    table: &'static Table,
    objects: Vec<Value>,
) -> Result<Vec<Compared>, MirrorError> {
    let operations = writes(table, objects, &Origin::API, &mirror.settings);
    // The objects inside these are compared with their own list.
    let Some(Operation::Write { objects, .. }) = operations.into_iter().next() else {
        return Ok(Vec::new());
    };
    let records: Vec<_> = objects.iter().map(|object| &object.record).collect();
    let compared = async {
        let mut connection = mirror.pool.acquire().await?;
        let compare = &mirror.statements.of(table)?.compare;
        call::<DB>(&mut connection, compare, &records, &Locks::new(), false).await
    };
    let outcomes = compared
        .await
        .map_err(MirrorError::of(DB::NAME, "compare a page"))?;
    let mut outcomes: BTreeMap<_, _> = outcomes.into_iter().collect();
    let compared = objects.into_iter().map(|object| Compared {
        difference: match outcomes.remove(&object.id) {
            Some(Outcome::Inserted) => Some(DifferenceKind::Missing),
            Some(Outcome::Updated(_) | Outcome::Deleted) => Some(DifferenceKind::Stale),
            Some(Outcome::Stale) | None => None,
        },
        id: object.id,
    });
    Ok(compared.collect())
}
