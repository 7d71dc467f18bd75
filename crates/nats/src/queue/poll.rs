//! A worker's loop: pulls events, at most as many as may run at the same time.

use std::{pin::Pin, sync::Arc, time::Duration};

use async_nats::jetstream::consumer::PullConsumer;
use clerk_webhooks::{BoxError, queue::Handler};
use futures_util::StreamExt as _;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::sleep,
};

use super::{
    delivery::Delivery,
    leases::{Leases, SERVER_PAUSE},
    queue::Queue,
    run::{self, Shared},
    settings::Settings,
};

/// How long the server keeps a request that it cannot answer. A worker that stops waits so long at most.
const REQUEST_LASTS: Duration = Duration::from_secs(1);
/// How much longer a request is waited for: after a restart the server does not know it any more.
const REQUEST_IS_LOST: Duration = Duration::from_secs(2);
/// The most events of one request.
const LARGEST_REQUEST: usize = 100;

pub(super) async fn work<S: Handler>(
    queue: Queue,
    service: S,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) {
    let mut stop = Stop {
        order: Some(Box::pin(shutdown)),
    };
    let mut poll = Poll::new(queue, service, settings);
    let Some(consumer) = poll.consumer(&mut stop).await else {
        return;
    };
    while let Some(permits) = poll.free_permits(&mut stop).await {
        if let Err(error) = poll.pull(&consumer, permits, &mut stop).await {
            poll.shared.leases.warn("look for events", error);
            let _ = stop.or(sleep(SERVER_PAUSE)).await;
        }
    }
    poll.shared.leases.prepare_to_stop();
    while poll.runs.join_next().await.is_some() {}
}

struct Poll<S> {
    service: S,
    shared: Arc<Shared>,
    /// Aborted when the loop is dropped.
    runs: JoinSet<()>,
}

/// Methods take `&mut self`, although few change it, since a service need not be `Sync`.
impl<S: Handler> Poll<S> {
    fn new(queue: Queue, service: S, settings: Settings) -> Self {
        let shared = Shared {
            leases: Leases::new(queue, settings.lease),
            free: Arc::new(Semaphore::new(settings.concurrency as usize)),
            alone: Semaphore::new(1),
            settings,
        };
        Self {
            service,
            shared: Arc::new(shared),
            runs: JoinSet::new(),
        }
    }

    /// `None` when the worker stops.
    async fn consumer<F: Future<Output = ()>>(
        &mut self,
        stop: &mut Stop<F>,
    ) -> Option<PullConsumer> {
        let (leases, lease) = (&self.shared.leases, self.shared.settings.lease);
        let making = || leases.queue.consumer(lease);
        stop.or(leases.insist("make the queue's consumer", making))
            .await?
    }

    /// Waits for a free permit and takes all that are free. `None` when the worker stops.
    async fn free_permits<F: Future<Output = ()>>(
        &mut self,
        stop: &mut Stop<F>,
    ) -> Option<OwnedSemaphorePermit> {
        let free = &self.shared.free;
        let mut permits = stop.or(Arc::clone(free).acquire_owned()).await?.ok()?;
        let others = free.available_permits().min(LARGEST_REQUEST - 1);
        let others = u32::try_from(others).unwrap_or(u32::MAX);
        if let Ok(others) = Arc::clone(free).try_acquire_many_owned(others) {
            permits.merge(others);
        }
        Some(permits)
    }

    /// Starts at most as many events as there are permits. After the order to stop, it waits for the
    /// end of the request: a delivery that nobody takes counts as a crash. The runs give these events back.
    async fn pull<F: Future<Output = ()>>(
        &mut self,
        consumer: &PullConsumer,
        mut permits: OwnedSemaphorePermit,
        stop: &mut Stop<F>,
    ) -> Result<(), BoxError> {
        while self.runs.try_join_next().is_some() {}
        let request = consumer.batch().max_messages(permits.num_permits());
        let mut batch = request.expires(REQUEST_LASTS).messages().await?;
        let end = sleep(REQUEST_LASTS + REQUEST_IS_LOST);
        tokio::pin!(end);
        loop {
            let mut next = async || {
                tokio::select! {
                    next = batch.next() => next,
                    () = &mut end => None,
                }
            };
            let next = match stop.or(next()).await {
                Some(next) => next,
                None => {
                    self.shared.leases.prepare_to_stop();
                    next().await
                }
            };
            let Some(message) = next else {
                return Ok(());
            };
            let delivery = Delivery::new(&self.shared.leases.queue, message?)?;
            if let Some(permit) = permits.split(1) {
                let (service, shared) = (self.service.clone(), Arc::clone(&self.shared));
                self.runs.spawn(run::run(delivery, service, shared, permit));
            }
        }
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
