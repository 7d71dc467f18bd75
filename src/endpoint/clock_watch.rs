//! [`ClockWatch`]: notices that this machine's clock is wrong, before the tolerance refuses deliveries.

use std::{
    fmt,
    sync::atomic::{AtomicI64, AtomicU32, Ordering::Relaxed},
};

const MAX_SKEW_SECONDS: i64 = 60;
/// One slow delivery, or a minute of a slow network, says nothing about the clock.
const WINDOW_SECONDS: i64 = 600;
const FEWEST_DELIVERIES: u32 = 10;

/// Counts accepted deliveries by the skew of their timestamps, in windows of at least ten minutes and ten
/// deliveries.
#[derive(Default)]
pub(super) struct ClockWatch {
    /// Seconds since 1970; 0 before the first delivery.
    window_ends_at: AtomicI64,
    deliveries: AtomicU32,
    clock_ahead: AtomicU32,
    clock_behind: AtomicU32,
}

/// The median skew of a window was more than 60 s.
#[derive(Debug, PartialEq)]
pub(super) struct ClockSkewed {
    is_ahead: bool,
    beyond: u32,
    deliveries: u32,
}

impl ClockWatch {
    /// The verdict on a window that this delivery ends, unless the clock was right.
    pub(super) fn accepted(&self, now: i64, skew_seconds: i64) -> Option<ClockSkewed> {
        let deliveries = self.deliveries.fetch_add(1, Relaxed).saturating_add(1);
        if skew_seconds > MAX_SKEW_SECONDS {
            self.clock_ahead.fetch_add(1, Relaxed);
        } else if skew_seconds < -MAX_SKEW_SECONDS {
            self.clock_behind.fetch_add(1, Relaxed);
        }
        let ends_at = self.window_ends_at.load(Relaxed);
        if now < ends_at || (ends_at != 0 && deliveries < FEWEST_DELIVERIES) {
            return None;
        }
        self.end_window(ends_at, now)
    }

    /// A median is beyond a limit exactly if more than half of the values are.
    #[cold]
    fn end_window(&self, ends_at: i64, now: i64) -> Option<ClockSkewed> {
        let next = now.saturating_add(WINDOW_SECONDS);
        let exchanged = self
            .window_ends_at
            .compare_exchange(ends_at, next, Relaxed, Relaxed);
        if exchanged.is_err() || ends_at == 0 {
            return None;
        }
        let [deliveries, ahead, behind] = [&self.deliveries, &self.clock_ahead, &self.clock_behind]
            .map(|count| count.swap(0, Relaxed));
        let beyond = ahead.max(behind);
        (beyond > deliveries / 2).then_some(ClockSkewed {
            is_ahead: ahead > behind,
            beyond,
            deliveries,
        })
    }
}

impl fmt::Display for ClockSkewed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = if self.is_ahead { "ahead of" } else { "behind" };
        write!(
            f,
            "this machine's clock seems to be more than {MAX_SKEW_SECONDS} s {direction} the sender's: {} of the \
             last {} accepted deliveries have such a timestamp; synchronize the clock (NTP) before deliveries \
             are refused as out of tolerance",
            self.beyond, self.deliveries
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_767_225_600;

    /// One delivery each minute, with these skews. Returns the verdicts.
    fn minutes(watch: &ClockWatch, begin: i64, skews: &[i64]) -> Vec<ClockSkewed> {
        let times = (0..).map(|minute| begin + 60 * minute);
        times
            .zip(skews)
            .filter_map(|(now, skew)| watch.accepted(now, *skew))
            .collect()
    }

    #[test]
    fn a_median_beyond_a_minute_for_ten_minutes_is_a_warning() {
        for (skew, is_ahead) in [(61, true), (-61, false)] {
            let watch = ClockWatch::default();
            let verdicts = minutes(&watch, START, &[skew; 11]);
            let expected = ClockSkewed {
                is_ahead,
                beyond: 11,
                deliveries: 11,
            };
            assert_eq!(verdicts, [expected]);
            let text = verdicts[0].to_string();
            let direction = if is_ahead { "ahead of" } else { "behind" };
            assert!(
                text.contains(direction) && text.contains("11 of the last 11"),
                "{text}"
            );
        }
    }

    #[test]
    fn half_of_the_deliveries_or_a_minute_are_no_warning() {
        assert_eq!(minutes(&ClockWatch::default(), START, &[60; 50]), []);
        assert_eq!(minutes(&ClockWatch::default(), START, &[-60; 50]), []);
        // The window ends with the eleventh and then with each tenth delivery.
        let half: Vec<i64> = (0..41)
            .map(|minute| if minute % 2 == 0 { 0 } else { 250 })
            .collect();
        assert_eq!(minutes(&ClockWatch::default(), START, &half), []);
        let both = [250, -250, 0];
        let both: Vec<i64> = both.into_iter().cycle().take(60).collect();
        assert_eq!(minutes(&ClockWatch::default(), START, &both), []);
    }

    #[test]
    fn a_burst_is_no_warning_before_its_window_ends() {
        let watch = ClockWatch::default();
        assert!((0..1000).all(|_| watch.accepted(START, 250).is_none()));
        assert_eq!(
            watch.accepted(START + 600, 0).map(|skewed| skewed.beyond),
            Some(1000)
        );
        assert_eq!(
            watch.accepted(START + 1200, 0),
            None,
            "the next window begins anew"
        );
    }

    #[test]
    fn few_deliveries_make_the_window_longer() {
        let watch = ClockWatch::default();
        let hourly = (0..10).map(|hour| watch.accepted(START + 3600 * hour, 200));
        let verdicts: Vec<_> = hourly.map(|verdict| verdict.is_some()).collect();
        assert_eq!(verdicts, [[false; 9].as_slice(), &[true]].concat());
    }
}
