//! The tables on Postgres.

use std::time::Duration;

use clerk_webhooks_sqlx::inbox;
use sqlx::{Executor as _, PgConnection, PgPool, Row as _, postgres::PgPoolOptions};

use super::{SCOPE, Values};
use crate::{Outcome, Table, row::Row, tables::CREATE_TABLES};

/// How long to wait for a connection: less than the 15 seconds that Clerk waits for an answer.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) async fn connect(url: &str) -> sqlx::Result<PgPool> {
    let options = PgPoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT);
    let pool = options.connect(url).await?;
    pool.execute(CREATE_TABLES).await?;
    inbox::migrate(&pool).await?;
    Ok(pool)
}

pub(super) async fn apply(pool: &PgPool, message_id: &str, row: &Row<'_>) -> sqlx::Result<Outcome> {
    let mut transaction = pool.begin().await?;
    let outcome = if !inbox::first_time(&mut *transaction, SCOPE, message_id).await? {
        Outcome::Duplicate
    } else if writes(&mut transaction, row.table.insert, row).await? {
        row.deleted_or(Outcome::Created)
    } else if writes(&mut transaction, row.table.update, row).await? {
        row.deleted_or(Outcome::Updated)
    } else {
        Outcome::Stale
    };
    transaction.commit().await?;
    Ok(outcome)
}

/// Whether the statement has written the row.
async fn writes(
    connection: &mut PgConnection,
    statement: &'static str,
    row: &Row<'_>,
) -> sqlx::Result<bool> {
    let mut query = sqlx::query(statement).bind(row.id);
    for value in &row.values {
        query = query.bind(*value);
    }
    query = query.bind(row.updated_at).bind(row.deleted_at);
    Ok(query.execute(connection).await?.rows_affected() == 1)
}

pub(super) async fn rows(pool: &PgPool, table: &Table) -> sqlx::Result<Vec<Values>> {
    let rows = sqlx::query(table.select).fetch_all(pool).await?;
    rows.iter()
        .map(|row| (0..row.len()).map(|column| row.try_get(column)).collect())
        .collect()
}
