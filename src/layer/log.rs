//! The log line and the span of a verified delivery.

use tracing::{Span, debug, error_span};

use crate::verify::delivery::VerifiedDelivery;

/// Adds the message id to everything that the inner service logs.
///
/// The span has the level `error`: a subscriber that shows only errors shows the message id too.
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
