//! What operators hear of the queue.

use std::error::Error;

use tracing::{debug, error};

use super::{event::QueuedEvent, queue::Enqueued};
use crate::{error::Chain, rejection::Rejection};

pub(super) fn enqueued(event: &QueuedEvent, enqueued: Enqueued) {
    debug!(
        target: "clerk_webhooks",
        message_id = event.message_id(),
        body_bytes = event.raw_body().len(),
        is_duplicate = enqueued == Enqueued::Duplicate,
        "acknowledged a delivery"
    );
}

pub(super) fn unavailable(rejection: &Rejection, cause: &(dyn Error + 'static)) {
    error!(
        target: "clerk_webhooks",
        code = rejection.kind().code(),
        status = rejection.status().as_u16(),
        message_id = rejection.message_id(),
        cause = %Chain(cause),
        "{rejection}"
    );
}
