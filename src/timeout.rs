//! Stores and queues may be cut off: no answer in time is an error like another.

use std::time::Duration;

use crate::BoxError;
use tokio::time::timeout;

/// Well within the 15 seconds that the sender waits.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// The answer of `whom`, or an error when there is none within `limit`.
pub(crate) async fn in_time<T, E: Into<BoxError>>(
    limit: Duration,
    whom: &'static str,
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, BoxError> {
    match timeout(limit, answer).await {
        Ok(answer) => answer.map_err(Into::into),
        Err(_) => Err(format!("the {whom} gave no answer within {limit:?}").into()),
    }
}
