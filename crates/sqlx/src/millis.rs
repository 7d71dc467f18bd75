//! Durations as parameters of the statements.

use std::time::Duration;

/// A thousand years. Added to any present date, it does not overflow a date of Postgres or SQLite.
const LONGEST: i64 = 1_000 * 365 * 24 * 60 * 60 * 1_000;

/// Whole milliseconds, rounded up.
pub(crate) fn millis(duration: Duration) -> i64 {
    let millis = duration.as_nanos().div_ceil(1_000_000);
    i64::try_from(millis).map_or(LONGEST, |millis| millis.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_rounded_up_and_never_overflows() {
        assert_eq!(millis(Duration::ZERO), 0);
        assert_eq!(millis(Duration::from_nanos(1)), 1);
        assert_eq!(millis(Duration::from_millis(60_000)), 60_000);
        assert_eq!(millis(Duration::from_micros(60_000_001)), 60_001);
        assert_eq!(millis(Duration::MAX), LONGEST);
    }
}
