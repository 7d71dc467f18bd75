//! Counts of how deliveries ended.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::metrics::{
    self,
    table::{IDEMPOTENCY, IDEMPOTENCY_WAITS, LOST_LEASES, Metric, STORE_ERRORS},
};

/// How deliveries ended since an [`IdempotencyLayer`](super::IdempotencyLayer) was made, in this process.
///
/// ```
/// use clerk_webhooks::idempotency::{IdempotencyLayer, MemoryStore};
///
/// let idempotency = IdempotencyLayer::new(MemoryStore::new(), "users");
/// assert_eq!(idempotency.counts().lost_leases, 0);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Deliveries whose message was completed: the handler succeeded or failed permanently.
    pub completed: u64,
    /// Deliveries whose handler ran and whose message can run again. The handler gave any other answer,
    /// panicked, or exceeded the longest run.
    pub released: u64,
    /// Deliveries of a completed message. They are answered 200 or 422, and the handler does not run.
    pub duplicates: u64,
    /// Deliveries that waited for another delivery of their message. Most also count in one of the other fields,
    /// but not one that a shutdown ended.
    pub waited: u64,
    /// Deliveries answered 409, because another delivery of their message was being handled and did not end in
    /// time.
    pub in_progress: u64,
    /// Leases that ended while their handler was running, or before the completion was recorded. A second run
    /// may have started at the same time.
    pub lost_leases: u64,
    /// Store operations that failed or were not answered in time.
    pub store_failures: u64,
}

#[derive(Debug)]
pub(super) struct Counters {
    pub(super) completed: Counter,
    pub(super) released: Counter,
    pub(super) duplicates: Counter,
    pub(super) waited: Counter,
    pub(super) in_progress: Counter,
    pub(super) lost_leases: Counter,
    pub(super) store_failures: Counter,
}

impl Counters {
    pub(super) fn new(scope: &Arc<str>) -> Self {
        let counter = |metric, outcome| Counter {
            count: AtomicU64::new(0),
            series: metrics::Counter::default(),
            metric,
            scope: Arc::clone(scope),
            outcome,
        };
        Self {
            completed: counter(&IDEMPOTENCY, Some("completed")),
            released: counter(&IDEMPOTENCY, Some("released")),
            duplicates: counter(&IDEMPOTENCY, Some("duplicate")),
            waited: counter(&IDEMPOTENCY_WAITS, None),
            in_progress: counter(&IDEMPOTENCY, Some("in_progress")),
            lost_leases: counter(&LOST_LEASES, None),
            store_failures: counter(&STORE_ERRORS, None),
        }
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            completed: self.completed.count(),
            released: self.released.count(),
            duplicates: self.duplicates.count(),
            waited: self.waited.count(),
            in_progress: self.in_progress.count(),
            lost_leases: self.lost_leases.count(),
            store_failures: self.store_failures.count(),
        }
    }
}

/// One of the [`Counts`], and its metric.
#[derive(Debug)]
pub(super) struct Counter {
    count: AtomicU64,
    series: metrics::Counter,
    metric: &'static Metric,
    scope: Arc<str>,
    outcome: Option<&'static str>,
}

impl Counter {
    pub(super) fn add(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let scope = ("scope", &*self.scope);
        match self.outcome {
            Some(outcome) => {
                let labels = [scope, ("outcome", outcome)];
                self.series.increment(self.metric, &labels);
            }
            None => self.series.increment(self.metric, &[scope]),
        }
    }

    fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}
