//! What the tables know about some objects.

use std::collections::BTreeMap;

use super::tombstone::list;
use crate::{
    engine::{Engine, Sql, sealed::Dialect as _},
    object::Object,
    schema::{statements::TableStatements, table::Table},
    version::Version,
};

/// The rows and tombstones of some objects.
#[derive(Debug, Default)]
pub(crate) struct State {
    rows: BTreeMap<String, Held>,
    /// By table and id.
    tombstones: BTreeMap<(String, String), Version>,
}

#[derive(Debug)]
struct Held {
    version: Version,
    json: String,
}

/// What becomes of an object.
#[derive(Debug)]
pub(crate) enum Fate {
    Insert,
    /// The JSON of the row that it replaces.
    Update(String),
    /// Its parent is deleted. Whether it had a row.
    Hide(bool),
    Stale,
}

impl State {
    pub(crate) async fn read<DB: Engine>(
        connection: &mut DB::Connection,
        statements: &TableStatements,
        objects: &[Object],
    ) -> sqlx::Result<Self> {
        let ids = || objects.iter().map(|object| object.id.as_str());
        let parents = objects.iter().flat_map(|object| &object.parents);
        let with_parents = ids().chain(parents.map(|(_, id)| id.as_str()));
        let ids = [list(ids()), list(with_parents)];
        let ids = ids.each_ref().map(String::as_str);
        let rows = Sql::<DB>::rows(connection, statements.read.clone(), &ids).await?;
        let mut state = Self::default();
        for row in rows {
            state.add(row.into_iter()).ok_or(sqlx::Error::RowNotFound)?;
        }
        Ok(state)
    }

    /// A row without a table is an object's, others are tombstones.
    fn add(&mut self, mut columns: impl Iterator<Item = Option<String>>) -> Option<()> {
        let (table, id) = (columns.next()??, columns.next()??);
        let version = Version::from_columns(&mut columns)?;
        if table.is_empty() {
            let json = columns.next()??;
            self.rows.insert(id, Held { version, json });
        } else {
            self.tombstones.insert((table, id), version);
        }
        Some(())
    }

    /// Decides about an object. This is the order of all deliveries: the state does not depend on the order in which they
    /// arrive.
    pub(crate) fn fate(&mut self, table: &Table, object: &Object) -> Fate {
        let row = self.rows.remove(&object.id);
        let buried = self.tombstone(table.name, &object.id);
        let newest = row.as_ref().map(|row| &row.version).max(buried);
        if newest >= Some(&object.version) {
            return Fate::Stale;
        }
        let is_deleted =
            |(table, id): &(&str, String)| self.tombstone(table, id).is_some_and(Version::is_final);
        match row {
            row if object.parents.iter().any(is_deleted) => Fate::Hide(row.is_some()),
            Some(row) => Fate::Update(row.json),
            None => Fate::Insert,
        }
    }

    fn tombstone(&self, table: &str, id: &str) -> Option<&Version> {
        self.tombstones.get(&(table.to_owned(), id.to_owned()))
    }
}
