//! A worker's loop: fetches what is due, as much as may run at once.
//!
//! It is not apalis' own, which ends with the first error of the engine and drops what runs; which writes
//! down how runs ended in batches that such an error loses; and which shows no sign of life while it drains,
//! so that others would run a second time what it still runs.

use std::{pin::Pin, sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::sleep,
};

use super::{
    Handler, Settings, Worker, job,
    registration::{self, ENGINE_PAUSE, Registration},
};
use crate::{engine::Engine, queue::Queue};

/// How soon an event is found that another process stored, or whose time has come.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Bodies are up to 2 MiB each.
const LARGEST_LEASE: usize = 100;

pub(super) async fn work<E: Engine, S: Handler>(
    worker: Worker<E, S>,
    shutdown: impl Future<Output = ()>,
) {
    let mut stop = Stop {
        order: Some(Box::pin(shutdown)),
    };
    let Some(registration) = register(&worker.queue, worker.heartbeat, &mut stop).await else {
        return;
    };
    let mut poll = Poll {
        free: Arc::new(Semaphore::new(worker.concurrency)),
        queue: worker.queue,
        service: worker.service,
        settings: worker.settings,
        registration: Arc::clone(&registration),
        runs: JoinSet::new(),
    };
    while let Some(permits) = poll.free_permits(&mut stop).await {
        poll.fetch(permits, &mut stop).await;
    }
    registration.prepare_to_leave();
    while poll.runs.join_next().await.is_some() {}
    registration.leave().await;
}

async fn register<E: Engine, F: Future<Output = ()>>(
    queue: &Queue<E>,
    heartbeat: Duration,
    stop: &mut Stop<F>,
) -> Option<Arc<Registration<E>>> {
    loop {
        match stop.or(Registration::new(queue, heartbeat)).await? {
            Ok(registration) => return Some(Arc::new(registration)),
            Err(error) => {
                registration::warn(&queue.name, &error);
                stop.or(sleep(ENGINE_PAUSE)).await?;
            }
        }
    }
}

struct Poll<E: Engine, S> {
    queue: Queue<E>,
    service: S,
    settings: Settings,
    registration: Arc<Registration<E>>,
    free: Arc<Semaphore>,
    /// They end with the loop, if that is dropped.
    runs: JoinSet<()>,
}

/// By `&mut`, though little changes: a service need not be `Sync`.
impl<E: Engine, S: Handler> Poll<E, S> {
    /// At least one, and all that are free; nothing when it is time to stop.
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

    /// Runs as many events as there are permits, and waits when there are fewer.
    async fn fetch<F: Future<Output = ()>>(
        &mut self,
        mut permits: OwnedSemaphorePermit,
        stop: &mut Stop<F>,
    ) {
        while self.runs.try_join_next().is_some() {}
        // When it is time to stop, what was leased without an answer is freed at the end.
        match stop
            .or(self.registration.lease(permits.num_permits()))
            .await
        {
            Some(Ok(jobs)) => {
                for job in jobs {
                    let permit = permits.split(1);
                    let (service, settings) = (self.service.clone(), self.settings.clone());
                    let registration = Arc::clone(&self.registration);
                    self.runs
                        .spawn(job::run(job, service, settings, registration, permit));
                }
                if permits.num_permits() > 0 {
                    drop(permits);
                    let _ = stop.or(something_to_do(&self.queue.stored)).await;
                }
            }
            Some(Err(error)) => {
                drop(permits);
                registration::warn(&self.queue.name, &error);
                let _ = stop.or(sleep(ENGINE_PAUSE)).await;
            }
            None => {}
        }
    }
}

async fn something_to_do(stored: &Notify) {
    tokio::select! {
        () = stored.notified() => {}
        () = sleep(POLL_INTERVAL) => {}
    }
}

/// The order to stop, which may come at any time, and stays.
struct Stop<F> {
    /// Nothing once it has come.
    order: Option<Pin<Box<F>>>,
}

impl<F: Future<Output = ()>> Stop<F> {
    /// Nothing when it is time to stop.
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
