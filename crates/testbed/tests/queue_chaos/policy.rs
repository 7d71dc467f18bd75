//! The workers' `RetryPolicy`: short, so that what is given up is given up within the test.

use std::time::Duration;

pub(crate) const MAX_ATTEMPTS: u32 = 4;
pub(crate) const FIRST_PAUSE: Duration = Duration::from_secs(1);
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The pause that follows when this attempt, counted from 1, fails, at least.
pub(crate) fn shortest_pause(attempt: u32) -> Duration {
    let doubled = FIRST_PAUSE * 2u32.pow(attempt - 1);
    doubled.min(LONGEST_PAUSE)
}
