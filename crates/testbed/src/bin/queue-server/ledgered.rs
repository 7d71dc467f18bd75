//! A queue that writes an event to the ledger before it is acknowledged.

use std::time::SystemTime;

use clerk_webhooks::queue::{Enqueued, EventQueue, QueuedEvent};
use clerk_webhooks_testbed::{
    Error,
    ledger::{Ledger, What},
};

pub(crate) struct Ledgered<Q> {
    queue: Q,
    ledger: Ledger,
}

impl<Q> Ledgered<Q> {
    pub(crate) fn new(queue: Q, ledger: Ledger) -> Self {
        Self { queue, ledger }
    }
}

impl<Q: EventQueue> EventQueue for Ledgered<Q> {
    type Error = Error;

    async fn enqueue(
        &self,
        event: &QueuedEvent,
        not_before: Option<SystemTime>,
    ) -> Result<Enqueued, Error> {
        let enqueued = self.queue.enqueue(event, not_before).await;
        let enqueued = enqueued.map_err(Into::into)?;
        self.ledger.note(event.message_id(), What::Enqueued)?;
        Ok(enqueued)
    }
}
