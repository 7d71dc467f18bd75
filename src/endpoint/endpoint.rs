//! [`WebhookEndpoint`]: the settings of one endpoint, and the first step of a delivery.

use std::{fmt, sync::Arc, time::Duration};

use http::{HeaderMap, header::CONTENT_LENGTH};

use super::{
    incoming::IncomingDelivery, observer::Observer, reading::Reading, secrets_file::SecretsFile,
    settings::Settings,
};
use crate::{
    metrics::stopwatch::Stopwatch,
    rejection::Rejection,
    verify::{secret_error::SecretError, verifier::Verifier},
};

/// The settings of one webhook endpoint: its signing secrets and its body limit.
///
/// [`ClerkWebhookLayer`](crate::ClerkWebhookLayer) has one inside. Use it directly where a framework does not
/// use tower, see the module [`endpoint`](crate::endpoint). Cloning is cheap: clones share their content.
///
/// ```
/// use clerk_webhooks::{SigningSecret, WebhookEndpoint, testing::{SignedRequest, fixtures}};
///
/// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let endpoint = WebhookEndpoint::new(secret.clone());
/// let request = SignedRequest::new(&secret, fixtures::user_created()).with_message_id("msg_1");
///
/// let mut incoming = endpoint.receive(&request.headers(), "/webhooks/clerk")?;
/// incoming.push(request.body().clone())?;
/// let delivery = incoming.finish()?;
/// assert_eq!(delivery.message_id(), "msg_1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct WebhookEndpoint(Arc<Settings>);

impl WebhookEndpoint {
    /// An endpoint that accepts a delivery only if `verifier` does and the body has at most 2 MiB. A
    /// [`SigningSecret`](crate::SigningSecret) converts into a verifier.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, WebhookEndpoint};
    ///
    /// let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let endpoint = WebhookEndpoint::new(secret);
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn new(verifier: impl Into<Verifier>) -> Self {
        Self(Arc::new(Settings::new(verifier.into())))
    }

    /// An endpoint with the signing secrets from the environment, see [`Verifier::from_env`].
    ///
    /// # Errors
    ///
    /// When a secret is missing or invalid, see [`Verifier::from_env`]. Verification cannot be turned off.
    ///
    /// ```no_run
    /// let endpoint = clerk_webhooks::WebhookEndpoint::from_env()?;
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn from_env() -> Result<Self, SecretError> {
        Verifier::from_env().map(Self::new)
    }

    /// An endpoint with the signing secrets from the environment variable `name`, see
    /// [`Verifier::from_env_var`].
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    ///
    /// ```no_run
    /// let acme = clerk_webhooks::WebhookEndpoint::from_env_var("ACME_CLERK_SECRET")?;
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn from_env_var(name: &str) -> Result<Self, SecretError> {
        Verifier::from_env_var(name).map(Self::new)
    }

    /// An endpoint with the signing secrets from the file that `CLERK_WEBHOOK_SIGNING_SECRET_FILE` names. The
    /// file is [watched](SecretsFile::watch): new secrets apply without a restart.
    ///
    /// For secrets that Kubernetes, Docker or systemd mounts as a file.
    ///
    /// # Errors
    ///
    /// When the variable is not set, or the file cannot be read or has an entry that is not a signing
    /// secret.
    ///
    /// ```no_run
    /// let endpoint = clerk_webhooks::WebhookEndpoint::from_env_file()?;
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn from_env_file() -> Result<Self, SecretError> {
        let file = SecretsFile::from_env()?;
        let verifier = file.verifier();
        file.watch();
        Ok(Self::new(verifier))
    }

    /// The largest accepted body in bytes: 2 MiB by default, which is the sender's own limit. A larger body
    /// is refused with 413.
    ///
    /// ```
    /// # use clerk_webhooks::{RejectionKind, SigningSecret, WebhookEndpoint, testing::SignedRequest};
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let endpoint = WebhookEndpoint::new(secret.clone()).with_max_body_bytes(1_000);
    /// let large = SignedRequest::new(&secret, vec![b' '; 1_001]);
    /// let mut incoming = endpoint.receive(&large.headers(), "/")?;
    /// let refused = incoming.push(large.body().clone()).unwrap_err();
    /// assert_eq!(refused.kind(), RejectionKind::BodyTooLarge);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_max_body_bytes(mut self, max_body_bytes: usize) -> Self {
        Arc::make_mut(&mut self.0).max_body_bytes = max_body_bytes;
        self
    }

    /// How long a rotation may take until it is logged once a day at `warn`: 7 days by default.
    ///
    /// A rotation is not finished while two secrets or more verify deliveries within the same day. The time
    /// is counted from the start of this process. [`Duration::MAX`] is for an endpoint that several instances
    /// of Clerk use permanently, each with its own secret.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # let secret = clerk_webhooks::SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let endpoint = clerk_webhooks::WebhookEndpoint::new(secret)
    ///     .with_longest_rotation(Duration::from_secs(2 * 24 * 3600));
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn with_longest_rotation(mut self, longest_rotation: Duration) -> Self {
        Arc::make_mut(&mut self.0).longest_rotation = longest_rotation;
        self
    }

    /// Checks the headers of a request, before you read the body: those of the signature, then
    /// `Content-Length` against the limit.
    ///
    /// `request_path` is logged with every refusal.
    ///
    /// # Errors
    ///
    /// [`RejectionKind::Unverified`](crate::RejectionKind::Unverified) for the headers, as
    /// [`Verifier::check_headers`]; [`RejectionKind::BodyTooLarge`](crate::RejectionKind::BodyTooLarge) for the declared length. The rejection is
    /// logged.
    ///
    /// ```
    /// # let secret = clerk_webhooks::SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let endpoint = clerk_webhooks::WebhookEndpoint::new(secret);
    /// let refused = endpoint.receive(&http::HeaderMap::new(), "/webhooks/clerk").unwrap_err();
    /// assert_eq!(refused.to_response::<String>().body(), "missing webhook header");
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn receive(
        &self,
        headers: &HeaderMap,
        request_path: &str,
    ) -> Result<IncomingDelivery, Rejection> {
        let reading = self.check_headers(headers);
        IncomingDelivery::new(reading, self.observer(), request_path)
    }

    /// As [`receive`](Self::receive), for header types that are not `http` 1's: takes every header line as a
    /// name and a value. Names are case-insensitive.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive).
    ///
    /// ```
    /// # use clerk_webhooks::{SigningSecret, WebhookEndpoint, testing::{SignedRequest, fixtures}};
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// # let request = SignedRequest::new(&secret, fixtures::user_created()).with_message_id("msg_1");
    /// # let headers = request.header_pairs();
    /// # let endpoint = WebhookEndpoint::new(secret);
    /// // `headers` is a list of (name, value).
    /// let pairs = headers.iter().map(|(name, value)| (&**name, value.as_bytes()));
    /// let incoming = endpoint.receive_pairs(pairs, "/webhooks/clerk")?;
    /// assert_eq!(incoming.message_id(), "msg_1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn receive_pairs<'a>(
        &self,
        headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        request_path: &str,
    ) -> Result<IncomingDelivery, Rejection> {
        let headers: Vec<_> = headers.into_iter().collect();
        let reading = self.check_header_pairs(&headers);
        IncomingDelivery::new(reading, self.observer(), request_path)
    }

    /// Logs nothing.
    pub(crate) fn check_headers(&self, headers: &HeaderMap) -> Result<Reading, Rejection> {
        let begun = Stopwatch::start();
        let pending = self.0.verifier.check_headers(headers)?;
        let mut reading = Reading::new(pending, &self.0, begun);
        reading.expect_bytes(declared_length(
            headers.get(CONTENT_LENGTH).map(|value| value.as_bytes()),
        ))?;
        Ok(reading)
    }

    fn check_header_pairs(&self, headers: &[(&str, &[u8])]) -> Result<Reading, Rejection> {
        let begun = Stopwatch::start();
        let pending = self.0.verifier.check_header_pairs(headers)?;
        let is_length =
            |(name, _): &&(&str, &[u8])| CONTENT_LENGTH.as_str().eq_ignore_ascii_case(name);
        let declared = headers.iter().find(is_length);
        let mut reading = Reading::new(pending, &self.0, begun);
        reading.expect_bytes(declared_length(declared.map(|(_, value)| *value)))?;
        Ok(reading)
    }

    pub(crate) fn observer(&self) -> &Observer {
        &self.0.observer
    }
}

/// A value that is not a number counts as 0: rejecting it is up to the HTTP server.
fn declared_length(content_length: Option<&[u8]>) -> u64 {
    content_length
        .and_then(|value| std::str::from_utf8(value).ok())
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

impl fmt::Debug for WebhookEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookEndpoint")
            .field("verifier", &self.0.verifier)
            .field("max_body_bytes", &self.0.max_body_bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_length_that_is_not_a_number_counts_as_0() {
        let declared = |value: &str| declared_length(Some(value.as_bytes()));
        assert_eq!(declared("2097153"), 2_097_153);
        for value in ["", "-1", "1, 1", "99999999999999999999", "\u{e9}"] {
            assert_eq!(declared(value), 0, "{value}");
        }
        assert_eq!(declared_length(Some(&[0xff])), 0);
        assert_eq!(declared_length(None), 0);
    }
}
