//! When the next attempt comes.

use std::time::Duration;

use fastrand::Rng;

use super::report::{Outcome, RetryAfter};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DELAYS: [u64; 7] = [
    5,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    10 * HOUR,
];
const AFTER_A_TIMEOUT: u64 = MINUTE;

/// Svix' schedule of retries, a thousand times faster by default.
#[derive(Debug, Clone)]
pub struct Schedule {
    delays: Vec<Duration>,
    after_a_timeout: Duration,
    scale: u32,
}

impl Schedule {
    /// Svix' own schedule, `scale` times faster: 8 attempts over 27.6 hours divided by `scale`.
    ///
    /// ```
    /// use clerk_webhooks_testbed::sender::Schedule;
    ///
    /// assert_eq!(Schedule::svix(1_000).attempts(), 8);
    /// ```
    ///
    /// # Panics
    ///
    /// When `scale` is 0.
    #[must_use]
    pub fn svix(scale: u32) -> Self {
        let scaled = |seconds| Duration::from_secs(seconds) / scale;
        Self {
            delays: DELAYS.map(scaled).to_vec(),
            after_a_timeout: scaled(AFTER_A_TIMEOUT),
            scale,
        }
    }

    /// Sets the number of attempts. Attempts beyond Svix' own schedule repeat its last delay.
    #[must_use]
    pub fn with_attempts(mut self, attempts: usize) -> Self {
        let last = self.delays.last().copied().unwrap_or_default();
        self.delays.resize(attempts.saturating_sub(1), last);
        self
    }

    /// How many attempts a delivery has.
    #[must_use]
    pub fn attempts(&self) -> usize {
        self.delays.len() + 1
    }

    /// How long to wait after the attempt `number` (from 1) has ended like this. `None` when no attempt is left.
    pub(super) fn delay(
        &self,
        number: usize,
        outcome: &Outcome,
        rng: &mut Rng,
    ) -> Option<Duration> {
        let scheduled = *self.delays.get(number.checked_sub(1)?)?;
        let delay = match outcome {
            Outcome::Status {
                retry_after: Some(retry_after),
                ..
            } => self
                .scaled(*retry_after)
                .clamp(scheduled, scheduled.saturating_mul(2)),
            Outcome::TimedOut => scheduled.max(self.after_a_timeout),
            Outcome::Status { .. } | Outcome::Broken { .. } => scheduled,
        };
        Some(delay.mul_f64(0.8 + 0.4 * rng.f64()))
    }

    /// The receiver sends real seconds. Here a second lasts a `scale`th of a real second.
    fn scaled(&self, RetryAfter(delay): RetryAfter) -> Duration {
        delay / self.scale
    }
}

/// Svix' schedule, a thousand times faster: 5 ms, 0.3 s, 1.8 s, 7.2 s, 18 s, 36 s, 36 s.
impl Default for Schedule {
    fn default() -> Self {
        Self::svix(1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(number: usize, outcome: &Outcome) -> (Duration, Duration) {
        let (schedule, mut rng) = (Schedule::default(), Rng::with_seed(7));
        let drawn: Vec<_> = (0..10_000)
            .map(|_| schedule.delay(number, outcome, &mut rng).unwrap())
            .collect();
        (*drawn.iter().min().unwrap(), *drawn.iter().max().unwrap())
    }

    #[track_caller]
    fn assert_around(middle: Duration, (least, most): (Duration, Duration)) {
        let near = |time: Duration, expected: Duration| time.abs_diff(expected) < middle / 200;
        assert!(near(least, middle * 4 / 5), "at least {least:?}");
        assert!(near(most, middle * 6 / 5), "at most {most:?}");
    }

    fn answered(retry_after: Option<u64>) -> Outcome {
        Outcome::Status {
            status: 503,
            retry_after: retry_after.map(|seconds| RetryAfter(Duration::from_secs(seconds))),
            aborts: false,
        }
    }

    #[test]
    fn the_delays_are_svix_own_scaled_and_jittered() {
        for (number, millis) in [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]
            .into_iter()
            .enumerate()
        {
            assert_around(
                Duration::from_millis(millis),
                delays(number + 1, &answered(None)),
            );
        }
    }

    #[test]
    fn the_eighth_attempt_is_the_last() {
        let mut rng = Rng::with_seed(7);
        assert_eq!(
            Schedule::default().delay(8, &answered(None), &mut rng),
            None
        );
    }

    #[test]
    fn more_attempts_come_at_the_last_delay() {
        let (schedule, mut rng) = (Schedule::svix(1_000).with_attempts(10), Rng::with_seed(7));
        assert_eq!(schedule.attempts(), 10);
        let delay = schedule.delay(9, &answered(None), &mut rng).unwrap();
        assert!(delay >= Duration::from_millis(28_800), "{delay:?}");
        assert_eq!(schedule.delay(10, &answered(None), &mut rng), None);
    }

    #[test]
    fn what_the_receiver_asks_for_is_kept_between_the_delay_and_twice_the_delay() {
        let second = |seconds| delays(2, &answered(Some(seconds)));
        assert_around(Duration::from_millis(300), second(5));
        assert_around(Duration::from_millis(450), second(450));
        assert_around(Duration::from_millis(600), second(86_400));
    }

    #[test]
    fn after_a_timeout_the_first_retry_waits_a_minute() {
        assert_around(Duration::from_millis(60), delays(1, &Outcome::TimedOut));
        assert_around(Duration::from_millis(300), delays(2, &Outcome::TimedOut));
    }
}
