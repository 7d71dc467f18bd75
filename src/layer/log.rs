//! What the log says about a delivery that is verified.

use tracing::{Span, debug, error_span};

use crate::verify::delivery::VerifiedDelivery;

/// Around all that the inner service logs: which delivery it is about.
///
/// Its level is the highest, so that whoever shows errors alone sees the message id beside them.
pub(super) fn delivery_span(delivery: &VerifiedDelivery) -> Span {
    error_span!(
        target: "clerk_webhooks",
        "delivery",
        message_id = delivery.message_id()
    )
}

pub(super) fn verified(delivery: &VerifiedDelivery) {
    debug!(
        target: "clerk_webhooks",
        message_id = delivery.message_id(),
        secret = delivery.secret_label(),
        body_bytes = delivery.raw_body().len(),
        "verified a delivery"
    );
}
