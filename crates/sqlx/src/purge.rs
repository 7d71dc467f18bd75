//! Many rows go in small steps.

use std::future::Future;

/// A step holds locks for some milliseconds.
pub(crate) const BATCH: i64 = 1_000;

/// Removes a batch at a time until one was not full; the sum.
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
