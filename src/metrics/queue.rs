//! The series of a queue and its workers.

use std::{sync::Arc, time::Duration};

use super::{
    Counter, Gauge, Histogram,
    table::{QUEUE_ATTEMPTS, QUEUE_EVENTS, QUEUE_HANDLER, QUEUE_OLDEST_DUE},
};

/// The metrics of a queue and its workers, for implementors of queues.
///
/// Without feature `metrics` it does nothing, so that an engine need not know whether the feature is on.
///
/// ```
/// use std::time::Duration;
///
/// use clerk_webhooks::queue::{AttemptOutcome, QueueDepth, QueueMetrics};
///
/// let metrics = QueueMetrics::new("clerk");
/// metrics.attempt_ended(AttemptOutcome::Done);
/// metrics.handler_ran(Duration::from_millis(20));
/// metrics.set_depth(QueueDepth { waiting: 3, running: 1, dead: 0, oldest_due: Duration::ZERO });
/// ```
#[derive(Debug)]
pub struct QueueMetrics {
    queue: Arc<str>,
    attempts: [Counter; 4],
    handler: Histogram,
    waiting: Gauge,
    running: Gauge,
    dead: Gauge,
    oldest_due: Gauge,
}

/// How a worker's attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The event is done.
    Done,
    /// It failed and runs again.
    Retry,
    /// The event was dead-lettered.
    DeadLetter,
    /// Another worker has taken the event over.
    LostLease,
}

/// How many events a queue has, for its metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueDepth {
    /// Events that are due, or will be due later.
    pub waiting: u64,
    /// Events that a worker has leased.
    pub running: u64,
    /// Dead-lettered events.
    pub dead: u64,
    /// How long the oldest due event has waited; zero if none is due.
    pub oldest_due: Duration,
}

impl QueueMetrics {
    /// Whether feature `metrics` is on. If it is not, an engine need not count its events.
    pub const IS_ON: bool = cfg!(feature = "metrics");

    /// The metrics of the queue with this name, which is the label `queue`.
    #[must_use]
    pub fn new(queue: impl Into<Arc<str>>) -> Self {
        Self {
            queue: queue.into(),
            attempts: Default::default(),
            handler: Histogram::default(),
            waiting: Gauge::default(),
            running: Gauge::default(),
            dead: Gauge::default(),
            oldest_due: Gauge::default(),
        }
    }

    /// A worker's attempt has ended.
    pub fn attempt_ended(&self, outcome: AttemptOutcome) {
        let [done, retry, dead_letter, lost_lease] = &self.attempts;
        let (counter, outcome) = match outcome {
            AttemptOutcome::Done => (done, "done"),
            AttemptOutcome::Retry => (retry, "retry"),
            AttemptOutcome::DeadLetter => (dead_letter, "dead_letter"),
            AttemptOutcome::LostLease => (lost_lease, "lost_lease"),
        };
        counter.increment(&QUEUE_ATTEMPTS, &[self.label(), ("outcome", outcome)]);
    }

    /// A handler has run for this time.
    pub fn handler_ran(&self, time: Duration) {
        self.handler
            .record(&QUEUE_HANDLER, &[self.label()], time.as_secs_f64());
    }

    /// How many events the queue has now.
    pub fn set_depth(&self, depth: QueueDepth) {
        let states = [
            (&self.waiting, "waiting", depth.waiting),
            (&self.running, "running", depth.running),
            (&self.dead, "dead", depth.dead),
        ];
        for (gauge, state, count) in states {
            gauge.set(
                &QUEUE_EVENTS,
                &[self.label(), ("state", state)],
                count as f64,
            );
        }
        let oldest_due = depth.oldest_due.as_secs_f64();
        self.oldest_due
            .set(&QUEUE_OLDEST_DUE, &[self.label()], oldest_due);
    }

    fn label(&self) -> (&'static str, &str) {
        ("queue", &self.queue)
    }
}
