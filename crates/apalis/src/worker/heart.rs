//! Shows that a worker lives, and takes over what the dead have left behind.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use apalis_core::worker::context::WorkerContext;
use tokio::time::{Instant, sleep};

use super::registration::{ENGINE_PAUSE, warn, within};
use crate::{
    engine::{Engine, whole_seconds},
    error::QueueError,
};

/// So many heartbeats that did not come are a dead worker.
///
/// One that lives is never that late for one which has [seen](Seen) the engine all the time: its beat may be one
/// heartbeat old when an outage begins, an outage may last as long as a [`GAP`] without being one, and a beat
/// that finds no answer is given up after another heartbeat, and comes again after a pause.
const MISSED: u32 = 5;
/// In heartbeats.
const GAP: f64 = 2.5;

/// A worker, as the engine's table of workers knows it.
pub(super) struct Heart<E> {
    pub(super) engine: E,
    pub(super) queue: Arc<str>,
    pub(super) worker: WorkerContext,
    pub(super) heartbeat: Duration,
}

impl<E: Engine> Heart<E> {
    pub(super) async fn beat(&self) -> Result<(), QueueError> {
        let beat = self.engine.beat(&self.queue, &self.worker);
        within::<E, _>(self.heartbeat, beat).await
    }

    pub(super) async fn keep_beating(self: Arc<Self>) {
        let mut seen = Seen::now();
        loop {
            sleep(self.heartbeat).await;
            while let Err(error) = self.beat().await {
                warn(&self.queue, &error);
                sleep(ENGINE_PAUSE).await;
            }
            seen.again(self.heartbeat.mul_f64(GAP));
            let dead_after = Duration::from_secs(whole_seconds(self.heartbeat * MISSED));
            if seen.for_long() >= dead_after
                && let Err(error) = self.free_jobs_of_the_dead(dead_after).await
            {
                warn(&self.queue, &error);
            }
        }
    }

    /// Before the next beat is due: after an outage it would not know any more who is dead.
    async fn free_jobs_of_the_dead(&self, dead_after: Duration) -> Result<(), QueueError> {
        let freed = self
            .engine
            .free_jobs_of_the_dead(&self.queue, &self.worker, dead_after);
        within::<E, _>(self.heartbeat, freed).await
    }
}

/// For how long the engine was there, without a gap. After an outage, or when this process stood still, the
/// others look dead too, and must be given time to show that they live.
struct Seen {
    first: Moment,
    last: Moment,
}

impl Seen {
    fn now() -> Self {
        let now = Moment::now();
        Self {
            first: now,
            last: now,
        }
    }

    fn again(&mut self, gap: Duration) {
        let now = Moment::now();
        if self.last.elapsed() > gap {
            self.first = now;
        }
        self.last = now;
    }

    fn for_long(&self) -> Duration {
        self.first.elapsed()
    }
}

#[derive(Clone, Copy)]
struct Moment {
    instant: Instant,
    /// Goes on while a machine sleeps, where an instant stands still.
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

    const HEARTBEAT: Duration = Duration::from_secs(2);

    fn seen_every(pauses: impl IntoIterator<Item = Duration>) -> Seen {
        let mut seen = Seen::now();
        for pause in pauses {
            for moment in [&mut seen.first, &mut seen.last] {
                moment.instant -= pause;
                moment.clock -= pause;
            }
            seen.again(HEARTBEAT.mul_f64(GAP));
        }
        seen
    }

    #[test]
    fn an_engine_that_is_always_there_is_seen_for_long() {
        assert!(seen_every([HEARTBEAT; 4]).for_long() >= HEARTBEAT * 4);
    }

    #[test]
    fn after_an_outage_it_begins_anew() {
        let outage = [HEARTBEAT, HEARTBEAT, HEARTBEAT, Duration::from_secs(6)];
        assert!(seen_every(outage).for_long() < HEARTBEAT);
        let later = outage.into_iter().chain([HEARTBEAT; 2]);
        assert!(seen_every(later).for_long() < HEARTBEAT * 3);
    }

    #[test]
    fn a_machine_that_slept_has_seen_nothing() {
        let mut seen = seen_every([HEARTBEAT; 4]);
        seen.last.clock -= Duration::from_secs(3600);
        seen.first.clock -= Duration::from_secs(3600);
        seen.again(HEARTBEAT.mul_f64(GAP));
        assert!(seen.for_long() < HEARTBEAT);
    }
}
