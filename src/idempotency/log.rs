//! What operators hear of claims.

use std::{error::Error, time::Duration};

use tracing::{debug, error, warn};

use super::store::MessageKey;
use crate::error_chain::Chain;

pub(super) fn duplicate(key: &MessageKey) {
    debug!(
        target: "clerk_webhooks",
        message_id = key.message_id(),
        scope = key.scope(),
        "a message that was completed before came again"
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
