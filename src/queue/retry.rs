//! When a failed event runs again, and when it does not.

use std::{error::Error, time::Duration};

use crate::error::Disposition;

/// How often, and when, an event that failed in a worker is tried again. Every engine's adapter goes by it.
///
/// Defaults: 8 attempts in all; a second after the first failure, twice as long after each further one.
/// **That is about two minutes in all**, 127 s of pauses, where the sender itself would have gone on for 28
/// hours: the delivery is acknowledged, so that it no longer does. After the last attempt, and at once when
/// the failure is [permanent](crate::WebhookError::permanent), the event goes to the dead letter, where it is kept.
/// If an outage of what the handler needs may last longer, set more attempts. No pause is longer than an
/// hour, which the thirteenth is the first to reach; 60 attempts last two days.
///
/// Each pause is up to 20 % shorter or longer, so that events that failed together do not come back
/// together, and then rounded to whole seconds, on every engine: pauses of one and two seconds stay as they
/// are.
///
/// ```
/// use std::time::Duration;
///
/// use clerk_webhooks::queue::{RetryDecision, RetryPolicy};
///
/// let policy = RetryPolicy::new().with_max_attempts(3).with_jitter(0.0);
/// let again = std::io::Error::other("connection refused");
/// assert_eq!(policy.after(1, &again), RetryDecision::Retry(Duration::from_secs(1)));
/// assert_eq!(policy.after(2, &again), RetryDecision::Retry(Duration::from_secs(2)));
/// assert_eq!(policy.after(3, &again), RetryDecision::DeadLetter);
///
/// /// All the pauses; what the runs take comes on top.
/// fn lasts(policy: &RetryPolicy) -> Duration {
///     let mut pauses = Duration::ZERO;
///     for attempt in 1.. {
///         match policy.after_a_failure(attempt) {
///             RetryDecision::Retry(pause) => pauses += pause,
///             RetryDecision::DeadLetter => break,
///         }
///     }
///     pauses
/// }
/// let default = RetryPolicy::new().with_jitter(0.0);
/// assert_eq!(lasts(&default), Duration::from_secs(127));
/// let two_days = default.with_max_attempts(60);
/// assert_eq!(lasts(&two_days), Duration::from_secs(173_295)); // 48 hours and 8 minutes
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPolicy {
    max_attempts: u32,
    initial_backoff: Duration,
    max_backoff: Duration,
    jitter: f64,
}

/// What happens to an event after an attempt that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryDecision {
    /// It runs again, after this pause.
    Retry(Duration),
    /// It is kept apart, for people to look at.
    DeadLetter,
}

impl RetryPolicy {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            max_attempts: 8,
            initial_backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(3600),
            jitter: 0.2,
        }
    }

    /// How often an event is run in all: 8 unless set, which is two minutes of pauses; at least once.
    #[must_use]
    pub fn with_max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = max_attempts.max(1);
        self
    }

    /// The pause after the first failure: 1 s unless set. Each further one is twice as long.
    #[must_use]
    pub fn with_initial_backoff(mut self, initial_backoff: Duration) -> Self {
        self.initial_backoff = initial_backoff;
        self
    }

    /// No pause is longer, but for its jitter: 1 h unless set, which 8 attempts never reach.
    #[must_use]
    pub fn with_max_backoff(mut self, max_backoff: Duration) -> Self {
        self.max_backoff = max_backoff;
        self
    }

    /// By which part a pause may be shorter or longer: 0.2 unless set; from 0 to 1. Rounding to whole seconds
    /// takes it from pauses of one and two seconds.
    #[must_use]
    pub fn with_jitter(mut self, jitter: f64) -> Self {
        self.jitter = if jitter.is_nan() {
            0.0
        } else {
            jitter.clamp(0.0, 1.0)
        };
        self
    }

    /// How often an event is run in all.
    #[must_use]
    pub fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// After `attempt`, counted from 1, failed with `error`: the [`WebhookError`](crate::WebhookError)
    /// in its source chain decides; any other error means retry.
    #[must_use]
    pub fn after(&self, attempt: u32, error: &(dyn Error + 'static)) -> RetryDecision {
        match Disposition::find_in(error) {
            Some(Disposition::Permanent) => RetryDecision::DeadLetter,
            Some(Disposition::Retry) | None => self.after_a_failure(attempt),
        }
    }

    /// After `attempt`, counted from 1, failed in a way that leaves no error, such as a panic.
    #[must_use]
    pub fn after_a_failure(&self, attempt: u32) -> RetryDecision {
        if attempt >= self.max_attempts {
            return RetryDecision::DeadLetter;
        }
        let pause = self.pause(attempt);
        let off = 1.0 + self.jitter * (2.0 * fastrand::f64() - 1.0);
        RetryDecision::Retry(whole_seconds(pause.mul_f64(off)))
    }

    /// After an attempt whose process died: it counts, and the next one follows without a pause.
    #[must_use]
    pub fn after_a_crash(&self, attempt: u32) -> RetryDecision {
        if attempt >= self.max_attempts {
            RetryDecision::DeadLetter
        } else {
            RetryDecision::Retry(Duration::ZERO)
        }
    }

    fn pause(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1);
        let doubled = 2u32
            .checked_pow(doublings)
            .and_then(|times| self.initial_backoff.checked_mul(times));
        // `mul_f64` overflows beyond this.
        const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);
        let longest = self.max_backoff.min(LONGEST);
        doubled.unwrap_or(longest).min(longest)
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// SQLite's engine keeps times in whole seconds, so that all go by them: rounded, but never to nothing.
fn whole_seconds(pause: Duration) -> Duration {
    if pause.is_zero() {
        return pause;
    }
    let rounded = (pause + Duration::from_millis(500)).as_secs();
    Duration::from_secs(rounded.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::WebhookError;

    fn pauses(policy: &RetryPolicy) -> Vec<u64> {
        let attempts = 1..policy.max_attempts();
        let pause = |attempt| match policy.after_a_failure(attempt) {
            RetryDecision::Retry(pause) => pause.as_secs(),
            RetryDecision::DeadLetter => panic!("attempt {attempt} was the last"),
        };
        attempts.map(pause).collect()
    }

    #[test]
    fn backoff_doubles_up_to_its_maximum() {
        let policy = RetryPolicy::new().with_jitter(0.0);
        assert_eq!(pauses(&policy), [1, 2, 4, 8, 16, 32, 64]);
        assert_eq!(policy.after_a_failure(8), RetryDecision::DeadLetter);
        let policy = policy.with_max_backoff(Duration::from_secs(5));
        assert_eq!(pauses(&policy), [1, 2, 4, 5, 5, 5, 5]);
        let policy = RetryPolicy::new().with_jitter(0.0).with_max_attempts(100);
        assert_eq!(
            pauses(&policy)[11..],
            vec![2048].into_iter().chain([3600; 87]).collect::<Vec<_>>()
        );
    }

    #[test]
    fn jitter_stays_within_a_fifth_and_is_not_always_the_same() {
        let policy = RetryPolicy::new().with_initial_backoff(Duration::from_secs(100));
        let seconds: Vec<_> = (0..200).map(|_| pauses(&policy)[0]).collect();
        assert!(seconds.iter().all(|seconds| (80..=120).contains(seconds)));
        assert!(seconds.iter().any(|&seconds| seconds < 95));
        assert!(seconds.iter().any(|&seconds| 105 < seconds));
    }

    #[test]
    fn what_is_permanent_is_not_tried_again() {
        let policy = RetryPolicy::new();
        let permanent = WebhookError::permanent("no such plan").into_boxed();
        assert_eq!(policy.after(1, &*permanent), RetryDecision::DeadLetter);
        let again = WebhookError::retry("busy").into_boxed();
        assert!(matches!(policy.after(1, &*again), RetryDecision::Retry(_)));
        assert!(matches!(policy.after(7, &*again), RetryDecision::Retry(_)));
        assert_eq!(policy.after(8, &*again), RetryDecision::DeadLetter);
    }

    #[test]
    fn a_crash_counts_but_costs_no_pause() {
        let policy = RetryPolicy::new();
        assert_eq!(
            policy.after_a_crash(7),
            RetryDecision::Retry(Duration::ZERO)
        );
        assert_eq!(policy.after_a_crash(8), RetryDecision::DeadLetter);
    }

    #[test]
    fn the_oddest_settings_are_taken() {
        let policy = RetryPolicy::new()
            .with_max_attempts(u32::MAX)
            .with_initial_backoff(Duration::MAX)
            .with_max_backoff(Duration::MAX)
            .with_jitter(f64::INFINITY);
        for attempt in [0, 1, 31, 32, 33, u32::MAX - 1] {
            assert!(matches!(
                policy.after_a_failure(attempt),
                RetryDecision::Retry(_)
            ));
        }
        let none = RetryPolicy::new()
            .with_initial_backoff(Duration::ZERO)
            .with_max_attempts(0);
        assert_eq!(none.after_a_failure(1), RetryDecision::DeadLetter);
        let no_pause = RetryPolicy::new().with_initial_backoff(Duration::ZERO);
        assert_eq!(
            no_pause.after_a_failure(1),
            RetryDecision::Retry(Duration::ZERO)
        );
        assert_eq!(
            RetryPolicy::new().with_jitter(f64::NAN),
            RetryPolicy::new().with_jitter(0.0)
        );
    }
}
