//! Deletes many rows in small steps.

use std::{error::Error, time::Duration};

use tokio::time::sleep;
use tracing::warn;

use crate::error::DatabaseError;

/// The rows of one step, which holds locks for some milliseconds.
pub(crate) const BATCH: i64 = 1_000;

/// Removes one batch after the other until a batch is not full. Returns the number of removed rows.
pub(crate) async fn in_batches<F, E>(mut remove: impl FnMut() -> F) -> Result<u64, E>
where
    F: Future<Output = Result<u64, E>>,
{
    let mut removed = 0;
    loop {
        let batch = remove().await?;
        removed += batch;
        if batch < BATCH.unsigned_abs() {
            return Ok(removed);
        }
    }
}

/// Purges now, and again after each `period`.
pub(crate) async fn continuously<F>(period: Duration, mut purge: impl FnMut() -> F)
where
    F: Future<Output = Result<u64, DatabaseError>>,
{
    loop {
        if let Err(error) = purge().await {
            let source = error.source().map(ToString::to_string);
            warn!(target: "clerk_webhooks", source, "{error}; trying again later");
        }
        sleep(period).await;
    }
}
