//! [`VerifiedDelivery`]: the result of verification.

use std::{fmt, sync::Arc, time::SystemTime};

use bytes::Bytes;

/// A delivery whose signature matches: its message id, its time and its raw body.
///
/// Only a [`Verifier`](crate::Verifier) makes one: a function that takes a `VerifiedDelivery` never gets an
/// unverified delivery. Cloning is cheap: clones share their content.
#[derive(Clone)]
pub struct VerifiedDelivery {
    pub(super) message_id: Arc<str>,
    pub(super) attempted_at: SystemTime,
    pub(super) body: Bytes,
    pub(super) secret_label: Arc<str>,
}

impl VerifiedDelivery {
    /// The message id (header `svix-id`). It is the same on every retry, on a manual resend, and for every
    /// endpoint that gets the message. Use it to deduplicate.
    #[must_use]
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// When the sender made this attempt (header `svix-timestamp`), in whole seconds.
    ///
    /// Every attempt has a new one: it is not the time of the event.
    #[must_use]
    pub fn attempted_at(&self) -> SystemTime {
        self.attempted_at
    }

    /// The body, byte for byte as it was signed. It may be anything: verification does not check that it is
    /// JSON or UTF-8.
    #[must_use]
    pub fn raw_body(&self) -> &Bytes {
        &self.body
    }

    /// The label of the secret that matched. During a rotation it shows whether the old secret is still
    /// used.
    #[must_use]
    pub fn secret_label(&self) -> &str {
        &self.secret_label
    }

    /// The delivery's parts, by value.
    ///
    /// ```
    /// fn store(delivery: clerk_webhooks::VerifiedDelivery) -> (String, bytes::Bytes) {
    ///     let parts = delivery.into_parts();
    ///     (parts.message_id.to_string(), parts.raw_body)
    /// }
    /// ```
    #[must_use]
    pub fn into_parts(self) -> DeliveryParts {
        DeliveryParts {
            message_id: self.message_id,
            attempted_at: self.attempted_at,
            raw_body: self.body,
            secret_label: self.secret_label,
        }
    }
}

/// The parts of a [`VerifiedDelivery`]. Any code can build or change parts, so they do not prove that a
/// delivery was verified.
#[derive(Clone)]
#[non_exhaustive]
pub struct DeliveryParts {
    /// See [`VerifiedDelivery::message_id`].
    pub message_id: Arc<str>,
    /// See [`VerifiedDelivery::attempted_at`].
    pub attempted_at: SystemTime,
    /// See [`VerifiedDelivery::raw_body`].
    pub raw_body: Bytes,
    /// See [`VerifiedDelivery::secret_label`].
    pub secret_label: Arc<str>,
}

/// Prints the body's length instead of the body.
impl fmt::Debug for DeliveryParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeliveryParts")
            .field("message_id", &self.message_id)
            .field("attempted_at", &self.attempted_at)
            .field("body_bytes", &self.raw_body.len())
            .field("secret_label", &self.secret_label)
            .finish()
    }
}

/// Prints the body's length instead of the body, which contains personal data.
impl fmt::Debug for VerifiedDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedDelivery")
            .field("message_id", &self.message_id)
            .field("attempted_at", &self.attempted_at)
            .field("body_bytes", &self.body.len())
            .field("secret_label", &self.secret_label)
            .finish()
    }
}
