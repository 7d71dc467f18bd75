//! How long the database has answered a worker without an interruption.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// After an outage, or after this process was suspended, every lease has ended. Workers that still run must then get
/// time to extend their leases.
#[derive(Debug)]
pub(super) struct Touch {
    since: Moment,
    last: Moment,
}

impl Touch {
    pub(super) fn now() -> Self {
        let now = Moment::now();
        Self {
            since: now,
            last: now,
        }
    }

    /// Records that the database has answered. After a silence longer than `gap`, the time starts from zero.
    pub(super) fn again(&mut self, gap: Duration) {
        if self.last.elapsed() > gap {
            self.since = Moment::now();
        }
        self.last = Moment::now();
    }

    pub(super) fn lasts(&self) -> Duration {
        self.since.elapsed()
    }
}

#[derive(Debug, Clone, Copy)]
struct Moment {
    instant: Instant,
    /// Continues while the machine sleeps; an `Instant` may stop then.
    clock: SystemTime,
}

impl Moment {
    fn now() -> Self {
        Self {
            instant: Instant::now(),
            clock: SystemTime::now(),
        }
    }

    fn elapsed(&self) -> Duration {
        let by_clock = self.clock.elapsed().unwrap_or_default();
        by_clock.max(self.instant.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: Duration = Duration::from_secs(5);

    fn touched_after(pauses: impl IntoIterator<Item = u64>) -> Touch {
        let mut touch = Touch::now();
        for pause in pauses.into_iter().map(Duration::from_secs) {
            for moment in [&mut touch.since, &mut touch.last] {
                moment.instant -= pause;
                moment.clock -= pause;
            }
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
    fn it_begins_anew_after_a_machine_slept() {
        let mut touch = touched_after([2; 4]);
        touch.last.clock -= Duration::from_secs(3600);
        touch.since.clock -= Duration::from_secs(3600);
        touch.again(GAP);
        assert!(touch.lasts() < Duration::from_secs(1));
    }
}
