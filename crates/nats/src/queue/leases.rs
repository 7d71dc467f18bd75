//! The leases that a worker holds on deliveries: extends and ends them.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use clerk_webhooks::BoxError;
use tokio::time::{Instant, sleep};
use tracing::warn;

use super::{delivery::Delivery, queue::Queue};
use crate::error::NatsError;

/// The pause between attempts to reach the server.
pub(super) const SERVER_PAUSE: Duration = Duration::from_millis(500);
/// How long a stopping worker tries to record how a run ended. After that the run counts as a crash.
const LAST_TRIES: Duration = Duration::from_secs(10);

/// Shared by the loop and every run.
pub(super) struct Leases {
    pub(super) queue: Queue,
    lasts: Duration,
    /// The newest delivery that this worker has got of each event, by the event's sequence.
    held: Mutex<HashMap<u64, u64>>,
    stopping: AtomicBool,
}

impl Leases {
    pub(super) fn new(queue: Queue, lasts: Duration) -> Self {
        Self {
            queue,
            lasts,
            held: Mutex::default(),
            stopping: AtomicBool::new(false),
        }
    }

    /// A lease on a delivery that has just come.
    pub(super) fn hold(&self, delivery: &Delivery) -> Lease {
        self.held().insert(delivery.sequence, delivery.delivered);
        Lease {
            since: Mutex::new(Moment::now()),
        }
    }

    /// Extends the lease until the future is dropped.
    pub(super) async fn keep(&self, delivery: &Delivery, lease: &Lease) {
        loop {
            sleep(self.lasts / 4).await;
            let asked_at = Moment::now();
            match delivery.extend().await {
                Ok(()) => lease.extend(asked_at, self.lasts),
                Err(error) => self.warn("extend a lease", error),
            }
        }
    }

    /// Whether the server cannot have given the event to anybody else.
    pub(super) fn is_held(&self, delivery: &Delivery, lease: &Lease) -> bool {
        let newest = self.held().get(&delivery.sequence).copied();
        newest == Some(delivery.delivered) && lease.holds(self.lasts)
    }

    pub(super) fn forget(&self, delivery: &Delivery) {
        let mut held = self.held();
        if held.get(&delivery.sequence) == Some(&delivery.delivered) {
            held.remove(&delivery.sequence);
        }
    }

    /// Tries until the server answers. Returns `None` when the worker stops and the server still does not answer.
    pub(super) async fn insist<T, E: Into<BoxError>, F>(
        &self,
        attempt: &'static str,
        asking: impl Fn() -> F,
    ) -> Option<T>
    where
        F: Future<Output = Result<T, E>>,
    {
        let mut stopping_since = None;
        loop {
            match asking().await {
                Ok(answer) => return Some(answer),
                Err(error) => self.warn(attempt, error),
            }
            if self.is_stopping()
                && stopping_since.get_or_insert_with(Instant::now).elapsed() > LAST_TRIES
            {
                return None;
            }
            sleep(SERVER_PAUSE).await;
        }
    }

    pub(super) fn prepare_to_stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub(super) fn warn<E: Into<BoxError>>(&self, attempt: &'static str, error: E) {
        let error = NatsError::of(attempt)(error);
        let queue = self.queue.name();
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        warn!(target: "clerk_webhooks", queue, cause, "{error}; trying again");
    }

    /// A poisoned lock is safe to use: no user's code runs under it.
    fn held(&self) -> MutexGuard<'_, HashMap<u64, u64>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to end one delivery.
pub(super) struct Lease {
    /// When the server was last asked to start it anew, and did.
    since: Mutex<Moment>,
}

impl Lease {
    /// A lease that has once ended stays ended, since the server confirms any extension.
    fn extend(&self, asked_at: Moment, lasts: Duration) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        if since.elapsed() < lasts {
            *since = asked_at;
        }
    }

    fn holds(&self, lasts: Duration) -> bool {
        let since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.elapsed() < lasts
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

    const LASTS: Duration = Duration::from_secs(30);

    fn lease_of(age: Duration) -> Lease {
        let mut since = Moment::now();
        since.clock -= age;
        Lease {
            since: Mutex::new(since),
        }
    }

    #[test]
    fn a_lease_holds_from_one_extension_to_the_next() {
        let lease = lease_of(LASTS / 2);
        assert!(lease.holds(LASTS));
        lease.extend(Moment::now(), LASTS);
        assert!(lease.holds(LASTS / 4));
    }

    #[test]
    fn a_lease_that_ended_stays_ended() {
        let lease = lease_of(LASTS * 2);
        assert!(!lease.holds(LASTS));
        lease.extend(Moment::now(), LASTS);
        assert!(!lease.holds(LASTS));
    }
}
