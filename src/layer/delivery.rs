//! The verified delivery in a request's extensions.

#[cfg(any(feature = "axum", feature = "idempotency", feature = "queue"))]
use http::Extensions;

#[cfg(any(feature = "axum", feature = "idempotency", feature = "queue"))]
use crate::rejection::Rejection;
use crate::verify::delivery::VerifiedDelivery;

/// The delivery that the layer put into the request's extensions. `fix` tells the operator how to add the
/// layer.
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
