//! What a backfill and a reconcile need of the tables: pages of the API's objects, the ids that are kept, and deletions.

use serde_json::Value;

use crate::{
    apply::{
        change::Change,
        event::{Operation, writes},
        lock::Locks,
        run::run,
    },
    engine::{Engine, Sql, sealed::Dialect as _},
    error::MirrorError,
    json,
    mirror::Mirror,
    schema::table::Table,
    version::Origin,
};

/// What a page changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PageChanges {
    pub(crate) inserted: usize,
    pub(crate) updated: usize,
    pub(crate) deleted: usize,
    pub(crate) stale: usize,
    /// Objects without a usable id, and second ones with the same id.
    pub(crate) left_out: usize,
}

/// A row: its id, and its `updated_at` in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) updated_at: i64,
}

impl<DB: Engine> Mirror<DB> {
    /// Applies objects of the API in one transaction, together with the place where a backfill goes on after them.
    ///
    /// An object ranks below every event with the same `updated_at`.
    pub(crate) async fn apply_page(
        &self,
        table: &'static Table,
        objects: Vec<Value>,
        place: Option<(&str, &str)>,
    ) -> Result<PageChanges, MirrorError> {
        let in_all = objects.len();
        let operations = writes(table, objects, &Origin::API, &self.settings);
        let applied = async {
            let mut transaction = Locks::of(&operations).begin(&self.pool).await?;
            let changes = run::<DB>(&mut transaction, &self.statements, operations).await?;
            if let Some((list, place)) = place {
                let save = self.statements.save_place.clone();
                Sql::<DB>::execute(&mut transaction, save, &[list, place]).await?;
            }
            transaction.commit().await?;
            sqlx::Result::Ok(changes)
        };
        let changes = applied
            .await
            .map_err(MirrorError::of(DB::NAME, "apply a page"))?;
        let mut counts = PageChanges {
            left_out: in_all - changes.len(),
            ..PageChanges::default()
        };
        for change in changes {
            match change {
                Change::Inserted => counts.inserted += 1,
                Change::Updated { .. } => counts.updated += 1,
                Change::Deleted => counts.deleted += 1,
                Change::Stale | Change::Ignored => counts.stale += 1,
            }
        }
        Ok(counts)
    }

    /// Deletes an object that the API no longer has, as the event of its deletion does.
    pub(crate) async fn delete(
        &self,
        table: &'static Table,
        id: &str,
    ) -> Result<Change, MirrorError> {
        let id = id.to_owned();
        let changes = self.run_alone(vec![Operation::Delete { table, id }]).await;
        let changes = changes.map_err(MirrorError::of(DB::NAME, "delete an object"))?;
        Ok(changes.into_iter().next().unwrap_or(Change::Ignored))
    }

    /// The rows of a table by id, at most `limit` after this id; `""` is before every id.
    pub(crate) async fn list(
        &self,
        table: &Table,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Listed>, MirrorError> {
        let limit = limit.to_string();
        let statement = self
            .statements
            .of(table)
            .map(|of_table| of_table.list.clone());
        let rows = self
            .rows(statement, &[after, &limit], "list its rows")
            .await?;
        let listed = |row: Vec<Option<String>>| {
            let mut columns = row.into_iter();
            Some(Listed {
                id: columns.next()??,
                updated_at: columns.next()??.parse().ok()?,
            })
        };
        Ok(rows.into_iter().filter_map(listed).collect())
    }

    /// The stored object, if it has a row.
    pub(crate) async fn object(
        &self,
        table: &Table,
        id: &str,
    ) -> Result<Option<Value>, MirrorError> {
        let statement = self
            .statements
            .of(table)
            .map(|of_table| of_table.object.clone());
        let rows = self.rows(statement, &[id], "read an object").await?;
        let text = rows.into_iter().flatten().flatten().next();
        Ok(text.and_then(|text| json::parse(&text)))
    }

    /// The place that the last applied page of this list had.
    pub(crate) async fn place(&self, list: &str) -> Result<Option<String>, MirrorError> {
        let statement = Ok(self.statements.load_place.clone());
        let rows = self.rows(statement, &[list], "read its progress").await?;
        Ok(rows.into_iter().flatten().flatten().next())
    }

    /// The list is done: the next backfill begins anew.
    pub(crate) async fn forget_place(&self, list: &str) -> Result<(), MirrorError> {
        let statement = Ok(self.statements.forget_place.clone());
        self.rows(statement, &[list], "record its progress")
            .await
            .map(drop)
    }

    async fn rows(
        &self,
        statement: sqlx::Result<sqlx::SqlStr>,
        texts: &[&str],
        purpose: &'static str,
    ) -> Result<Vec<Vec<Option<String>>>, MirrorError> {
        let rows = async {
            let mut connection = self.pool.acquire().await?;
            Sql::<DB>::rows(&mut connection, statement?, texts).await
        };
        rows.await.map_err(MirrorError::of(DB::NAME, purpose))
    }
}
