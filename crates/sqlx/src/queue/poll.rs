//! A worker's loop: leases due events, at most as many as may run at the same time.

use std::{sync::Arc, time::Duration};

use clerk_webhooks::queue::Handler;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{Instant, timeout},
};

use super::{
    lease::Lease,
    leases::{DATABASE_PAUSE, Leases},
    queue::Queue,
    run::Run,
    settings::Settings,
};
use crate::{engine::Engine, error::DatabaseError};

/// The longest time until an event that another process stored is found.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Bounds memory, since a body has up to 2 MiB.
const LARGEST_LEASE: usize = 100;
/// The crashes, at least and at most, of an event that runs beside others.
const BESIDE_OTHERS: (i64, i64) = (0, 1);
/// The crashes, at least and at most, of an event that runs alone.
const ALONE: (i64, i64) = (2, i64::MAX);

pub(super) async fn work<DB: Engine, S: Handler>(
    queue: Queue<DB>,
    service: S,
    settings: Settings,
    stop: watch::Receiver<bool>,
) {
    let mut poll = Poll::new(queue, service, settings, stop);
    while let Some(permits) = poll.free_permits().await {
        let pause = match poll.fetch(permits).await {
            Ok(pause) => pause,
            Err(error) => {
                poll.leases.warn(&error);
                DATABASE_PAUSE
            }
        };
        poll.wait(pause).await;
    }
    while poll.runs.join_next().await.is_some() {}
}

struct Poll<DB: Engine, S> {
    service: S,
    leases: Arc<Leases<DB>>,
    stop: watch::Receiver<bool>,
    free: Arc<Semaphore>,
    /// When to look for the next row again, even if the last lease filled all permits.
    look_at: Instant,
    was_full: bool,
    /// Aborted when the loop is dropped.
    runs: JoinSet<()>,
    _background: JoinSet<()>,
}

enum Next {
    Wait(Duration),
    Lease,
    LeaseAlone,
}

/// Methods take `&mut self`, although few change it, since a service need not be `Sync`.
impl<DB: Engine, S: Handler> Poll<DB, S> {
    fn new(queue: Queue<DB>, service: S, settings: Settings, stop: watch::Receiver<bool>) -> Self {
        let free = Arc::new(Semaphore::new(settings.concurrency));
        let leases = Arc::new(Leases::new(queue, settings, stop.clone()));
        let mut background = JoinSet::new();
        background.spawn(Arc::clone(&leases).keep());
        background.spawn(Arc::clone(&leases).purge());
        Self {
            service,
            leases,
            stop,
            free,
            look_at: Instant::now(),
            was_full: false,
            runs: JoinSet::new(),
            _background: background,
        }
    }

    /// Waits for a free permit and takes all that are free. `None` when the worker stops.
    async fn free_permits(&mut self) -> Option<OwnedSemaphorePermit> {
        let first = Arc::clone(&self.free).acquire_owned();
        let mut permits = self.unless_stopped(first).await?.ok()?;
        let others = self.free.available_permits().min(LARGEST_LEASE - 1);
        let others = u32::try_from(others).unwrap_or(u32::MAX);
        if let Ok(others) = Arc::clone(&self.free).try_acquire_many_owned(others) {
            permits.merge(others);
        }
        Some(permits)
    }

    /// Starts at most as many events as there are permits. Returns how long to wait.
    async fn fetch(&mut self, permits: OwnedSemaphorePermit) -> Result<Duration, DatabaseError> {
        while self.runs.try_join_next().is_some() {}
        let next = match self.was_full && Instant::now() < self.look_at {
            true => Next::Lease,
            false => self.look().await?,
        };
        match next {
            Next::Wait(pause) => return Ok(pause),
            Next::Lease => self.lease(permits).await?,
            Next::LeaseAlone => self.lease_alone(permits).await?,
        }
        Ok(Duration::ZERO)
    }

    async fn look(&mut self) -> Result<Next, DatabaseError> {
        self.was_full = false;
        // Shorter than the silence that counts as an outage: see `Leases::may_take_over`.
        let longest_pause = LONGEST_PAUSE.min(self.leases.settings.lease / 4);
        self.look_at = Instant::now() + longest_pause;
        let mut next = Next::Wait(longest_pause);
        for (state, due_in, crashes) in self.leases.next().await? {
            if state == "running" {
                if due_in <= 0 && self.leases.may_take_over() {
                    self.leases.take_over().await?;
                    return Ok(Next::Wait(Duration::ZERO));
                }
            } else if due_in > 0 {
                let pause = Duration::from_millis(due_in.unsigned_abs());
                next = Next::Wait(pause.min(longest_pause));
            } else if crashes <= BESIDE_OTHERS.1 {
                next = Next::Lease;
            } else {
                next = Next::LeaseAlone;
            }
        }
        Ok(next)
    }

    async fn lease(&mut self, mut permits: OwnedSemaphorePermit) -> Result<(), DatabaseError> {
        let at_most = permits.num_permits();
        let leases = self.leases.lease(at_most, BESIDE_OTHERS).await?;
        self.was_full = leases.len() == at_most;
        for lease in leases {
            self.start(lease, permits.split(1));
        }
        Ok(())
    }

    /// Runs an event that may crash the process. It starts when no other event runs in this worker, and no other
    /// starts before it has ended.
    async fn lease_alone(
        &mut self,
        mut permits: OwnedSemaphorePermit,
    ) -> Result<(), DatabaseError> {
        let concurrency = self.leases.settings.concurrency;
        let others = concurrency.saturating_sub(permits.num_permits());
        let others = u32::try_from(others).unwrap_or(u32::MAX);
        let others = Arc::clone(&self.free).acquire_many_owned(others);
        let Some(Ok(others)) = self.unless_stopped(others).await else {
            return Ok(());
        };
        permits.merge(others);
        if let Some(lease) = self.leases.lease(1, ALONE).await?.pop() {
            self.start(lease, Some(permits));
        }
        Ok(())
    }

    fn start(&mut self, lease: Arc<Lease>, permit: Option<OwnedSemaphorePermit>) {
        let (run, service) = (
            Run::new(lease, Arc::clone(&self.leases)),
            self.service.clone(),
        );
        self.runs.spawn(async move {
            run.run(service).await;
            drop(permit);
        });
    }

    /// Waits until this process stores an event, the worker stops, or the pause is over.
    async fn wait(&mut self, pause: Duration) {
        let leases = Arc::clone(&self.leases);
        let stored = timeout(pause, leases.queue.stored.notified());
        let _ = self.unless_stopped(stored).await;
    }

    /// The output of `other`, or `None` when the worker stops.
    async fn unless_stopped<T>(&mut self, other: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            _ = self.stop.wait_for(|&is_ordered| is_ordered) => None,
            output = other => Some(output),
        }
    }
}
