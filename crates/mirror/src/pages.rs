//! What a backfill and a reconcile need of the tables: pages of the API's objects, the ids that are kept, and deletions.

use serde_json::Value;

use crate::{
    apply::{
        event::{Operation, writes},
        run::run,
    },
    engine::{Engine, Sql, sealed::Dialect as _},
    error::MirrorError,
    json,
    mirror::Mirror,
    schema::table::Table,
    version::Origin,
};

impl<DB: Engine> Mirror<DB> {
    /// Applies objects of the API in one transaction, together with the place where a backfill goes on after them.
    ///
    /// An object ranks below every event with the same `updated_at`.
    pub(crate) async fn apply_page(
        &self,
        table: &'static Table,
        objects: Vec<Value>,
        place: Option<(&str, &str)>,
    ) -> Result<(), MirrorError> {
        let operations = writes(table, objects, &Origin::API, &self.settings);
        let applied = async {
            let mut transaction = self.pool.begin_with(Sql::<DB>::BEGIN).await?;
            run::<DB>(&mut transaction, &self.statements, &operations, false).await?;
            if let Some((list, place)) = place {
                let save = self.statements.save_place.clone();
                Sql::<DB>::rows(&mut transaction, save, &[list, place]).await?;
            }
            transaction.commit().await
        };
        applied
            .await
            .map_err(MirrorError::of(DB::NAME, "apply a page"))
    }

    /// Deletes an object that the API no longer has, as the event of its deletion does.
    pub(crate) async fn delete(&self, table: &'static Table, id: &str) -> Result<(), MirrorError> {
        let id = id.to_owned();
        let deleted = self.run_alone(&[Operation::Delete { table, id }]).await;
        deleted
            .map(drop)
            .map_err(MirrorError::of(DB::NAME, "delete an object"))
    }

    /// The ids of a table in their order, at most `limit` after this one; `""` is before every id.
    pub(crate) async fn ids(
        &self,
        table: &Table,
        after: &str,
        limit: usize,
    ) -> Result<Vec<String>, MirrorError> {
        let limit = limit.to_string();
        let statement = self
            .statements
            .of(table)
            .map(|of_table| of_table.ids.clone());
        let rows = self
            .rows(statement, &[after, &limit], "list its rows")
            .await?;
        Ok(rows.into_iter().flatten().flatten().collect())
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

    /// All lists are done: the next backfill begins anew. In one step, so that an interruption does not leave some.
    pub(crate) async fn forget_places(&self) -> Result<(), MirrorError> {
        let statement = Ok(self.statements.forget_places.clone());
        self.rows(statement, &[], "record its progress")
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
