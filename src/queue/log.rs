//! Log lines of the queue.

use tracing::debug;

use super::{event::QueuedEvent, queue::Enqueued};

pub(super) fn enqueued(event: &QueuedEvent, enqueued: Enqueued) {
    debug!(
        target: "clerk_webhooks",
        message_id = event.message_id(),
        body_bytes = event.raw_body().len(),
        is_duplicate = enqueued == Enqueued::Duplicate,
        "acknowledged a delivery"
    );
}
