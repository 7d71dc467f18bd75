//! [`Pace`]: when the next request may be sent.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// Spreads requests evenly, and lets none pass while Clerk has said to wait. All clones of a client share one.
#[derive(Debug)]
pub(super) struct Pace {
    times: Mutex<Times>,
}

#[derive(Debug)]
struct Times {
    between: Duration,
    /// The next request that has no turn yet may be sent at this time.
    next: Instant,
    blocked_until: Instant,
}

impl Pace {
    pub(super) fn new(requests_per_second: f64) -> Self {
        let now = Instant::now();
        let between = 1.0 / requests_per_second.max(SLOWEST);
        Self {
            times: Mutex::new(Times {
                between: Duration::from_secs_f64(between),
                next: now,
                blocked_until: now,
            }),
        }
    }

    /// Waits for a turn.
    pub(super) async fn turn(&self) {
        loop {
            let at = self.with(Times::take);
            sleep_until(at).await;
            // A 429 may have come meanwhile, for a request that was sent before.
            if self.with(|times| times.blocked_until) <= Instant::now() {
                return;
            }
        }
    }

    /// Sends nothing for so long.
    pub(super) fn block(&self, pause: Duration) {
        self.with(|times| {
            times.blocked_until = times.blocked_until.max(Instant::now() + pause);
            times.next = times.next.max(times.blocked_until);
        });
    }

    fn with<R>(&self, action: impl FnOnce(&mut Times) -> R) -> R {
        action(&mut self.times.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One request an hour: a rate of zero, or one that is no number, must not wait for ever.
const SLOWEST: f64 = 1.0 / 3600.0;

impl Times {
    fn take(&mut self) -> Instant {
        let at = self.next.max(Instant::now());
        self.next = at + self.between;
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_are_spread_and_blocked() {
        let start = Instant::now();
        let pace = Pace::new(10.0);
        for _ in 0..11 {
            pace.turn().await;
        }
        assert_eq!(start.elapsed().as_millis(), 1_000);
        let waiting = async {
            pace.turn().await;
            start.elapsed()
        };
        let blocking = async { pace.block(Duration::from_secs(5)) };
        let (sent, ()) = tokio::join!(waiting, blocking);
        assert!(sent >= Duration::from_secs(6), "{sent:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn no_rate_makes_it_panic() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            Pace::new(rate).turn().await;
        }
    }
}
