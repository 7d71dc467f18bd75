//! How long the database has answered a worker without an interruption.

use std::time::{Duration, SystemTime};

/// After an outage, or after this process was suspended, every lease has ended. Workers that still run must then get
/// time to extend their leases.
///
/// The clock continues while the machine sleeps; an `Instant` may stop then.
#[derive(Debug)]
pub(super) struct Touch {
    since: SystemTime,
    last: SystemTime,
}

impl Touch {
    pub(super) fn now() -> Self {
        let now = SystemTime::now();
        Self {
            since: now,
            last: now,
        }
    }

    /// Records that the database has answered. The time starts from zero after a silence longer than `gap`, and when
    /// the clock was set back, which may hide one.
    pub(super) fn again(&mut self, gap: Duration) {
        if self.last.elapsed().is_ok_and(|silence| silence <= gap) {
            self.last = SystemTime::now();
        } else {
            *self = Self::now();
        }
    }

    pub(super) fn lasts(&self) -> Duration {
        self.since.elapsed().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: Duration = Duration::from_secs(5);

    fn touched_after(pauses: impl IntoIterator<Item = u64>) -> Touch {
        let mut touch = Touch::now();
        for pause in pauses.into_iter().map(Duration::from_secs) {
            touch.since -= pause;
            touch.last -= pause;
            touch.again(GAP);
        }
        touch
    }

    #[test]
    fn it_lasts_as_long_as_the_database_answers() {
        assert!(touched_after([2; 4]).lasts() >= Duration::from_secs(8));
    }

    #[test]
    fn after_an_outage_it_begins_anew() {
        assert!(touched_after([2, 2, 2, 6]).lasts() < Duration::from_secs(1));
        let later = touched_after([2, 2, 2, 6, 2]).lasts();
        assert!(later < Duration::from_secs(3), "{later:?}");
    }

    #[test]
    fn it_begins_anew_after_the_clock_was_set_back() {
        let mut touch = touched_after([2; 4]);
        touch.since += Duration::from_secs(3600);
        touch.last += Duration::from_secs(3600);
        assert_eq!(touch.lasts(), Duration::ZERO);
        touch.again(GAP);
        touch.since -= GAP;
        assert!(touch.lasts() >= GAP, "it does not wait for the old time");
    }
}
