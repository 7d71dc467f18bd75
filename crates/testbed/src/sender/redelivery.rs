//! Additional deliveries of messages that were already delivered.

use std::{ops::RangeInclusive, time::Duration};

use fastrand::Rng;

/// How often each message is delivered, and when the deliveries after the first one start.
#[derive(Debug, Clone)]
pub struct Redelivery {
    deliveries: RangeInclusive<u32>,
    overlapping: f64,
    within: Duration,
}

impl Redelivery {
    /// Each message is delivered once.
    #[must_use]
    pub fn never() -> Self {
        Self::times(1..=1)
    }

    /// Each message is delivered a random number of times in this range; at least once.
    ///
    /// Half of the deliveries after the first start within 20 ms of it, while it probably runs; the others
    /// within 1 s after it has ended, most of them after a 2xx.
    #[must_use]
    pub fn times(deliveries: RangeInclusive<u32>) -> Self {
        Self {
            deliveries,
            overlapping: 0.5,
            within: Duration::from_secs(1),
        }
    }

    /// The share of the deliveries after the first that start while it runs, from 0 to 1. Default: 0.5.
    #[must_use]
    pub fn with_overlapping(mut self, share: f64) -> Self {
        self.overlapping = share;
        self
    }

    /// How long after the first delivery's end the later ones start, at most. Default: 1 s.
    #[must_use]
    pub fn with_within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    pub(super) fn draw(&self, rng: &mut Rng) -> Vec<Start> {
        let deliveries = rng.u32(self.deliveries.clone());
        (1..deliveries).map(|_| self.draw_one(rng)).collect()
    }

    fn draw_one(&self, rng: &mut Rng) -> Start {
        if rng.f64() < self.overlapping {
            Start::WithTheFirst(Duration::from_millis(20).mul_f64(rng.f64()))
        } else {
            Start::AfterTheFirst(self.within.mul_f64(rng.f64()))
        }
    }
}

/// When a further delivery starts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Start {
    /// This long after the start of the first delivery.
    WithTheFirst(Duration),
    /// This long after the end of the first delivery.
    AfterTheFirst(Duration),
}
