//! What operators must hear of: a genuine delivery that nobody could handle.

use tracing::{error, field};

use crate::rejection::Rejection;

pub(super) fn undecodable(rejection: &Rejection) {
    let decode_error = rejection.decode_error();
    let event_type = decode_error.and_then(|error| error.event_type());
    error!(
        target: "clerk_webhooks",
        code = rejection.kind().code(),
        message_id = rejection.message_id(),
        event_type = event_type.map(|event_type| field::debug(event_type.as_str())),
        path = decode_error.map(|error| error.path()),
        line = decode_error.map(|error| error.line()),
        column = decode_error.map(|error| error.column()),
        cause = decode_error.map(field::display),
        "could not decode an event: {rejection}"
    );
}

/// `path` is the request's, printed escaped.
#[cfg(feature = "axum")]
pub(super) fn missing_layer(rejection: &Rejection, path: &str) {
    error!(
        target: "clerk_webhooks",
        code = rejection.kind().code(),
        "no verified delivery on the request to {path:?}: put \
         `.route_layer(ClerkWebhookLayer::from_env()?)` on the method route of this handler, as in \
         `.route({path:?}, post(handler).route_layer(clerk))`"
    );
}

/// A handler's failure, with its sources.
#[cfg(feature = "axum")]
pub(super) fn handler_failed(failure: &crate::error::WebhookError) {
    error!(
        target: "clerk_webhooks",
        status = failure.status().as_u16(),
        "a handler failed, {}: {failure}",
        if failure.is_permanent() { "for good" } else { "to be retried by the sender" }
    );
}
