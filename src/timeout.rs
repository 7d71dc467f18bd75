//! Timeouts for stores and queues.

use std::time::Duration;

use crate::BoxError;
use tokio::time::timeout;

/// Well below the 15 seconds that the sender waits.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// Waits for the answer of `whom`. No answer within `limit` is an error.
pub(crate) async fn in_time<T, E: Into<BoxError>>(
    limit: Duration,
    whom: &'static str,
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, BoxError> {
    match timeout(limit, answer).await {
        Ok(answer) => answer.map_err(Into::into),
        Err(_) => Err(format!("the {whom} did not answer within {limit:?}").into()),
    }
}
