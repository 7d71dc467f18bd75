//! A worker's loop: leases due events, at most as many as may run at the same time.

use std::{pin::Pin, sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    leases::{DATABASE_PAUSE, Leases},
    queue::Queue,
    run::Run,
    settings::{Handler, Settings},
};
use crate::{engine::Engine, error::DatabaseError, purge};

/// The longest time until an event that another process stored is found.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Bounds memory, since a body has up to 2 MiB.
const LARGEST_LEASE: usize = 100;
const BETWEEN_PURGES: Duration = Duration::from_secs(3600);
/// The crashes, at least and at most, of an event that runs beside others.
const BESIDE_OTHERS: (i64, i64) = (0, 1);
/// The crashes, at least and at most, of an event that runs alone.
const ALONE: (i64, i64) = (2, i64::MAX);

pub(super) async fn work<DB: Engine, S: Handler>(
    queue: Queue<DB>,
    service: S,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) {
    let mut stop = Stop {
        order: Some(Box::pin(shutdown)),
    };
    let mut poll = Poll::new(queue, service, settings);
    while let Some(permits) = poll.free_permits(&mut stop).await {
        match poll.fetch(permits, &mut stop).await {
            Ok(None) => {}
            Ok(Some(pause)) => {
                let stored = &poll.leases.queue().stored;
                let _ = stop.or(something_to_do(stored, pause)).await;
            }
            Err(error) => {
                poll.leases.warn(&error);
                let _ = stop.or(sleep(DATABASE_PAUSE)).await;
            }
        }
    }
    poll.leases.prepare_to_stop();
    while poll.runs.join_next().await.is_some() {}
}

struct Poll<DB: Engine, S> {
    service: S,
    settings: Settings,
    leases: Arc<Leases<DB>>,
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
    Look,
    Lease,
    LeaseAlone,
}

/// Methods take `&mut self`, although few change it, since a service need not be `Sync`.
impl<DB: Engine, S: Handler> Poll<DB, S> {
    fn new(queue: Queue<DB>, service: S, settings: Settings) -> Self {
        let mut background = JoinSet::new();
        let (purged, retention) = (queue.clone(), settings.retention);
        background.spawn(purge::continuously(BETWEEN_PURGES, move || {
            let purged = purged.clone();
            async move { purged.purge(retention).await }
        }));
        let leases = Arc::new(Leases::new(queue, settings.lease));
        background.spawn(Arc::clone(&leases).keep());
        Self {
            service,
            free: Arc::new(Semaphore::new(settings.concurrency as usize)),
            settings,
            leases,
            look_at: Instant::now(),
            was_full: false,
            runs: JoinSet::new(),
            _background: background,
        }
    }

    /// Waits for a free permit and takes all that are free. `None` when the worker stops.
    async fn free_permits<F: Future<Output = ()>>(
        &mut self,
        stop: &mut Stop<F>,
    ) -> Option<OwnedSemaphorePermit> {
        let first = Arc::clone(&self.free).acquire_owned();
        let mut permits = stop.or(first).await?.ok()?;
        let others = self.free.available_permits().min(LARGEST_LEASE - 1);
        let others = u32::try_from(others).unwrap_or(u32::MAX);
        if let Ok(others) = Arc::clone(&self.free).try_acquire_many_owned(others) {
            permits.merge(others);
        }
        Some(permits)
    }

    /// Starts at most as many events as there are permits. Returns how long to wait when no event is due.
    async fn fetch<F: Future<Output = ()>>(
        &mut self,
        permits: OwnedSemaphorePermit,
        stop: &mut Stop<F>,
    ) -> Result<Option<Duration>, DatabaseError> {
        while self.runs.try_join_next().is_some() {}
        let next = match self.was_full && Instant::now() < self.look_at {
            true => Next::Lease,
            false => self.look().await?,
        };
        match next {
            Next::Wait(pause) => return Ok(Some(pause)),
            Next::Look => {}
            Next::Lease => self.lease(permits).await?,
            Next::LeaseAlone => self.lease_alone(permits, stop).await?,
        }
        Ok(None)
    }

    async fn look(&mut self) -> Result<Next, DatabaseError> {
        self.was_full = false;
        // Shorter than the silence that counts as an outage: see `Leases::may_take_over`.
        let longest_pause = LONGEST_PAUSE.min(self.settings.lease / 4);
        self.look_at = Instant::now() + longest_pause;
        let mut next = Next::Wait(longest_pause);
        for (state, due_in, crashes) in self.leases.next().await? {
            if state == "running" {
                if due_in <= 0 && self.leases.may_take_over() {
                    self.leases.take_over().await?;
                    return Ok(Next::Look);
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
        let jobs = self.leases.lease(at_most, BESIDE_OTHERS).await?;
        self.was_full = jobs.len() == at_most;
        for job in jobs {
            let permit = permits.split(1);
            self.start(
                Run::new(job, Arc::clone(&self.leases), self.settings.clone()),
                permit,
            );
        }
        Ok(())
    }

    /// Runs an event that may crash the process. It starts when no other event runs in this worker, and no other
    /// starts before it has ended.
    async fn lease_alone<F: Future<Output = ()>>(
        &mut self,
        mut permits: OwnedSemaphorePermit,
        stop: &mut Stop<F>,
    ) -> Result<(), DatabaseError> {
        let held = u32::try_from(permits.num_permits()).unwrap_or(u32::MAX);
        let others = self.settings.concurrency.saturating_sub(held);
        let others = Arc::clone(&self.free).acquire_many_owned(others);
        let Some(Ok(others)) = stop.or(others).await else {
            return Ok(());
        };
        permits.merge(others);
        if let Some(job) = self.leases.lease(1, ALONE).await?.pop() {
            let run = Run::new(job, Arc::clone(&self.leases), self.settings.clone());
            self.start(run, Some(permits));
        }
        Ok(())
    }

    fn start(&mut self, run: Run<DB>, permit: Option<OwnedSemaphorePermit>) {
        let service = self.service.clone();
        self.runs.spawn(async move {
            run.run(service).await;
            drop(permit);
        });
    }
}

async fn something_to_do(stored: &Notify, pause: Duration) {
    tokio::select! {
        () = stored.notified() => {}
        () = sleep(pause) => {}
    }
}

/// The order to stop. It may come at any time, and is never withdrawn.
struct Stop<F> {
    /// `None` once the order has come.
    order: Option<Pin<Box<F>>>,
}

impl<F: Future<Output = ()>> Stop<F> {
    /// The output of `other`, or `None` when the worker stops.
    async fn or<T>(&mut self, other: impl Future<Output = T>) -> Option<T> {
        let order = self.order.as_mut()?;
        tokio::select! {
            biased;
            () = order => {
                self.order = None;
                None
            }
            output = other => Some(output),
        }
    }
}
