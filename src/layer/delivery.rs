//! The verified delivery in a request's extensions, and its span.

#[cfg(any(feature = "axum", feature = "idempotency", feature = "queue"))]
use http::Extensions;
use tracing::{Span, error_span, field};

#[cfg(any(feature = "axum", feature = "idempotency", feature = "queue"))]
use crate::rejection::Rejection;
use crate::verify::delivery::VerifiedDelivery;

/// The delivery that the layer put into the request's extensions. `fix` tells the operator how to add the
/// layer.
#[cfg(any(feature = "axum", feature = "idempotency", feature = "queue"))]
pub(crate) fn delivery_of(
    extensions: &Extensions,
    request_path: &str,
    fix: &str,
) -> Result<VerifiedDelivery, Rejection> {
    extensions.get().cloned().ok_or_else(|| {
        Rejection::missing_setup(format!(
            "the request to {request_path:?} did not pass a `ClerkWebhookLayer`: {fix}"
        ))
    })
}

/// Adds the message id to everything that the inner service logs.
///
/// The span has the level `error`: a subscriber that shows only errors shows the message id too. `display`,
/// because quotes would cost a subscriber one allocation and a fifth of the span; an id needs none.
pub(super) fn span(delivery: &VerifiedDelivery) -> Span {
    error_span!(
        target: "clerk_webhooks",
        "delivery",
        message_id = field::display(delivery.message_id())
    )
}
