//! Whether and when a failed event runs again.

use std::{error::Error, time::Duration};

use crate::error::Disposition;

/// How often, and when, a worker runs a failed event again.
///
/// By default an event has 40 attempts. The pause after the first failure is 1 s, and pauses double up to one
/// hour. The first 12 pauses are 1 + 2 + 4 + ... + 2,048 = 4,095 s. The other 27 are 3,600 s each. That is
/// 101,295 s in all, or 28 hours and 8 minutes. The sender's own retries span 27 hours and 35 minutes, so the
/// worker outlasts every outage that the sender would have outlasted.
///
/// After the last failed attempt the event is dead-lettered. After a
/// [permanent](crate::WebhookError::permanent) failure it is dead-lettered at once.
///
/// Pauses are random, so that events that failed together do not run again together. A pause below ten seconds
/// has full jitter: the worker waits for a random time between zero and the pause. A longer pause is up to 20 %
/// shorter or longer.
///
/// ```
/// use std::time::Duration;
///
/// use clerk_webhooks::queue::{RetryDecision, RetryPolicy};
///
/// let policy = RetryPolicy::new().with_max_attempts(3).with_jitter(0.0);
/// let refused = std::io::Error::other("connection refused");
/// assert_eq!(policy.after(1, &refused), RetryDecision::Retry(Duration::from_secs(1)));
/// assert_eq!(policy.after(2, &refused), RetryDecision::Retry(Duration::from_secs(2)));
/// assert_eq!(policy.after(3, &refused), RetryDecision::DeadLetter);
///
/// let default = RetryPolicy::new().with_jitter(0.0);
/// let mut pauses = Duration::ZERO;
/// for attempt in 1..default.max_attempts() {
///     if let RetryDecision::Retry(pause) = default.after_a_failure(attempt) {
///         pauses += pause;
///     }
/// }
/// assert_eq!(pauses, Duration::from_secs(101_295));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPolicy {
    max_attempts: u32,
    initial_backoff: Duration,
    max_backoff: Duration,
    jitter: f64,
}

/// What happens to an event after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryDecision {
    /// The event runs again after this pause.
    Retry(Duration),
    /// The event is kept, but does not run again unless somebody requeues it.
    DeadLetter,
}

/// Below this, a pause has full jitter.
const SHORT: Duration = Duration::from_secs(10);
/// `Duration::mul_f64` overflows beyond this.
const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);

impl RetryPolicy {
    /// A policy with the defaults.
    ///
    /// ```
    /// use clerk_webhooks::queue::RetryPolicy;
    ///
    /// assert_eq!(RetryPolicy::new().max_attempts(), 40);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            max_attempts: 40,
            initial_backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(3600),
            jitter: 0.2,
        }
    }

    /// How many attempts an event has: 40 unless set, which takes some 28 hours; at least one.
    ///
    /// ```
    /// use clerk_webhooks::queue::{RetryDecision, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new().with_max_attempts(3);
    /// assert!(matches!(policy.after_a_failure(2), RetryDecision::Retry(_)));
    /// assert_eq!(policy.after_a_failure(3), RetryDecision::DeadLetter);
    /// ```
    #[must_use]
    pub fn with_max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = max_attempts.max(1);
        self
    }

    /// The pause after the first failure: 1 s unless set. Each further pause is twice as long, up to the
    /// [longest](Self::with_max_backoff).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use clerk_webhooks::queue::{RetryDecision, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new().with_initial_backoff(Duration::from_secs(5)).with_jitter(0.0);
    /// assert_eq!(policy.after_a_failure(1), RetryDecision::Retry(Duration::from_secs(5)));
    /// assert_eq!(policy.after_a_failure(2), RetryDecision::Retry(Duration::from_secs(10)));
    /// ```
    #[must_use]
    pub fn with_initial_backoff(mut self, initial_backoff: Duration) -> Self {
        self.initial_backoff = initial_backoff;
        self
    }

    /// The longest pause, before its jitter: 1 h unless set.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use clerk_webhooks::queue::{RetryDecision, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new().with_max_backoff(Duration::from_secs(60)).with_jitter(0.0);
    /// assert_eq!(policy.after_a_failure(6), RetryDecision::Retry(Duration::from_secs(32)));
    /// assert_eq!(policy.after_a_failure(7), RetryDecision::Retry(Duration::from_secs(60)));
    /// ```
    #[must_use]
    pub fn with_max_backoff(mut self, max_backoff: Duration) -> Self {
        self.max_backoff = max_backoff;
        self
    }

    /// The fraction by which a pause of ten seconds or more may be shorter or longer: 0.2 unless set; from 0 to
    /// 1. Zero also switches off the full jitter of shorter pauses.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use clerk_webhooks::queue::{RetryDecision, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new().with_jitter(0.1);
    /// // Without jitter, the fifth pause is 16 s.
    /// let RetryDecision::Retry(pause) = policy.after_a_failure(5) else { panic!("dead-lettered") };
    /// assert!(Duration::from_secs(14) < pause && pause < Duration::from_secs(18));
    /// ```
    #[must_use]
    pub fn with_jitter(mut self, jitter: f64) -> Self {
        self.jitter = if jitter.is_nan() {
            0.0
        } else {
            jitter.clamp(0.0, 1.0)
        };
        self
    }

    /// How many attempts an event has.
    ///
    /// ```
    /// use clerk_webhooks::queue::RetryPolicy;
    ///
    /// // An event has at least one attempt.
    /// assert_eq!(RetryPolicy::new().with_max_attempts(0).max_attempts(), 1);
    /// ```
    #[must_use]
    pub fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// The decision after `attempt`, counted from 1, has failed with `error`.
    ///
    /// A [`WebhookError`](crate::WebhookError) in the error's source chain decides. Any other error means retry,
    /// until no attempt is left.
    ///
    /// ```
    /// use clerk_webhooks::{WebhookError, queue::{RetryDecision, RetryPolicy}};
    ///
    /// let policy = RetryPolicy::new();
    /// let busy = std::io::Error::other("the database is busy");
    /// assert!(matches!(policy.after(1, &busy), RetryDecision::Retry(_)));
    /// let permanent = WebhookError::permanent("no such plan").into_boxed();
    /// assert_eq!(policy.after(1, &*permanent), RetryDecision::DeadLetter);
    /// ```
    #[must_use]
    pub fn after(&self, attempt: u32, error: &(dyn Error + 'static)) -> RetryDecision {
        match Disposition::find_in(error) {
            Some(Disposition::Permanent) => RetryDecision::DeadLetter,
            Some(Disposition::Retry) | None => self.after_a_failure(attempt),
        }
    }

    /// The decision after `attempt`, counted from 1, has failed without an error to look at, such as by a panic.
    ///
    /// ```
    /// use clerk_webhooks::queue::{RetryDecision, RetryPolicy};
    ///
    /// let policy = RetryPolicy::new();
    /// assert!(matches!(policy.after_a_failure(39), RetryDecision::Retry(_)));
    /// assert_eq!(policy.after_a_failure(40), RetryDecision::DeadLetter);
    /// ```
    #[must_use]
    pub fn after_a_failure(&self, attempt: u32) -> RetryDecision {
        if attempt >= self.max_attempts {
            return RetryDecision::DeadLetter;
        }
        RetryDecision::Retry(self.with_random_part(self.backoff(attempt)))
    }

    fn backoff(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1);
        let doubled = 2u32
            .checked_pow(doublings)
            .and_then(|times| self.initial_backoff.checked_mul(times));
        let longest = self.max_backoff.min(LONGEST);
        doubled.unwrap_or(longest).min(longest)
    }

    fn with_random_part(&self, pause: Duration) -> Duration {
        if self.jitter == 0.0 {
            pause
        } else if pause < SHORT {
            pause.mul_f64(fastrand::f64())
        } else {
            pause.mul_f64(1.0 + self.jitter * (2.0 * fastrand::f64() - 1.0))
        }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::WebhookError;

    fn pauses(policy: &RetryPolicy) -> Vec<Duration> {
        let pause = |attempt| match policy.after_a_failure(attempt) {
            RetryDecision::Retry(pause) => pause,
            RetryDecision::DeadLetter => panic!("attempt {attempt} was the last"),
        };
        (1..policy.max_attempts()).map(pause).collect()
    }

    fn seconds(policy: &RetryPolicy) -> Vec<u64> {
        pauses(policy).iter().map(Duration::as_secs).collect()
    }

    #[test]
    fn backoff_doubles_up_to_its_maximum() {
        let policy = RetryPolicy::new().with_jitter(0.0);
        let seconds_of_default = seconds(&policy);
        assert_eq!(seconds_of_default[..5], [1, 2, 4, 8, 16]);
        assert_eq!(seconds_of_default[11], 2048);
        assert_eq!(seconds_of_default[12..], [3600; 27]);
        assert_eq!(policy.after_a_failure(40), RetryDecision::DeadLetter);
        let policy = policy
            .with_max_attempts(5)
            .with_max_backoff(Duration::from_secs(5));
        assert_eq!(seconds(&policy), [1, 2, 4, 5]);
    }

    #[test]
    fn the_default_outlasts_the_senders_own_retries() {
        let senders_hours = [5.0 / 3600.0, 5.0 / 60.0, 0.5, 2.0, 5.0, 10.0, 10.0];
        let all: Duration = pauses(&RetryPolicy::new().with_jitter(0.0)).iter().sum();
        assert!(all.as_secs_f64() / 3600.0 > senders_hours.iter().sum());
    }

    #[test]
    fn a_long_pause_varies_by_a_fifth() {
        let policy = RetryPolicy::new().with_initial_backoff(Duration::from_secs(100));
        let first: Vec<_> = (0..200).map(|_| seconds(&policy)[0]).collect();
        assert!(first.iter().all(|seconds| (80..=120).contains(seconds)));
        assert!(first.iter().any(|&seconds| seconds < 95));
        assert!(first.iter().any(|&seconds| 105 < seconds));
    }

    #[test]
    fn a_short_pause_is_anything_down_to_zero() {
        let policy = RetryPolicy::new().with_initial_backoff(Duration::from_secs(9));
        let first: Vec<_> = (0..200).map(|_| pauses(&policy)[0].as_secs_f64()).collect();
        assert!(first.iter().all(|pause| (0.0..9.0).contains(pause)));
        assert!(first.iter().any(|&pause| pause < 2.0));
        assert!(first.iter().any(|&pause| 7.0 < pause));
    }

    #[test]
    fn a_permanent_failure_is_not_retried() {
        let policy = RetryPolicy::new().with_max_attempts(8);
        let permanent = WebhookError::permanent("no such plan").into_boxed();
        assert_eq!(policy.after(1, &*permanent), RetryDecision::DeadLetter);
        let again = WebhookError::retry("busy").into_boxed();
        assert!(matches!(policy.after(1, &*again), RetryDecision::Retry(_)));
        assert!(matches!(policy.after(7, &*again), RetryDecision::Retry(_)));
        assert_eq!(policy.after(8, &*again), RetryDecision::DeadLetter);
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
