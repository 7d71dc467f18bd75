//! What operators hear of claims.

use std::{error::Error, time::Duration};

use tracing::{debug, error, info, warn};

use super::store::MessageKey;
use crate::{error::Chain, rejection::Rejection};

/// `path` is the request's, printed escaped.
pub(super) fn misplaced(rejection: &Rejection, path: &str) {
    error!(
        target: "clerk_webhooks",
        code = rejection.kind().code(),
        "no verified delivery on the request to {path:?}: `IdempotencyLayer` belongs inside of \
         `ClerkWebhookLayer`; with `route_layer` the later is the outer: \
         `post(handler).route_layer(idempotency).route_layer(clerk)`; in a `ServiceBuilder` the first is: \
         `.layer(clerk).layer(idempotency)`"
    );
}

pub(super) fn duplicate(key: &MessageKey) {
    debug!(
        target: "clerk_webhooks",
        message_id = key.message_id(),
        scope = key.scope(),
        "a message that was completed before came again"
    );
}

/// Nothing is wrong: the sender comes again.
pub(super) fn refused_for_now(rejection: &Rejection) {
    info!(
        target: "clerk_webhooks",
        code = rejection.kind().code(),
        status = rejection.status().as_u16(),
        message_id = rejection.message_id(),
        "refused a delivery: {rejection}"
    );
}

pub(super) fn handler_ended(rejection: &Rejection) {
    error!(
        target: "clerk_webhooks",
        code = rejection.kind().code(),
        status = rejection.status().as_u16(),
        message_id = rejection.message_id(),
        "a handler was cut off: {rejection}"
    );
}

pub(super) fn store_failed(rejection: &Rejection, key: &MessageKey, cause: &(dyn Error + 'static)) {
    error!(
        target: "clerk_webhooks",
        code = rejection.kind().code(),
        status = rejection.status().as_u16(),
        message_id = key.message_id(),
        scope = key.scope(),
        cause = %Chain(cause),
        "{rejection}"
    );
}

pub(super) fn store_panicked(rejection: &Rejection) {
    error!(
        target: "clerk_webhooks",
        code = rejection.kind().code(),
        status = rejection.status().as_u16(),
        message_id = rejection.message_id(),
        "the store of claims panicked, its own message says where; the sender comes again"
    );
}

pub(super) fn not_stopped(key: &MessageKey) {
    error!(
        target: "clerk_webhooks",
        message_id = key.message_id(),
        scope = key.scope(),
        "a handler that exceeded the longest run blocks its thread and could not be stopped: its message \
         is released, and may run a second time beside it"
    );
}

pub(super) fn not_extended(key: &MessageKey, cause: &(dyn Error + 'static)) {
    warn!(
        target: "clerk_webhooks",
        message_id = key.message_id(),
        scope = key.scope(),
        cause = %Chain(cause),
        "could not extend a lease; tried again until it runs out"
    );
}

pub(super) fn lost_lease(key: &MessageKey) {
    warn!(
        target: "clerk_webhooks",
        message_id = key.message_id(),
        scope = key.scope(),
        "a lease ran out while its message was being handled: it may run a second time beside it"
    );
}

pub(super) fn not_released(key: &MessageKey, lease: Duration, cause: &(dyn Error + 'static)) {
    warn!(
        target: "clerk_webhooks",
        message_id = key.message_id(),
        scope = key.scope(),
        cause = %Chain(cause),
        "could not release a claim; the message can run again when its lease of {lease:?} has run out"
    );
}
