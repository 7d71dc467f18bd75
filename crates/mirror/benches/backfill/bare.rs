//! The comparison: the rows of the mirror, inserted into tables like its own.

use std::time::{Duration, Instant};

use sqlx::Pool;

use crate::{
    Error,
    engine::{Measured, Rows, insert_statement},
};

/// As many as a page has.
const USERS: u64 = 500;
/// The tables of a user, and the column with the user's id.
const TABLES: [(&str, &str); 3] = [
    ("users", "id"),
    ("email_addresses", "user_id"),
    ("external_accounts", "user_id"),
];

/// Only the transactions are timed, not where the rows come from.
pub(crate) async fn users_per_second<DB: Measured>(
    pool: &Pool<DB>,
    users: u64,
) -> Result<f64, Error> {
    let mut columns = Vec::new();
    for (table, _) in TABLES {
        DB::copy_table(pool, table).await?;
        columns.push(DB::columns(pool, table).await?);
    }
    let mut elapsed = Duration::ZERO;
    for first in (0..users).step_by(500) {
        let mut statements = Vec::new();
        for ((table, owner), columns) in TABLES.iter().zip(&columns) {
            let rows = rows::<DB>(pool, table, owner, columns, first).await?;
            for rows in rows.chunks(DB::ROWS) {
                statements.push((insert_statement(table, columns, rows.len()), rows.to_vec()));
            }
        }
        let start = Instant::now();
        DB::insert(pool, &statements).await?;
        elapsed += start.elapsed();
    }
    Ok(users as f64 / elapsed.as_secs_f64())
}

async fn rows<DB: Measured>(
    pool: &Pool<DB>,
    table: &str,
    owner: &str,
    columns: &[(String, String)],
    first: u64,
) -> Result<Rows, Error> {
    let texts: Vec<_> = columns
        .iter()
        .map(|(name, _)| format!("cast(\"{name}\" as text)"))
        .collect();
    let (prefix, last) = (DB::PREFIX, first + USERS - 1);
    let query = format!(
        "select {} from {prefix}{table} where {owner} between 'user_{first:08}' and 'user_{last:08}'",
        texts.join(", ")
    );
    DB::rows(pool, query).await
}
