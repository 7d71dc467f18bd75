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
    pub(super) checked_at: i64,
    pub(super) skew_seconds: i64,
    pub(super) body: Bytes,
    pub(super) secret_label: Arc<str>,
}

impl VerifiedDelivery {
    /// The message id (header `svix-id`). It is the same on every retry, on a manual resend, and for every
    /// endpoint that gets the message. Use it to deduplicate.
    ///
    /// ```
    /// use std::collections::HashSet;
    ///
    /// use clerk_webhooks::{ClerkEvent, testing::{Delivery, fixtures}};
    ///
    /// let delivery = Delivery::of(fixtures::user_created());
    /// let (first, retry) = (delivery.clone().event::<ClerkEvent>(), delivery.event::<ClerkEvent>());
    /// let mut handled = HashSet::new();
    /// assert!(handled.insert(first.delivery().message_id()));
    /// assert!(!handled.insert(retry.delivery().message_id()));
    /// ```
    #[must_use]
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// When the sender made this attempt (header `svix-timestamp`), in whole seconds.
    ///
    /// Every attempt has a new one: it is not the time of the event.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// use clerk_webhooks::{ClerkEvent, testing::{Delivery, fixtures}};
    ///
    /// let sent_at = UNIX_EPOCH + Duration::from_millis(1_767_225_600_900);
    /// let event = Delivery::of(fixtures::user_created()).with_sent_at(sent_at).event::<ClerkEvent>();
    /// assert_eq!(event.delivery().attempted_at(), sent_at - Duration::from_millis(900));
    /// ```
    #[must_use]
    pub fn attempted_at(&self) -> SystemTime {
        self.attempted_at
    }

    /// The body, byte for byte as it was signed. It may be anything: verification does not check that it is
    /// JSON or UTF-8.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, Verifier, testing::SignedRequest};
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let request = SignedRequest::new(&secret, "not JSON\n");
    /// let delivery = Verifier::new(secret).verify(&request.headers(), request.body().clone())?;
    /// assert_eq!(delivery.raw_body(), "not JSON\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn raw_body(&self) -> &Bytes {
        &self.body
    }

    /// The label of the secret that matched. During a rotation it shows whether the old secret is still
    /// used.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, Verifier, testing::{SignedRequest, fixtures}};
    ///
    /// let new = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let old = SigningSecret::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")?.with_label("old");
    /// let request = SignedRequest::new(&old, fixtures::user_created());
    /// let verifier = Verifier::new(new).with_secret(old);
    /// let delivery = verifier.verify(&request.headers(), request.body().clone())?;
    /// assert_eq!(delivery.secret_label(), "old");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn secret_label(&self) -> &str {
        &self.secret_label
    }

    pub(crate) fn shared_secret_label(&self) -> &Arc<str> {
        &self.secret_label
    }

    /// When the headers were checked, by the verifier's clock: seconds since 1970.
    pub(crate) fn checked_at(&self) -> i64 {
        self.checked_at
    }

    /// How far the verifier's clock was ahead of the sender's timestamp.
    pub(crate) fn skew_seconds(&self) -> i64 {
        self.skew_seconds
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
