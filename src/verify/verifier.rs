//! [`Verifier`]: the only type that makes a verified delivery.

use std::{env, fmt, iter, sync::Arc, time::Duration};

use bytes::Bytes;
use http::HeaderMap;

use super::{
    clock::{self, Clock, OutOfTolerance, SystemClock, Tolerance},
    delivery::VerifiedDelivery,
    environment,
    error::{VerifyError, VerifyErrorKind},
    headers::{self, HeaderSource, HeaderTimestamp},
    secret::SigningSecret,
    secret_error::SecretError,
    secrets::SigningSecrets,
    signature::Candidates,
};

/// Verifies deliveries against one or several signing secrets.
///
/// It does not depend on a framework. [`ClerkWebhookLayer`](crate::ClerkWebhookLayer) uses it in tower.
/// Without tower, call [`verify`](Self::verify), or its two steps. Cloning is cheap.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use clerk_webhooks::{SigningSecret, Verifier};
/// use http::HeaderMap;
///
/// let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let body = r#"{"type":"user.created","data":{"id":"user_1"}}"#;
/// let now = SystemTime::now();
/// let seconds = now.duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
///
/// let mut headers = HeaderMap::new();
/// headers.insert("svix-id", "msg_1".parse()?);
/// headers.insert("svix-timestamp", seconds.into());
/// headers.insert("svix-signature", secret.sign("msg_1", now, body.as_bytes()).parse()?);
///
/// let verifier = Verifier::new(secret);
/// let delivery = verifier.verify(&headers, body.into())?;
/// assert_eq!(delivery.message_id(), "msg_1");
///
/// let forged = verifier.verify(&headers, "another body".into()).unwrap_err();
/// assert_eq!(forged.kind().code(), "no_matching_signature");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Verifier {
    secrets: SigningSecrets,
    tolerance: Tolerance,
    clock: Arc<dyn Clock>,
}

impl Verifier {
    /// Verifies against this secret. The timestamp may be up to 300 seconds older or newer than the system's
    /// time.
    ///
    /// ```
    /// use clerk_webhooks::Verifier;
    ///
    /// let verifier = Verifier::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?);
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn new(secret: SigningSecret) -> Self {
        Self::with_secrets([secret])
    }

    /// Reads the secrets from the environment variable `CLERK_WEBHOOK_SIGNING_SECRET` or, if that is not
    /// set, from `CLERK_WEBHOOK_SECRET`.
    ///
    /// Separate several secrets by commas or white space. Every secret must start with `whsec_`. A single
    /// secret gets the label `NAME` (the variable's name), several get `NAME#1`, `NAME#2` and so on.
    ///
    /// # Errors
    ///
    /// When neither variable is set, or when the variable that is read is empty, is not Unicode, or has an
    /// entry that is not a signing secret. The message names the variable and, if there are several
    /// entries, the entry's number. It never contains an entry's text.
    ///
    /// ```no_run
    /// let verifier = clerk_webhooks::Verifier::from_env()?;
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn from_env() -> Result<Self, SecretError> {
        let lookup = |name: &str| env::var_os(name);
        environment::secrets_of_first_variable_set(lookup).map(Self::with_secrets)
    }

    /// Reads the secrets from the environment variable `name`, in the format of
    /// [`from_env`](Self::from_env).
    ///
    /// For services that receive webhooks from several Clerk instances, each with its own secret.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    ///
    /// ```
    /// let unset = clerk_webhooks::Verifier::from_env_var("ACME_CLERK_SECRET").unwrap_err();
    /// assert!(unset.to_string().starts_with("ACME_CLERK_SECRET is not set"));
    /// ```
    pub fn from_env_var(name: &str) -> Result<Self, SecretError> {
        let lookup = |name: &str| env::var_os(name);
        environment::secrets_of_variable(name, lookup).map(Self::with_secrets)
    }

    /// Accepts this secret too. Use it during a rotation, while the old and the new endpoint deliver every
    /// event.
    ///
    /// Each further secret costs at most one more HMAC per delivery. A secret without a label is labelled by
    /// its position: `secret`, `secret#2`, `secret#3`.
    ///
    /// The verifier that is returned has its own list of secrets: replacing the [secrets](Self::secrets) of
    /// the one before does not change it.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, Verifier};
    ///
    /// let new = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let old = SigningSecret::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")?;
    /// let verifier = Verifier::new(new).with_secret(old.with_label("old"));
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn with_secret(mut self, secret: SigningSecret) -> Self {
        self.secrets = self.secrets.and(secret);
        self
    }

    /// The secrets: a handle to replace them while the verifier is in use, and to see which are used.
    ///
    /// Clones of a verifier share their secrets, and so do the layers and endpoints made of them.
    ///
    /// ```
    /// use clerk_webhooks::{ClerkWebhookLayer, SigningSecret, Verifier};
    ///
    /// # let (old, new) = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
    /// let verifier = Verifier::new(SigningSecret::parse(old)?);
    /// let secrets = verifier.secrets().clone();
    /// let clerk = ClerkWebhookLayer::new(verifier);
    /// // Later: the layer accepts both from now on.
    /// secrets.replace([SigningSecret::parse(old)?, SigningSecret::parse(new)?])?;
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn secrets(&self) -> &SigningSecrets {
        &self.secrets
    }

    /// The most that a timestamp may be before or after the clock: 300 seconds by default, inclusive, in
    /// whole seconds (a fraction is dropped).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use clerk_webhooks::Verifier;
    ///
    /// let verifier = Verifier::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?)
    ///     .with_tolerance(Duration::from_secs(60));
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn with_tolerance(self, tolerance: Duration) -> Self {
        self.with_tolerance_past(tolerance)
            .with_tolerance_future(tolerance)
    }

    /// How old a timestamp may be: 300 seconds by default, inclusive, in whole seconds (a fraction is
    /// dropped).
    ///
    /// The sender signs every retry with a new timestamp. An old timestamp is a sign of a replay, of a
    /// delayed delivery or of a wrong clock.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use clerk_webhooks::{SigningSecret, Verifier, testing::{SignedRequest, fixtures}};
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let verifier = Verifier::new(secret.clone()).with_tolerance_past(Duration::from_secs(60));
    /// let old = SignedRequest::new(&secret, fixtures::user_created()).with_age(Duration::from_secs(90));
    /// let refused = verifier.check_headers(&old.headers()).unwrap_err();
    /// assert_eq!(refused.kind().code(), "timestamp_too_old");
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn with_tolerance_past(mut self, tolerance: Duration) -> Self {
        self.tolerance.past = tolerance;
        self
    }

    /// How far in the future a timestamp may be: 300 seconds by default, inclusive, in whole seconds (a
    /// fraction is dropped).
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    ///
    /// use clerk_webhooks::{SigningSecret, Verifier, testing::{SignedRequest, fixtures}};
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let verifier = Verifier::new(secret.clone()).with_tolerance_future(Duration::ZERO);
    /// let in_a_minute = SystemTime::now() + Duration::from_secs(60);
    /// let early = SignedRequest::new(&secret, fixtures::user_created()).with_sent_at(in_a_minute);
    /// let refused = verifier.check_headers(&early.headers()).unwrap_err();
    /// assert_eq!(refused.kind().code(), "timestamp_too_new");
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn with_tolerance_future(mut self, tolerance: Duration) -> Self {
        self.tolerance.future = tolerance;
        self
    }

    /// Reads the time from `clock` instead of the system's clock: for tests, and to replay recorded
    /// deliveries.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, Verifier, testing::FixedClock};
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// // A delivery recorded in 2021.
    /// let headers = [
    ///     ("svix-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
    ///     ("svix-timestamp", "1614265330"),
    ///     ("svix-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    /// ];
    /// let verifier = Verifier::new(secret).with_clock(FixedClock::at_unix_seconds(1_614_265_330));
    /// let pending = verifier.check_header_pairs(&headers)?;
    /// assert!(pending.finish(r#"{"test": 2432232314}"#.into()).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Verifies a whole delivery: [`check_headers`](Self::check_headers), then
    /// [`finish`](PendingVerification::finish).
    ///
    /// # Errors
    ///
    /// The first fault in this order: a missing header, a duplicate header, a malformed message id, a
    /// malformed timestamp, a timestamp out of tolerance, no well-formed signature, no matching signature.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, Verifier, testing::{SignedRequest, fixtures}};
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let request = SignedRequest::new(&secret, fixtures::user_created());
    /// let delivery = Verifier::new(secret).verify(&request.headers(), request.body().clone())?;
    /// assert_eq!(delivery.raw_body(), request.body());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify(
        &self,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<VerifiedDelivery, VerifyError> {
        self.check_headers(headers)?.finish(body)
    }

    /// Checks the headers, before you read the body.
    ///
    /// # Errors
    ///
    /// The first fault in this order: a missing header, a duplicate header, a malformed message id, a
    /// malformed timestamp, a timestamp out of tolerance, no well-formed signature.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, Verifier, testing::{SignedRequest, fixtures}};
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let request = SignedRequest::new(&secret, fixtures::user_created()).with_message_id("msg_1");
    /// let verifier = Verifier::new(secret);
    /// assert_eq!(verifier.check_headers(&request.headers())?.message_id(), "msg_1");
    ///
    /// let refused = verifier.check_headers(&request.unsigned().headers()).unwrap_err();
    /// assert_eq!(refused.header_name(), Some("svix-signature"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check_headers(&self, headers: &HeaderMap) -> Result<PendingVerification, VerifyError> {
        self.check(headers)
    }

    /// Checks headers given as pairs of name and value, for frameworks that do not use `http` 1. Names are
    /// case-insensitive.
    ///
    /// # Errors
    ///
    /// As [`check_headers`](Self::check_headers).
    ///
    /// ```
    /// # use clerk_webhooks::{SigningSecret, Verifier, verify::VerifyErrorKind};
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let verifier = Verifier::new(secret);
    /// let headers = [("Svix-Id", "msg_1"), ("Svix-Timestamp", "1614265330")];
    /// let refused = verifier.check_header_pairs(&headers).unwrap_err();
    /// assert_eq!(refused.kind(), VerifyErrorKind::MissingHeader);
    /// assert_eq!(refused.header_name(), Some("svix-signature"));
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn check_header_pairs<N, V>(
        &self,
        headers: &[(N, V)],
    ) -> Result<PendingVerification, VerifyError>
    where
        N: AsRef<str>,
        V: AsRef<[u8]>,
    {
        self.check(headers)
    }

    fn check<H>(&self, headers: &H) -> Result<PendingVerification, VerifyError>
    where
        H: HeaderSource + ?Sized,
    {
        let headers = headers::find(headers)?;
        let message_id = headers.message_id()?;
        let timestamp = headers
            .timestamp()
            .map_err(|malformed| malformed.with_message_id(message_id))?;
        let checked_at = clock::unix_seconds(self.clock.now());
        let skew_seconds = self
            .tolerance
            .check(timestamp.seconds(), checked_at)
            .map_err(|out| stale(out).with_message_id(message_id))?;
        let candidates = headers
            .candidates()
            .map_err(|malformed| malformed.with_message_id(message_id))?;
        Ok(PendingVerification {
            secrets: self.secrets.clone(),
            message_id: message_id.into(),
            timestamp,
            checked_at,
            skew_seconds,
            candidates,
        })
    }

    /// The list must not be empty.
    pub(crate) fn with_secrets(secrets: impl IntoIterator<Item = SigningSecret>) -> Self {
        Self {
            secrets: SigningSecrets::new(secrets),
            tolerance: Tolerance::default(),
            clock: Arc::new(SystemClock),
        }
    }
}

/// As [`Verifier::new`].
impl From<SigningSecret> for Verifier {
    fn from(secret: SigningSecret) -> Self {
        Self::new(secret)
    }
}

fn stale(out: OutOfTolerance) -> VerifyError {
    match out {
        OutOfTolerance::TooOld { skew } => {
            VerifyError::skew(VerifyErrorKind::TimestampTooOld, skew)
        }
        OutOfTolerance::TooNew { skew } => {
            VerifyError::skew(VerifyErrorKind::TimestampTooNew, skew)
        }
    }
}

/// A delivery whose headers are valid and whose signature is not yet verified.
///
/// ```
/// # use std::time::SystemTime;
/// # use clerk_webhooks::{SigningSecret, Verifier};
/// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// # let now = SystemTime::now();
/// # let seconds = now.duration_since(SystemTime::UNIX_EPOCH)?.as_secs().to_string();
/// # let signature = secret.sign("msg_1", now, b"{}");
/// # let headers = [("svix-id", "msg_1"), ("svix-timestamp", &seconds), ("svix-signature", &signature)];
/// let pending = Verifier::new(secret).check_header_pairs(&headers)?;
/// assert_eq!(pending.message_id(), "msg_1");
/// // ... read the body, under a limit ...
/// let delivery = pending.finish("{}".into())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is verified before `finish`"]
pub struct PendingVerification {
    secrets: SigningSecrets,
    message_id: Arc<str>,
    timestamp: HeaderTimestamp,
    /// When the headers were checked, by the verifier's clock: seconds since 1970.
    checked_at: i64,
    skew_seconds: i64,
    candidates: Candidates,
}

impl PendingVerification {
    /// The message id that the request claims. It is not verified yet.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, Verifier, testing::{SignedRequest, fixtures}};
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let request = SignedRequest::new(&secret, fixtures::user_created()).with_message_id("msg_1");
    /// let pending = Verifier::new(secret).check_headers(&request.headers())?;
    /// assert_eq!(pending.message_id(), "msg_1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// Computes the delivery's signature with one secret after the other until one matches, then returns the
    /// delivery.
    ///
    /// The delivery keeps the `body` that was verified: the bytes that you use are the bytes that were
    /// signed.
    ///
    /// # Errors
    ///
    /// [`VerifyErrorKind::NoMatchingSignature`] when no signature matches any secret.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, Verifier, testing::{SignedRequest, fixtures}};
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let request = SignedRequest::new(&secret, fixtures::user_created());
    /// let verifier = Verifier::new(secret);
    /// let delivery = verifier.check_headers(&request.headers())?.finish(request.body().clone())?;
    /// assert_eq!(delivery.raw_body(), request.body());
    ///
    /// let altered = verifier.check_headers(&request.headers())?.finish("{}".into());
    /// assert_eq!(altered.unwrap_err().kind().code(), "no_matching_signature");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn finish(self, body: Bytes) -> Result<VerifiedDelivery, VerifyError> {
        self.finish_chunks(body, Vec::new())
    }

    /// As [`finish`](Self::finish), for a body in chunks. They are joined after the verification, and only
    /// if it succeeds: a forged body is never copied.
    pub(crate) fn finish_chunks(
        self,
        first: Bytes,
        rest: Vec<Bytes>,
    ) -> Result<VerifiedDelivery, VerifyError> {
        let (id, timestamp) = (&self.message_id, self.timestamp.as_bytes());
        let matches = |secret: &SigningSecret| {
            let chunks = iter::once(&first).chain(&rest);
            let mac = secret
                .key()
                .mac(id, timestamp, chunks.map(|chunk| &**chunk));
            self.candidates.contain(&mac)
        };
        match self.secrets.find(self.checked_at, matches) {
            Some(secret_label) => Ok(VerifiedDelivery {
                secret_label,
                message_id: self.message_id,
                attempted_at: self.timestamp.time(),
                checked_at: self.checked_at,
                skew_seconds: self.skew_seconds,
                body: join(first, rest),
            }),
            None => Err(VerifyError::no_matching_signature(self.message_id)),
        }
    }
}

/// Frees each chunk as soon as it is copied.
fn join(first: Bytes, rest: Vec<Bytes>) -> Bytes {
    if rest.is_empty() {
        return first;
    }
    let bytes = first.len() + rest.iter().map(Bytes::len).sum::<usize>();
    let mut joined = Vec::with_capacity(bytes);
    for chunk in iter::once(first).chain(rest) {
        joined.extend_from_slice(&chunk);
    }
    joined.into()
}

impl fmt::Debug for PendingVerification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingVerification")
            .field("message_id", &self.message_id)
            .field("attempted_at", &self.timestamp.time())
            .field("signatures", &self.candidates.count())
            .finish_non_exhaustive()
    }
}
