//! How an attempt ends.

use std::time::Duration;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    Done,
    /// It failed.
    Again {
        pause: Duration,
        error: String,
    },
    Dead {
        attempts: u32,
        error: String,
    },
    /// It did not begin: it is not due, or has to run alone.
    Postponed(Duration),
}
