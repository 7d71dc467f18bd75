//! The span of a verified delivery.

use tracing::{Span, error_span, field};

use crate::verify::delivery::VerifiedDelivery;

/// Adds the message id to everything that the inner service logs. The field has the name that OpenTelemetry's
/// conventions for messaging give it.
///
/// The span has the level `error`: a subscriber that shows only errors shows the message id too. `display`,
/// because quotes would cost a subscriber one allocation and a fifth of the span; an id needs none.
pub(super) fn delivery_span(delivery: &VerifiedDelivery) -> Span {
    error_span!(
        target: "clerk_webhooks",
        "delivery",
        messaging.message.id = field::display(delivery.message_id())
    )
}
