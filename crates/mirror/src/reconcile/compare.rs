//! Compares objects of the API with the tables, without writing.

use serde_json::Value;

use super::report::DifferenceKind;
use crate::{
    apply::{
        event::{Operation, writes},
        state::{Fate, State},
    },
    engine::Engine,
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
    let read = async {
        let mut connection = mirror.pool.acquire().await?;
        State::read::<DB>(&mut connection, mirror.statements.of(table)?, &objects).await
    };
    let mut state = read
        .await
        .map_err(MirrorError::of(DB::NAME, "compare a page"))?;
    let compared = objects.into_iter().map(|object| Compared {
        difference: match state.fate(table, &object) {
            Fate::Insert => Some(DifferenceKind::Missing),
            Fate::Update(_) | Fate::Hide(true) => Some(DifferenceKind::Stale),
            Fate::Hide(false) | Fate::Stale => None,
        },
        id: object.id,
    });
    Ok(compared.collect())
}
