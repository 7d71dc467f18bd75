//! The tables on Postgres.

use std::{error::Error, time::Duration};

use clerk_webhooks_sqlx::{inbox, migrate};
use sqlx::{Executor as _, PgConnection, PgPool, Row as _, postgres::PgPoolOptions};

use super::{SCOPE, Values};
use crate::{
    Outcome, Table,
    row::Row,
    tables::{COUNT_MEMBERS, CREATE_TABLES, MEMBER_COUNT},
};

/// How long to wait for a connection: less than the 15 seconds that Clerk waits for an answer.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// The number of an advisory lock. Nothing else in this database may use the same number.
const LOCK: &str = "select pg_advisory_xact_lock(3482958)";

pub(super) async fn connect(url: &str) -> Result<PgPool, Box<dyn Error + Send + Sync>> {
    let options = PgPoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT);
    let pool = options.connect(url).await?;
    create_tables(&pool).await?;
    migrate(&pool).await?;
    // Purges at each start. A service that runs for months should purge once a day.
    inbox::purge(&pool, inbox::RETENTION).await?;
    Ok(pool)
}

/// Makes the tables under a lock, since `if not exists` alone fails when several processes start at the same time.
async fn create_tables(pool: &PgPool) -> sqlx::Result<()> {
    let mut transaction = pool.begin().await?;
    transaction.execute(LOCK).await?;
    transaction.execute(CREATE_TABLES).await?;
    transaction.commit().await
}

pub(super) async fn apply(pool: &PgPool, message_id: &str, row: &Row<'_>) -> sqlx::Result<Outcome> {
    let mut transaction = pool.begin().await?;
    if !inbox::first_time(&mut transaction, SCOPE, message_id).await? {
        return Ok(Outcome::Duplicate);
    }
    if let Some((organization_id, members)) = row.members {
        let count = sqlx::query(COUNT_MEMBERS)
            .bind(organization_id)
            .bind(members);
        count.execute(&mut *transaction).await?;
    }
    let outcome = if writes(&mut transaction, row.table.insert, row).await? {
        row.deleted_or(Outcome::Created)
    } else if writes(&mut transaction, row.table.update, row).await? {
        row.deleted_or(Outcome::Updated)
    } else {
        Outcome::Stale
    };
    transaction.commit().await?;
    Ok(outcome)
}

/// Runs the statement. Returns whether it wrote the row.
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

pub(super) async fn members(pool: &PgPool, organization_id: &str) -> sqlx::Result<i64> {
    let count = sqlx::query_scalar(MEMBER_COUNT).bind(organization_id);
    Ok(count.fetch_optional(pool).await?.unwrap_or_default())
}
