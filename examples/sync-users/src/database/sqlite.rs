//! The tables on SQLite.

use std::{error::Error, str::FromStr as _};

use clerk_webhooks_sqlx::{inbox, migrate, open_sqlite};
use sqlx::{Executor as _, Row as _, SqliteConnection, SqlitePool, sqlite::SqliteConnectOptions};

use super::{SCOPE, Values};
use crate::{
    Outcome, Table,
    row::Row,
    tables::{COUNT_MEMBERS, CREATE_TABLES, MEMBER_COUNT},
};

/// Refuses URLs that ask for anything that this example does not support, so that it never opens a wrong file.
pub(super) async fn connect(url: &str) -> Result<SqlitePool, Box<dyn Error + Send + Sync>> {
    match url.split_once('?').unwrap_or((url, "mode=rwc")) {
        ("sqlite://" | "sqlite://:memory:", _) => {
            return Err(
                "sqlite:// needs a file; what is in memory only is gone with the process".into(),
            );
        }
        (_, "mode=rwc") => {}
        _ => {
            return Err("sqlite:// takes no parameter but mode=rwc: the file is made when absent, and written to".into());
        }
    }
    let options = SqliteConnectOptions::from_str(url)?;
    let pool = open_sqlite(options.get_filename()).await?;
    pool.execute(CREATE_TABLES).await?;
    migrate(&pool).await?;
    // Purges at each start. A service that runs for months should purge once a day.
    inbox::purge(&pool, inbox::RETENTION).await?;
    Ok(pool)
}

pub(super) async fn apply(
    pool: &SqlitePool,
    message_id: &str,
    row: &Row<'_>,
) -> sqlx::Result<Outcome> {
    // `begin immediate`: a transaction that reads first and writes later fails if another process wrote in between.
    let mut transaction = pool.begin_with("begin immediate").await?;
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
    connection: &mut SqliteConnection,
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

pub(super) async fn rows(pool: &SqlitePool, table: &Table) -> sqlx::Result<Vec<Values>> {
    let rows = sqlx::query(table.select).fetch_all(pool).await?;
    rows.iter()
        .map(|row| (0..row.len()).map(|column| row.try_get(column)).collect())
        .collect()
}

pub(super) async fn members(pool: &SqlitePool, organization_id: &str) -> sqlx::Result<i64> {
    let count = sqlx::query_scalar(MEMBER_COUNT).bind(organization_id);
    Ok(count.fetch_optional(pool).await?.unwrap_or_default())
}
