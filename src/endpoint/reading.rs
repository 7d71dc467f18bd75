//! [`Reading`]: a delivery while its body is read, without logging.

use bytes::Buf;
use http_body_util::LengthLimitError;
use tracing::debug;

use super::collected::Collected;
use crate::{
    BoxError,
    error_chain::sources,
    rejection::Rejection,
    verify::{delivery::VerifiedDelivery, verifier::PendingVerification},
};

/// The layer uses it directly, because it has the request's path at hand when it logs. For others,
/// [`IncomingDelivery`](super::IncomingDelivery) keeps the path and logs.
pub(crate) struct Reading {
    pending: PendingVerification,
    max_body_bytes: usize,
    body: Collected,
}

impl Reading {
    pub(super) fn new(pending: PendingVerification, max_body_bytes: usize) -> Self {
        Self {
            pending,
            max_body_bytes,
            body: Collected::default(),
        }
    }

    pub(crate) fn pending(&self) -> &PendingVerification {
        &self.pending
    }

    pub(crate) fn expect_bytes(&mut self, declared: u64) -> Result<(), Rejection> {
        match usize::try_from(declared) {
            Ok(declared) if declared <= self.max_body_bytes => {
                self.body.expect_bytes(declared);
                Ok(())
            }
            _ => Err(self.too_large()),
        }
    }

    pub(crate) fn push(&mut self, chunk: impl Buf) -> Result<(), Rejection> {
        if chunk.remaining() > self.max_body_bytes.saturating_sub(self.body.bytes()) {
            return Err(self.too_large());
        }
        self.body.push(chunk);
        Ok(())
    }

    /// A body limit outside ends the body with a `LengthLimitError`, often inside other errors.
    pub(crate) fn fail(&self, error: BoxError) -> Rejection {
        if sources(&*error).any(|error| error.is::<LengthLimitError>()) {
            self.too_large()
        } else {
            Rejection::body_read_failed(self.pending.message_id(), error)
        }
    }

    pub(crate) fn finish(self) -> Result<VerifiedDelivery, Rejection> {
        let (first, rest) = self.body.into_chunks();
        let delivery = self.pending.finish_chunks(first, rest)?;
        debug!(
            target: "clerk_webhooks",
            message_id = delivery.message_id(),
            secret = delivery.secret_label(),
            body_bytes = delivery.raw_body().len(),
            "verified a delivery"
        );
        Ok(delivery)
    }

    fn too_large(&self) -> Rejection {
        Rejection::body_too_large(self.pending.message_id())
    }
}
