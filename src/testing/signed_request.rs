//! [`SignedRequest`]: genuine and forged deliveries.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher as _, Hasher as _},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};

use crate::verify::secret::SigningSecret;

/// Builds a signed delivery: an [`http::Request`] for `tower::ServiceExt::oneshot`, or headers and body for
/// any client.
///
/// The body can be a [fixture](super::fixtures), text or bytes. Each new request is a new message with its
/// own message id. A clone is the same message again.
///
/// ```
/// use axum::{Router, body::Body, http::StatusCode, routing::post};
/// use clerk_webhooks::{
///     ClerkWebhookLayer, SigningSecret, VerifiedClerkEvent,
///     testing::{SignedRequest, fixtures},
/// };
/// use tower::ServiceExt as _;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let clerk = ClerkWebhookLayer::new(secret.clone());
/// let handler = |event: VerifiedClerkEvent| async move { event.message_id().to_owned() };
/// let app = Router::new().route("/webhooks/clerk", post(handler).route_layer(clerk));
///
/// let request: http::Request<Body> = SignedRequest::new(&secret, fixtures::user_deleted())
///     .with_message_id("msg_1")
///     .into_request("/webhooks/clerk".parse()?);
/// let response = app.oneshot(request).await?;
/// assert_eq!(response.status(), StatusCode::OK);
/// # Ok(())
/// # }
/// ```
///
/// # Deliveries that every endpoint must refuse
///
/// ```
/// use std::time::Duration;
///
/// use clerk_webhooks::{
///     SigningSecret, Verifier, verify::VerifyErrorKind,
///     testing::{SignedRequest, fixtures},
/// };
///
/// let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let another = SigningSecret::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")?;
/// let verifier = Verifier::new(secret.clone());
/// let genuine = SignedRequest::new(&secret, fixtures::user_created());
/// let refused = |request: SignedRequest| {
///     let verdict = verifier.verify(&request.headers(), request.body().clone());
///     verdict.map_err(|rejection| rejection.kind()).err()
/// };
/// assert_eq!(refused(genuine.clone()), None);
///
/// let stale = genuine.clone().with_age(Duration::from_secs(3600));
/// assert_eq!(refused(stale), Some(VerifyErrorKind::TimestampTooOld));
///
/// let wrong = "v1,bm90IHRoZSBzaWduYXR1cmUgb2YgdGhpcyBkZWxpdmU=";
/// let forged = genuine.clone().unsigned().with_wrong_signature(wrong);
/// assert_eq!(refused(forged), Some(VerifyErrorKind::NoMatchingSignature));
///
/// let altered = genuine.clone().with_altered_body(fixtures::user_created().id("user_1"));
/// assert_eq!(refused(altered), Some(VerifyErrorKind::NoMatchingSignature));
///
/// let for_another = SignedRequest::new(&another, fixtures::user_created());
/// assert_eq!(refused(for_another), Some(VerifyErrorKind::NoMatchingSignature));
/// # Ok::<(), clerk_webhooks::SecretError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a request does nothing until it is sent"]
pub struct SignedRequest {
    secrets: Vec<SigningSecret>,
    message_id: String,
    sent_at: SystemTime,
    body: Bytes,
    signed_body: Bytes,
    wrong_signatures: Vec<String>,
    header_names: [HeaderName; 3],
}

const SVIX_NAMES: [HeaderName; 3] = [
    HeaderName::from_static("svix-id"),
    HeaderName::from_static("svix-timestamp"),
    HeaderName::from_static("svix-signature"),
];

const STANDARD_WEBHOOKS_NAMES: [HeaderName; 3] = [
    HeaderName::from_static("webhook-id"),
    HeaderName::from_static("webhook-timestamp"),
    HeaderName::from_static("webhook-signature"),
];

impl SignedRequest {
    /// A delivery of `body`, sent now and signed with `secret`.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, Verifier, testing::{SignedRequest, fixtures}};
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let request = SignedRequest::new(&secret, fixtures::user_created());
    /// let delivery = Verifier::new(secret).verify(&request.headers(), request.body().clone());
    /// assert!(delivery.is_ok());
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn new(secret: &SigningSecret, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self {
            secrets: vec![secret.clone()],
            message_id: next_message_id(),
            sent_at: SystemTime::now(),
            signed_body: body.clone(),
            body,
            wrong_signatures: Vec::new(),
            header_names: SVIX_NAMES,
        }
    }

    /// Sets the message id. By default it is unique in this process.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, testing::{SignedRequest, fixtures}};
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let request = SignedRequest::new(&secret, fixtures::user_created()).with_message_id("msg_1");
    /// assert_eq!(request.headers()["svix-id"], "msg_1");
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn with_message_id(mut self, message_id: impl Into<String>) -> Self {
        self.message_id = message_id.into();
        self
    }

    /// Sets the time of this attempt: any time in the past or the future, such as that of a
    /// [`FixedClock`](super::FixedClock). By default it is now. It is sent in whole seconds.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// use clerk_webhooks::{SigningSecret, testing::{SignedRequest, fixtures}};
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let sent_at = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    /// let request = SignedRequest::new(&secret, fixtures::user_created()).with_sent_at(sent_at);
    /// assert_eq!(request.headers()["svix-timestamp"], "1767225600");
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn with_sent_at(mut self, sent_at: SystemTime) -> Self {
        self.sent_at = sent_at;
        self
    }

    /// Sets the time of this attempt to `age` before now.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use clerk_webhooks::{SigningSecret, Verifier, testing::{SignedRequest, fixtures}};
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let request = SignedRequest::new(&secret, fixtures::user_created());
    /// let stale = request.with_age(Duration::from_secs(3600));
    /// let refused = Verifier::new(secret).check_headers(&stale.headers()).unwrap_err();
    /// assert_eq!(refused.kind().code(), "timestamp_too_old");
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn with_age(self, age: Duration) -> Self {
        let sent_at = SystemTime::now().checked_sub(age).unwrap_or(UNIX_EPOCH);
        self.with_sent_at(sent_at)
    }

    /// Adds a signature with this secret after the others, as the sender does during a rotation.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, Verifier, testing::{SignedRequest, fixtures}};
    ///
    /// let old = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let new = SigningSecret::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")?;
    /// let request = SignedRequest::new(&new, fixtures::user_created()).with_secret(&old);
    /// for secret in [old, new] {
    ///     let verifier = Verifier::new(secret);
    ///     assert!(verifier.verify(&request.headers(), request.body().clone()).is_ok());
    /// }
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn with_secret(mut self, secret: &SigningSecret) -> Self {
        self.secrets.push(secret.clone());
        self
    }

    /// Adds this entry, unchanged, to `svix-signature`, before the valid signatures.
    ///
    /// `v1,` and 32 bytes in base64 is a well-formed signature that does not match. Anything else is
    /// malformed or of another version.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, testing::{SignedRequest, fixtures}};
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let request = SignedRequest::new(&secret, fixtures::user_created()).with_wrong_signature("v2,AAAA");
    /// let signatures = request.headers()["svix-signature"].to_str()?.to_owned();
    /// assert!(signatures.starts_with("v2,AAAA v1,"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_wrong_signature(mut self, entry: impl Into<String>) -> Self {
        self.wrong_signatures.push(entry.into());
        self
    }

    /// Removes the valid signatures: an attacker without the secret can send such a request.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, Verifier, testing::{SignedRequest, fixtures}};
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let request = SignedRequest::new(&secret, fixtures::user_created()).unsigned();
    /// assert_eq!(request.headers()["svix-signature"], "");
    /// assert!(Verifier::new(secret).check_headers(&request.headers()).is_err());
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn unsigned(mut self) -> Self {
        self.secrets.clear();
        self
    }

    /// Sends this body with the signatures of the original one, like a delivery altered on its way.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, Verifier, testing::{SignedRequest, fixtures}};
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let request = SignedRequest::new(&secret, fixtures::user_created()).with_altered_body("{}");
    /// let verified = Verifier::new(secret).verify(&request.headers(), request.body().clone());
    /// assert_eq!(verified.unwrap_err().kind().code(), "no_matching_signature");
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn with_altered_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Names the headers `webhook-*` instead of `svix-*`, as white-labelled senders do.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, Verifier, testing::{SignedRequest, fixtures}};
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let request = SignedRequest::new(&secret, fixtures::user_created()).with_standard_webhooks_names();
    /// assert!(request.headers().contains_key("webhook-id"));
    /// assert!(Verifier::new(secret).check_headers(&request.headers()).is_ok());
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn with_standard_webhooks_names(mut self) -> Self {
        self.header_names = STANDARD_WEBHOOKS_NAMES;
        self
    }

    /// The three headers, for any client.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, testing::{SignedRequest, fixtures}};
    ///
    /// let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let request = SignedRequest::new(&secret, fixtures::user_created());
    /// let mut arguments = vec!["curl".to_owned(), "--data-binary".to_owned(), "@-".to_owned()];
    /// for (name, value) in request.header_pairs() {
    ///     arguments.extend(["--header".to_owned(), format!("{name}: {value}")]);
    /// }
    /// assert!(arguments[4].starts_with("svix-id: msg_"));
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn header_pairs(&self) -> [(String, String); 3] {
        let seconds = self
            .sent_at
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let sign =
            |secret: &SigningSecret| secret.sign(&self.message_id, self.sent_at, &self.signed_body);
        let right = self.secrets.iter().map(sign);
        let signatures: Vec<String> = self.wrong_signatures.iter().cloned().chain(right).collect();
        let [id, timestamp, signature] = self.header_names.each_ref().map(HeaderName::to_string);
        [
            (id, self.message_id.clone()),
            (timestamp, seconds.to_string()),
            (signature, signatures.join(" ")),
        ]
    }

    /// The three headers and the content type, as `http`'s map.
    ///
    /// Leaves out a value that is not valid in a header, such as a message id with a line break.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, testing::{SignedRequest, fixtures}};
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let headers = SignedRequest::new(&secret, fixtures::user_created()).headers();
    /// assert_eq!(headers["content-type"], "application/json");
    /// assert!(headers["svix-signature"].to_str()?.starts_with("v1,"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, (_, value)) in self.header_names.iter().zip(self.header_pairs()) {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        headers
    }

    /// The body that is sent.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, testing::{SignedRequest, fixtures}};
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let event = fixtures::user_created();
    /// let request = SignedRequest::new(&secret, event.clone());
    /// assert_eq!(request.body(), &event.to_json());
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The whole delivery, as a `POST` to `uri`.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, testing::{SignedRequest, fixtures}};
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let request = SignedRequest::new(&secret, fixtures::user_created())
    ///     .into_request::<axum::body::Body>("/webhooks/clerk".parse()?);
    /// assert_eq!(request.method(), "POST");
    /// assert_eq!(request.uri(), "/webhooks/clerk");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn into_request<B: From<Bytes>>(self, uri: http::Uri) -> Request<B> {
        let headers = self.headers();
        let length = self.body.len();
        let mut request = Request::new(B::from(self.body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        request.headers_mut().insert(CONTENT_LENGTH, length.into());
        request
    }
}

/// In Svix' format: `msg_` and 27 characters. Each process makes others: a store on disk would take the same
/// ids for duplicates.
fn next_message_id() -> String {
    static MADE: AtomicU64 = AtomicU64::new(0);
    static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().build_hasher().finish());
    let made = MADE.fetch_add(1, Ordering::Relaxed);
    format!("msg_3{:016x}{made:010}", *PROCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_message_of_its_own_and_a_clone_the_same_again() {
        let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let id = |request: &SignedRequest| request.header_pairs()[0].1.clone();
        let (one, other) = (
            SignedRequest::new(&secret, "{}"),
            SignedRequest::new(&secret, "{}"),
        );
        assert_ne!(id(&one), id(&other));
        assert_eq!(id(&one), id(&one.clone()));
        assert_eq!(id(&one).len(), "msg_".len() + 27);
    }
}
