//! [`Clock`]: the source of the current time, and the tolerance for a delivery's timestamp.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

/// The clock from which a [`Verifier`](crate::Verifier) reads the current time.
///
/// The default is [`SystemClock`]. Use another for tests and to replay recorded deliveries, for example
/// `FixedClock` in the module `testing`.
///
/// ```
/// use std::time::{Duration, SystemTime, UNIX_EPOCH};
///
/// use clerk_webhooks::verify::Clock;
///
/// #[derive(Debug)]
/// struct FirstOfJanuary2026;
///
/// impl Clock for FirstOfJanuary2026 {
///     fn now(&self) -> SystemTime {
///         UNIX_EPOCH + Duration::from_secs(1_767_225_600)
///     }
/// }
/// ```
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The current time.
    fn now(&self) -> SystemTime;
}

/// The operating system's clock.
///
/// The target `wasm32-unknown-unknown` (Cloudflare Workers) has none, and the standard library panics there.
/// On that target this clock shows 1 January 1970: every delivery of today is refused as
/// [too new](super::VerifyErrorKind::TimestampTooNew). Give the
/// [verifier a clock](crate::Verifier::with_clock) of the host instead.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}

/// How old and how far in the future a timestamp may be: inclusive, in whole seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tolerance {
    pub(super) past: Duration,
    pub(super) future: Duration,
}

/// Why a timestamp was refused. The skew is `now - timestamp` in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutOfTolerance {
    TooOld { skew: i64 },
    TooNew { skew: i64 },
}

impl Tolerance {
    /// The skew, if it is within the tolerance. Both times are seconds since 1970.
    pub(super) fn check(self, timestamp: i64, now: i64) -> Result<i64, OutOfTolerance> {
        let skew = now.saturating_sub(timestamp);
        if skew > whole_seconds(self.past) {
            Err(OutOfTolerance::TooOld { skew })
        } else if skew < -whole_seconds(self.future) {
            Err(OutOfTolerance::TooNew { skew })
        } else {
            Ok(skew)
        }
    }
}

impl Default for Tolerance {
    fn default() -> Self {
        let five_minutes = Duration::from_secs(300);
        Self {
            past: five_minutes,
            future: five_minutes,
        }
    }
}

/// Whole seconds since 1970, rounded down. Negative before 1970.
pub(super) fn unix_seconds(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => whole_seconds(since),
        Err(before) => {
            let before = before.duration();
            -whole_seconds(before) - i64::from(before.subsec_nanos() > 0)
        }
    }
}

fn whole_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_614_265_330;

    fn check(tolerance: Tolerance, timestamp: i64) -> Result<i64, OutOfTolerance> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(NOW as u64 * 1000 + 999);
        tolerance.check(timestamp, unix_seconds(now))
    }

    #[test]
    fn five_minutes_either_side_are_inclusive_on_whole_seconds() {
        let tolerance = Tolerance::default();
        assert_eq!(check(tolerance, NOW - 300), Ok(300));
        assert_eq!(check(tolerance, NOW + 300), Ok(-300));
        assert_eq!(
            check(tolerance, NOW - 301),
            Err(OutOfTolerance::TooOld { skew: 301 })
        );
        assert_eq!(
            check(tolerance, NOW + 301),
            Err(OutOfTolerance::TooNew { skew: -301 })
        );
    }

    #[test]
    fn a_clock_before_1970_refuses_everything_of_today() {
        let stopped = SystemTime::UNIX_EPOCH - Duration::from_millis(1_500);
        assert_eq!(unix_seconds(stopped), -2);
        assert_eq!(
            unix_seconds(SystemTime::UNIX_EPOCH - Duration::from_secs(2)),
            -2
        );
        assert_eq!(
            Tolerance::default().check(NOW, unix_seconds(stopped)),
            Err(OutOfTolerance::TooNew { skew: -2 - NOW })
        );
    }
}
