//! [`Reading`]: a delivery while its body is read.

use std::sync::Arc;

use bytes::Buf;
use http_body_util::LengthLimitError;

use super::{collected::Collected, observer::Observer, settings::Settings};
use crate::{
    BoxError,
    error_chain::sources,
    metrics::stopwatch::Stopwatch,
    rejection::Rejection,
    verify::{delivery::VerifiedDelivery, verifier::PendingVerification},
};

/// The layer uses it directly, because it has the request's path at hand when it logs. For others,
/// [`IncomingDelivery`](super::IncomingDelivery) keeps the path and logs.
pub(crate) struct Reading {
    pending: PendingVerification,
    settings: Arc<Settings>,
    body: Collected,
    begun: Stopwatch,
}

impl Reading {
    pub(super) fn new(
        pending: PendingVerification,
        settings: &Arc<Settings>,
        begun: Stopwatch,
    ) -> Self {
        Self {
            pending,
            settings: Arc::clone(settings),
            body: Collected::default(),
            begun,
        }
    }

    pub(crate) fn pending(&self) -> &PendingVerification {
        &self.pending
    }

    pub(crate) fn observer(&self) -> &Arc<Observer> {
        &self.settings.observer
    }

    pub(crate) fn begun(&self) -> Stopwatch {
        self.begun
    }

    /// Logs a refusal of this delivery.
    pub(crate) fn refused(&self, rejection: &Rejection, request_path: &str) {
        self.observer().refused(rejection, request_path);
    }

    pub(crate) fn expect_bytes(&mut self, declared: u64) -> Result<(), Rejection> {
        match usize::try_from(declared) {
            Ok(declared) if declared <= self.settings.max_body_bytes => {
                self.body.expect_bytes(declared);
                Ok(())
            }
            _ => Err(self.too_large()),
        }
    }

    pub(crate) fn push(&mut self, chunk: impl Buf) -> Result<(), Rejection> {
        if chunk.remaining()
            > self
                .settings
                .max_body_bytes
                .saturating_sub(self.body.bytes())
        {
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

    /// Verifies the signature, and logs the result.
    pub(crate) fn finish(self, request_path: &str) -> Result<VerifiedDelivery, Rejection> {
        let (first, rest) = self.body.into_chunks();
        let settings = &self.settings;
        match self.pending.finish_chunks(first, rest) {
            Ok(delivery) => {
                let (secrets, longest) = (settings.verifier.secrets(), settings.longest_rotation);
                settings
                    .observer
                    .accepted(&delivery, secrets, longest, self.begun);
                Ok(delivery)
            }
            Err(error) => {
                let rejection = error.into();
                settings.observer.refused(&rejection, request_path);
                Err(rejection)
            }
        }
    }

    fn too_large(&self) -> Rejection {
        Rejection::body_too_large(self.pending.message_id())
    }
}
