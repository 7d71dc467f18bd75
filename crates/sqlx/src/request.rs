//! Statements on a connection of a pool, with a limit in time.

use std::{io, sync::Arc, time::Duration};

use sqlx::Pool;
use tokio::time::timeout;

use crate::{
    connect,
    engine::{Engine, Row, Sql, Value, sealed::Dialect as _},
    error::DatabaseError,
    statements::Statement,
};

const LONGEST_REQUEST: Duration = Duration::from_secs(10);

/// Runs a statement. Returns the number of rows affected.
pub(crate) async fn execute<DB: Engine>(
    pool: &Pool<DB>,
    statement: Statement,
    values: &[Value<'_>],
) -> Result<u64, DatabaseError> {
    in_time::<DB, _, sqlx::Error>(statement.purpose, async {
        let mut connection = connect::acquire(pool).await?;
        Sql::<DB>::execute(&mut connection, statement.text, values).await
    })
    .await
}

/// Runs a statement that returns rows.
pub(crate) async fn rows<DB: Engine, R: Row>(
    pool: &Pool<DB>,
    statement: Statement,
    values: &[Value<'_>],
) -> Result<Vec<R>, DatabaseError> {
    in_time::<DB, _, sqlx::Error>(statement.purpose, async {
        let mut connection = connect::acquire(pool).await?;
        Sql::<DB>::rows(&mut connection, statement.text, values).await
    })
    .await
}

/// A broken connection that never answers must not block anything for ever.
pub(crate) async fn in_time<DB: Engine, T, E: Into<Arc<sqlx::Error>>>(
    purpose: &'static str,
    request: impl Future<Output = Result<T, E>>,
) -> Result<T, DatabaseError> {
    let answer = match timeout(LONGEST_REQUEST, request).await {
        Ok(answer) => answer.map_err(Into::into),
        Err(elapsed) => Err(sqlx::Error::Io(io::Error::from(elapsed)).into()),
    };
    answer.map_err(DatabaseError::of(DB::NAME, purpose))
}
