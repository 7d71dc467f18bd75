//! The task of one delivery, and the data that its steps share.

use std::sync::Weak;

use super::{
    endpoint::{Endpoint, Settings, Shared},
    store::{IdempotencyStore, MessageKey},
};
use crate::{
    BoxError,
    rejection::{Rejection, RejectionKind},
    timeout::in_time,
    verify::delivery::VerifiedDelivery,
};

pub(super) struct Delivery<St> {
    pub(super) endpoint: Endpoint<St>,
    pub(super) key: MessageKey,
    pub(super) verified: VerifiedDelivery,
    /// Has no strong reference left once nobody waits for the answer.
    pub(super) sender: Weak<()>,
}

impl<St: IdempotencyStore> Delivery<St> {
    pub(super) fn new(
        endpoint: Endpoint<St>,
        verified: VerifiedDelivery,
        sender: Weak<()>,
    ) -> Self {
        let key = MessageKey::new(endpoint.shared.scope.clone(), verified.message_id());
        Self {
            endpoint,
            key,
            verified,
            sender,
        }
    }

    pub(super) fn shared(&self) -> &Shared<St> {
        &self.endpoint.shared
    }

    pub(super) fn store(&self) -> &St {
        &self.endpoint.shared.store
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.endpoint.settings
    }

    pub(super) fn refused(&self, kind: RejectionKind) -> Rejection {
        Rejection::of(kind, &self.verified)
    }

    pub(super) fn store_failed(&self, kind: RejectionKind, error: BoxError) -> Rejection {
        self.shared().counters.store_failures.add();
        Rejection::caused(kind, &self.verified, error)
    }

    pub(super) async fn answer_in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, St::Error>>,
    ) -> Result<T, BoxError> {
        in_time(self.settings().store_timeout, "store", answer).await
    }
}
