//! A worker's loop: fetches what is due, as much as there are hands for.
//!
//! It is not apalis' own, which ends with the first error of the engine and drops what runs; which writes
//! down how runs ended in batches that such an error loses; and which shows no sign of life while it drains,
//! so that others would run a second time what it still runs.

use std::{pin::Pin, sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::sleep,
};

use super::{Handler, Orders, Worker, job, seat::Seat};
use crate::{engine::Engine, queue::Queue};

/// How soon an event is found that another process stored, or whose time has come.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Between attempts to reach an engine.
pub(super) const ENGINE_PAUSE: Duration = Duration::from_millis(500);

pub(super) async fn work<E: Engine, S: Handler>(
    worker: Worker<E, S>,
    shutdown: impl Future<Output = ()>,
) {
    let hands = Arc::new(Semaphore::new(worker.concurrency));
    let all_hands = u32::try_from(worker.concurrency).unwrap_or(u32::MAX);
    let mut stop = Stop {
        order: Some(Box::pin(shutdown)),
    };
    let Some(seat) = take_seat(&worker.queue, worker.heartbeat, &mut stop).await else {
        return;
    };
    let mut shift = Shift {
        queue: worker.queue,
        service: worker.service,
        orders: worker.orders,
        seat: Arc::clone(&seat),
        hands: Arc::clone(&hands),
    };
    while let Some(hands) = shift.free_hands(&mut stop).await {
        shift.fetch(hands, &mut stop).await;
    }
    seat.prepare_to_leave();
    // An error would mean that the semaphore was closed, which nobody does.
    let _ = hands.acquire_many(all_hands).await;
    seat.leave().await;
}

async fn take_seat<E: Engine, F: Future<Output = ()>>(
    queue: &Queue<E>,
    heartbeat: Duration,
    stop: &mut Stop<F>,
) -> Option<Arc<Seat<E>>> {
    loop {
        match Seat::take(queue, heartbeat).await {
            Ok(seat) => return Some(Arc::new(seat)),
            Err(error) => {
                super::seat::warn(&queue.name, &error);
                stop.or(sleep(ENGINE_PAUSE)).await?;
            }
        }
    }
}

struct Shift<E: Engine, S> {
    queue: Queue<E>,
    service: S,
    orders: Orders,
    seat: Arc<Seat<E>>,
    hands: Arc<Semaphore>,
}

/// By `&mut`, though nothing changes: a service need not be `Sync`.
impl<E: Engine, S: Handler> Shift<E, S> {
    /// At least one, and all that are free; nothing when it is time to stop.
    async fn free_hands<F: Future<Output = ()>>(
        &mut self,
        stop: &mut Stop<F>,
    ) -> Option<OwnedSemaphorePermit> {
        let first = Arc::clone(&self.hands).acquire_owned();
        let mut free = stop.or(first).await?.ok()?;
        let others = self.hands.available_permits();
        let others = u32::try_from(others).unwrap_or(u32::MAX);
        if let Ok(others) = Arc::clone(&self.hands).try_acquire_many_owned(others) {
            free.merge(others);
        }
        Some(free)
    }

    /// Gives each free hand an event, and waits when there are fewer.
    async fn fetch<F: Future<Output = ()>>(
        &mut self,
        mut hands: OwnedSemaphorePermit,
        stop: &mut Stop<F>,
    ) {
        match self.seat.lease(hands.num_permits()).await {
            Ok(jobs) => {
                for job in jobs {
                    let hand = hands.split(1);
                    let (service, orders) = (self.service.clone(), self.orders.clone());
                    tokio::spawn(job::run(job, service, orders, Arc::clone(&self.seat), hand));
                }
                if hands.num_permits() > 0 {
                    drop(hands);
                    let _ = stop.or(something_to_do(&self.queue.stored)).await;
                }
            }
            Err(error) => {
                drop(hands);
                super::seat::warn(&self.queue.name, &error);
                let _ = stop.or(sleep(ENGINE_PAUSE)).await;
            }
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
