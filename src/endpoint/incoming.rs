//! [`IncomingDelivery`]: takes the chunks of a body.

use std::fmt;

use bytes::Buf;

use super::{observer::Observer, reading::Reading};
use crate::{BoxError, rejection::Rejection, verify::delivery::VerifiedDelivery};

/// A delivery whose headers are valid and whose body is being read.
///
/// [`WebhookEndpoint::receive`](crate::WebhookEndpoint::receive) makes one. After an error, respond with the error's
/// [`to_response`](Rejection::to_response) and drop the delivery.
#[must_use = "nothing is verified before `finish`"]
pub struct IncomingDelivery {
    reading: Reading,
    request_path: Box<str>,
}

impl IncomingDelivery {
    pub(super) fn new(
        reading: Result<Reading, Rejection>,
        observer: &Observer,
        request_path: &str,
    ) -> Result<Self, Rejection> {
        let reading = reading.inspect_err(|rejection| observer.refused(rejection, request_path))?;
        Ok(Self {
            reading,
            request_path: request_path.into(),
        })
    }

    /// The message id that the request claims. It is not verified yet.
    ///
    /// ```
    /// # use clerk_webhooks::{SigningSecret, WebhookEndpoint, testing::{SignedRequest, fixtures}};
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// # let request = SignedRequest::new(&secret, fixtures::user_created()).with_message_id("msg_1");
    /// # let endpoint = WebhookEndpoint::new(secret);
    /// let incoming = endpoint.receive(&request.headers(), "/webhooks/clerk")?;
    /// assert_eq!(incoming.message_id(), "msg_1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn message_id(&self) -> &str {
        self.reading.pending().message_id()
    }

    /// Says that the body has at least `declared` bytes, for a framework that knows more than
    /// `Content-Length`: the lower bound of a body's size hint, for example.
    ///
    /// At most 64 KiB are allocated because of a declared length.
    ///
    /// # Errors
    ///
    /// [`RejectionKind::BodyTooLarge`](crate::RejectionKind::BodyTooLarge) when that is over the limit. The
    /// rejection is logged.
    ///
    /// ```
    /// # use clerk_webhooks::{SigningSecret, WebhookEndpoint, testing::{SignedRequest, fixtures}};
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// # let request = SignedRequest::new(&secret, fixtures::user_created());
    /// # let endpoint = WebhookEndpoint::new(secret);
    /// let mut incoming = endpoint.receive(&request.headers(), "/webhooks/clerk")?;
    /// let refused = incoming.expect_bytes(3_000_000).unwrap_err();
    /// assert_eq!(refused.status(), 413);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn expect_bytes(&mut self, declared: u64) -> Result<(), Rejection> {
        let expected = self.reading.expect_bytes(declared);
        expected.inspect_err(|rejection| self.reading.refused(rejection, &self.request_path))
    }

    /// Takes the next chunk of the body. A body of one chunk of [`Bytes`](bytes::Bytes) is not copied.
    ///
    /// # Errors
    ///
    /// [`RejectionKind::BodyTooLarge`](crate::RejectionKind::BodyTooLarge) when the body is over the limit.
    /// The rejection is logged.
    ///
    /// ```
    /// # use clerk_webhooks::{SigningSecret, WebhookEndpoint, testing::{SignedRequest, fixtures}};
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// # let request = SignedRequest::new(&secret, fixtures::user_created());
    /// # let endpoint = WebhookEndpoint::new(secret);
    /// let mut incoming = endpoint.receive(&request.headers(), "/webhooks/clerk")?;
    /// for chunk in request.body().chunks(1_000) {
    ///     incoming.push(chunk)?;
    /// }
    /// assert_eq!(incoming.finish()?.raw_body(), request.body());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn push(&mut self, chunk: impl Buf) -> Result<(), Rejection> {
        let pushed = self.reading.push(chunk);
        pushed.inspect_err(|rejection| self.reading.refused(rejection, &self.request_path))
    }

    /// The rejection for a body that could not be read to its end. It is logged.
    ///
    /// Its kind is [`RejectionKind::BodyTooLarge`](crate::RejectionKind::BodyTooLarge) if `error` or one of
    /// its sources is http-body-util's `LengthLimitError`: a body limit outside ended the body. Any other
    /// error is a [`RejectionKind::BodyReadFailed`](crate::RejectionKind::BodyReadFailed).
    ///
    /// ```
    /// # use clerk_webhooks::{SigningSecret, WebhookEndpoint, testing::{SignedRequest, fixtures}};
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// # let request = SignedRequest::new(&secret, fixtures::user_created());
    /// # let endpoint = WebhookEndpoint::new(secret);
    /// let incoming = endpoint.receive(&request.headers(), "/webhooks/clerk")?;
    /// let rejection = incoming.fail("connection reset");
    /// assert_eq!(rejection.body_text(), "body could not be read");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn fail(self, error: impl Into<BoxError>) -> Rejection {
        let rejection = self.reading.fail(error.into());
        self.reading.refused(&rejection, &self.request_path);
        rejection
    }

    /// Verifies the signature over the body, and returns the delivery.
    ///
    /// # Errors
    ///
    /// [`RejectionKind::Unverified`](crate::RejectionKind::Unverified) when no signature matches any secret.
    /// The rejection is logged.
    ///
    /// ```
    /// # use clerk_webhooks::{SigningSecret, WebhookEndpoint, testing::{SignedRequest, fixtures}};
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// # let request = SignedRequest::new(&secret, fixtures::user_created());
    /// # let endpoint = WebhookEndpoint::new(secret);
    /// let mut incoming = endpoint.receive(&request.headers(), "/webhooks/clerk")?;
    /// incoming.push(&b"another body"[..])?;
    /// let refused = incoming.finish().unwrap_err();
    /// assert_eq!(refused.kind().code(), "no_matching_signature");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn finish(self) -> Result<VerifiedDelivery, Rejection> {
        self.reading.finish(&self.request_path)
    }
}

impl fmt::Debug for IncomingDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IncomingDelivery")
            .field("pending", self.reading.pending())
            .field("request_path", &self.request_path)
            .finish_non_exhaustive()
    }
}
