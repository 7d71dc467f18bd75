//! Why a delivery was refused.

use std::{
    error::Error,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use tracing::Level;

use crate::{
    BoxError,
    event::{DecodeError, DecodeErrorKind},
    verify::{
        delivery::VerifiedDelivery,
        error::{VerifyError, VerifyErrorKind},
    },
};

/// `webhook-delivery: abort-message` tells the sender to stop retrying this message (Svix' documentation;
/// Svix' open-source server ignores it).
pub(crate) static WEBHOOK_DELIVERY: HeaderName = HeaderName::from_static("webhook-delivery");
pub(crate) static ABORT_MESSAGE: HeaderValue = HeaderValue::from_static("abort-message");

/// Why a delivery was refused.
///
/// The sender gets the [`status`](Self::status), the [`headers`](Self::headers) and the
/// [`body_text`](Self::body_text). They reveal nothing that helps an attacker. The log gets the
/// [`kind`](Self::kind) and the `Display` text, which tells operators what to do. [Reasons] lists every code with its
/// cause and cure.
///
/// Every response that this crate builds from a rejection has the rejection in its extensions. Middleware
/// outside can count or restyle refusals:
///
/// ```
/// use axum::response::{IntoResponse, Response};
/// use clerk_webhooks::Rejection;
///
/// async fn restyle(response: Response) -> Response {
///     match response.extensions().get::<Rejection>() {
///         Some(rejection) => (rejection.status(), "no, thank you").into_response(),
///         None => response,
///     }
/// }
/// // .route_layer(clerk).route_layer(axum::middleware::map_response(restyle))
/// ```
///
/// [`ClerkWebhookLayer::with_rejection_response`](crate::ClerkWebhookLayer::with_rejection_response) does
/// the same without a second middleware. Cloning is cheap: clones share their content.
///
/// [Reasons]: https://github.com/clerk-webhooks/clerk-webhooks/blob/main/docs/reasons.md
#[derive(Clone)]
pub struct Rejection(Arc<Details>);

struct Details {
    kind: RejectionKind,
    subject: Subject,
    source: Source,
    is_logged: AtomicBool,
}

/// What is known about the refused delivery.
enum Subject {
    Unknown,
    /// The message id that the request claims.
    Claimed(Arc<str>),
    Verified(VerifiedDelivery),
}

enum Source {
    None,
    Verify(VerifyError),
    Decode(DecodeError),
    Other(BoxError),
}

impl Rejection {
    fn new(kind: RejectionKind, subject: Subject, source: Source) -> Self {
        Self(Arc::new(Details {
            kind,
            subject,
            source,
            is_logged: AtomicBool::new(false),
        }))
    }

    /// The headers are valid, but the body is too long.
    pub(crate) fn body_too_large(message_id: &str) -> Self {
        let subject = Subject::Claimed(message_id.into());
        Self::new(RejectionKind::BodyTooLarge, subject, Source::None)
    }

    pub(crate) fn body_read_failed(message_id: &str, source: BoxError) -> Self {
        let subject = Subject::Claimed(message_id.into());
        Self::new(
            RejectionKind::BodyReadFailed,
            subject,
            Source::Other(source),
        )
    }

    pub(crate) fn undecodable(delivery: VerifiedDelivery, error: DecodeError) -> Self {
        let kind = RejectionKind::Undecodable(error.kind());
        Self::new(kind, Subject::Verified(delivery), Source::Decode(error))
    }

    /// A request that nothing could verify, because the route is not set up. For extractors of web
    /// frameworks.
    ///
    /// `fix` is logged: it tells the operator what is missing and how to add it. The sender gets 500 and
    /// retries.
    ///
    /// ```
    /// use clerk_webhooks::{Rejection, RejectionKind};
    ///
    /// let rejection = Rejection::missing_setup("no `WebhookEndpoint`: add `.manage(endpoint)` to the server");
    /// assert_eq!(rejection.kind(), RejectionKind::MissingSetup);
    /// assert_eq!(rejection.body_text(), "webhook receiver is not set up");
    /// ```
    #[must_use]
    pub fn missing_setup(fix: impl Into<String>) -> Self {
        Self::new(
            RejectionKind::MissingSetup,
            Subject::Unknown,
            Source::Other(fix.into().into()),
        )
    }

    #[cfg(feature = "idempotency")]
    pub(crate) fn of(kind: RejectionKind, delivery: &VerifiedDelivery) -> Self {
        Self::new(kind, Subject::Verified(delivery.clone()), Source::None)
    }

    #[cfg(any(feature = "idempotency", feature = "queue"))]
    pub(crate) fn caused(
        kind: RejectionKind,
        delivery: &VerifiedDelivery,
        source: BoxError,
    ) -> Self {
        Self::new(
            kind,
            Subject::Verified(delivery.clone()),
            Source::Other(source),
        )
    }

    /// The reason.
    ///
    /// ```
    /// use clerk_webhooks::{Rejection, RejectionKind, Verifier, verify::VerifyErrorKind};
    ///
    /// # let verifier = Verifier::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?);
    /// let no_headers = http::HeaderMap::new();
    /// let rejection = Rejection::from(verifier.check_headers(&no_headers).unwrap_err());
    /// assert_eq!(rejection.kind(), RejectionKind::Unverified(VerifyErrorKind::MissingHeader));
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn kind(&self) -> RejectionKind {
        self.0.kind
    }

    /// The status that the sender gets: 400, 409, 413, 422, 500 or 503.
    ///
    /// ```
    /// # use clerk_webhooks::{Rejection, Verifier};
    /// # let verifier = Verifier::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?);
    /// let no_headers = http::HeaderMap::new();
    /// let rejection = Rejection::from(verifier.check_headers(&no_headers).unwrap_err());
    /// assert_eq!(rejection.status(), 400);
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.kind().row().status
    }

    /// The one short line that the sender gets. It is the same for every signature failure.
    ///
    /// ```
    /// # use clerk_webhooks::{Rejection, SigningSecret, Verifier, testing::{SignedRequest, fixtures}};
    /// # let verifier = Verifier::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?);
    /// let another = SigningSecret::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")?;
    /// let forged = SignedRequest::new(&another, fixtures::user_created());
    /// let error = verifier.verify(&forged.headers(), forged.body().clone()).unwrap_err();
    /// assert_eq!(Rejection::from(error).body_text(), "invalid signature");
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn body_text(&self) -> &'static str {
        self.kind().row().body_text
    }

    /// The headers that the sender gets: `Content-Type`, `Retry-After` if there is a
    /// [`retry_after`](Self::retry_after), and `webhook-delivery: abort-message` for a message that failed
    /// permanently.
    ///
    /// For frameworks that cannot use [`to_response`](Self::to_response), which builds a whole response.
    ///
    /// ```
    /// # use clerk_webhooks::{Rejection, Verifier};
    /// # let verifier = Verifier::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?);
    /// let no_headers = http::HeaderMap::new();
    /// let rejection = Rejection::from(verifier.check_headers(&no_headers).unwrap_err());
    /// assert_eq!(rejection.headers()["content-type"], "text/plain; charset=utf-8");
    /// assert!(!rejection.headers().contains_key("retry-after"));
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(2);
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        headers.insert(CONTENT_TYPE, plain);
        if let Some(wait) = self.retry_after() {
            headers.insert(RETRY_AFTER, wait.as_secs().into());
        }
        if self.kind().row().is_permanent {
            headers.insert(&WEBHOOK_DELIVERY, ABORT_MESSAGE.clone());
        }
        headers
    }

    /// How long the sender is asked to wait (header `Retry-After`): 5 s if too many deliveries are running,
    /// if the message is in progress, or if the queue is unavailable. Svix never waits less than its own
    /// schedule says.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.kind().row().retry_after
    }

    /// Why verification failed, if it failed.
    ///
    /// ```
    /// # use clerk_webhooks::{Rejection, Verifier};
    /// # let verifier = Verifier::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?);
    /// let no_headers = http::HeaderMap::new();
    /// let rejection = Rejection::from(verifier.check_headers(&no_headers).unwrap_err());
    /// let error = rejection.verify_error().unwrap();
    /// assert_eq!(error.header_name(), Some("svix-id"));
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn verify_error(&self) -> Option<&VerifyError> {
        match &self.0.source {
            Source::Verify(error) => Some(error),
            _ => None,
        }
    }

    /// Where and why decoding failed, if it failed.
    ///
    /// ```
    /// use clerk_webhooks::{ClerkEvent, RawClerkEvent, VerifiedClerkEvent, testing::Delivery};
    ///
    /// let event = serde_json::json!({ "type": "user.created", "data": { "id": "user_1", "locked": "no" } });
    /// let (_, delivery) = Delivery::of(event).event::<RawClerkEvent>().into_parts();
    /// let rejection = VerifiedClerkEvent::<ClerkEvent>::decode(delivery).unwrap_err();
    /// assert_eq!(rejection.decode_error().unwrap().path(), "data.locked");
    /// ```
    #[must_use]
    pub fn decode_error(&self) -> Option<&DecodeError> {
        match &self.0.source {
            Source::Decode(error) => Some(error),
            _ => None,
        }
    }

    /// The delivery, if it was verified before it was refused.
    ///
    /// A handler that takes `Result<VerifiedClerkEvent, Rejection>` can store a delivery that it cannot
    /// decode.
    ///
    /// ```
    /// use clerk_webhooks::{Rejection, VerifiedClerkEvent};
    ///
    /// # async fn archive(id: &str, body: &[u8]) {}
    /// async fn on_event(event: Result<VerifiedClerkEvent, Rejection>) -> Result<(), Rejection> {
    ///     match event {
    ///         Ok(event) => println!("{}", event.event_type()),
    ///         Err(rejection) => match rejection.delivery() {
    ///             Some(delivery) => archive(delivery.message_id(), delivery.raw_body()).await,
    ///             None => return Err(rejection),
    ///         },
    ///     }
    ///     Ok(())
    /// }
    /// ```
    #[must_use]
    pub fn delivery(&self) -> Option<&VerifiedDelivery> {
        match &self.0.subject {
            Subject::Verified(delivery) => Some(delivery),
            Subject::Unknown | Subject::Claimed(_) => None,
        }
    }

    /// The message id, if it is known. It is verified only if there is a [`delivery`](Self::delivery).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use clerk_webhooks::{Rejection, SigningSecret, Verifier, testing::{SignedRequest, fixtures}};
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let request = SignedRequest::new(&secret, fixtures::user_created()).with_message_id("msg_1");
    /// let stale = request.with_age(Duration::from_secs(3600)).headers();
    /// let rejection = Rejection::from(Verifier::new(secret).check_headers(&stale).unwrap_err());
    /// assert_eq!(rejection.message_id(), Some("msg_1"));
    /// assert!(rejection.delivery().is_none());
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        match (&self.0.subject, &self.0.source) {
            (Subject::Verified(delivery), _) => Some(delivery.message_id()),
            (Subject::Claimed(message_id), _) => Some(message_id),
            (Subject::Unknown, Source::Verify(error)) => error.message_id(),
            (Subject::Unknown, _) => None,
        }
    }

    /// Returns true on the first call for this rejection and its clones: a rejection is logged once.
    pub(crate) fn claim_log_line(&self) -> bool {
        !self.0.is_logged.swap(true, Relaxed)
    }
}

/// A delivery that failed verification.
impl From<VerifyError> for Rejection {
    fn from(error: VerifyError) -> Self {
        let kind = RejectionKind::Unverified(error.kind());
        Self::new(kind, Subject::Unknown, Source::Verify(error))
    }
}

/// What happened and what to do, for operators.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.source {
            Source::Verify(error) => error.fmt(f),
            _ => f.write_str(self.kind().row().explanation),
        }
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("kind", &self.kind())
            .field("message_id", &self.message_id())
            .field("source", &self.source())
            .finish()
    }
}

impl Error for Rejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.source {
            // `Display` prints the `VerifyError` already.
            Source::Verify(_) | Source::None => None,
            Source::Decode(error) => Some(error),
            Source::Other(error) => Some(&**error),
        }
    }
}

/// One row for each kind: `Variant = "code" STATUS LEVEL "text for the sender": "text for operators"`.
macro_rules! rejection_kinds {
    ($(
        $(#[doc = $doc:literal])+
        $(#[cfg($($cfg:tt)+)])?
        $Kind:ident = $code:literal $STATUS:ident $LEVEL:ident $body_text:literal: $explanation:literal
            $(, retry after $seconds:literal s)?
            $(, permanent $permanent:literal)?;
    )+) => {
        /// The reasons to refuse a delivery. [Reasons] lists the code of each with its cause and cure.
        ///
        /// The kinds of a feature exist only if the feature is on.
        ///
        /// ```
        /// use clerk_webhooks::{RejectionKind, verify::VerifyErrorKind};
        ///
        /// let kind = RejectionKind::Unverified(VerifyErrorKind::MissingHeader);
        /// assert_eq!(kind.code(), "missing_header");
        /// assert_eq!(kind.status(), 400);
        /// ```
        ///
        /// [Reasons]: https://github.com/clerk-webhooks/clerk-webhooks/blob/main/docs/reasons.md#refused-deliveries
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum RejectionKind {
            /// A header is missing or invalid, or no signature matches. 400.
            Unverified(VerifyErrorKind),
            /// Verified, but the event cannot be decoded. 422.
            Undecodable(DecodeErrorKind),
            $( $(#[doc = $doc])+ $(#[cfg($($cfg)+)])? $Kind, )+
        }

        impl RejectionKind {
            const fn row(self) -> Row {
                match self {
                    Self::Unverified(kind) => Row::unverified(kind),
                    Self::Undecodable(kind) => Row::undecodable(kind),
                    $( $(#[cfg($($cfg)+)])? Self::$Kind => Row {
                        code: $code,
                        status: StatusCode::$STATUS,
                        level: Level::$LEVEL,
                        body_text: $body_text,
                        explanation: $explanation,
                        retry_after: after_seconds(0 $(+ $seconds)?),
                        is_permanent: false $(|| $permanent)?,
                    }, )+
                }
            }
        }
    };
}

rejection_kinds! {
    /// The body is over the limit: its declared length, or the bytes read so far. 413.
    BodyTooLarge = "body_too_large" PAYLOAD_TOO_LARGE WARN "body too large":
        "the body is over the limit; if the sender is genuine, raise `with_max_body_bytes` or the limit of a \
         layer outside";
    /// The body could not be read completely. 400.
    BodyReadFailed = "body_read_failed" BAD_REQUEST WARN "body could not be read":
        "the body could not be read to its end; the sender disconnected, or a deadline outside ended it";
    /// There is no verified delivery: [`ClerkWebhookLayer`](crate::ClerkWebhookLayer) is missing on this
    /// route, or it is inside the service that needs it. Without tower: there is no
    /// [`WebhookEndpoint`](crate::WebhookEndpoint). 500.
    MissingSetup = "missing_setup" INTERNAL_SERVER_ERROR ERROR "webhook receiver is not set up":
        "this request has no verified delivery: its route is not set up";
    /// Deduplication: this process is draining. 503.
    #[cfg(feature = "idempotency")]
    ShuttingDown = "shutting_down" SERVICE_UNAVAILABLE INFO "temporarily unavailable, please retry":
        "this process is shutting down and accepts no more deliveries; the sender retries";
    /// Deduplication: the limit on running deliveries (`with_max_running`, 1,000 by default) is reached.
    /// 503.
    #[cfg(feature = "idempotency")]
    TooManyRunning = "too_many_running" SERVICE_UNAVAILABLE INFO "temporarily unavailable, please retry":
        "the limit `with_max_running` is reached; the sender retries",
        retry after 5 s;
    /// Deduplication: another delivery of this message is being handled, and did not end within
    /// `with_duplicate_wait` (10 s by default). This delivery is not acknowledged, because the other may
    /// fail. 409.
    #[cfg(feature = "idempotency")]
    MessageInProgress = "message_in_progress" CONFLICT INFO "message is being processed":
        "another delivery of this message is still being handled, or its process crashed and the lease has \
         not expired yet; the sender retries",
        retry after 5 s;
    /// Deduplication: an earlier delivery of this message failed permanently. 422 with
    /// `webhook-delivery: abort-message`.
    #[cfg(feature = "idempotency")]
    PermanentlyFailed = "permanently_failed" UNPROCESSABLE_ENTITY INFO "processing failed permanently":
        "an earlier delivery of this message failed permanently, so the handler did not run; to run it again, \
         forget the message in the store of claims and resend it",
        permanent true;
    /// Deduplication: the store of claims failed or did not answer in time. 503.
    #[cfg(feature = "idempotency")]
    StoreUnavailable = "store_unavailable" SERVICE_UNAVAILABLE ERROR "temporarily unavailable, please retry":
        "the store of claims failed, so nothing is acknowledged; the sender retries";
    /// Deduplication: the handler panicked. 500.
    #[cfg(feature = "idempotency")]
    HandlerPanicked = "handler_panicked" INTERNAL_SERVER_ERROR ERROR "processing failed, please retry":
        "the handler panicked; the sender retries";
    /// Deduplication: the handler took longer than `with_longest_run` and was aborted. The time that it
    /// waits for the inner service to be ready counts. 500.
    #[cfg(feature = "idempotency")]
    HandlerTimedOut = "handler_timed_out" INTERNAL_SERVER_ERROR ERROR "processing failed, please retry":
        "the handler, including its wait for the inner service, took longer than `with_longest_run` and was \
         aborted; the sender retries";
    /// Deduplication: the handler succeeded, but the store could not record it. 500.
    #[cfg(feature = "idempotency")]
    CompletionNotRecorded = "completion_not_recorded" INTERNAL_SERVER_ERROR ERROR
        "processing failed, please retry":
        "the handler succeeded, but the store of claims could not record it: it may run twice";
    /// The queue did not take the event. 503.
    #[cfg(feature = "queue")]
    QueueUnavailable = "queue_unavailable" SERVICE_UNAVAILABLE ERROR "temporarily unavailable, please retry":
        "the queue did not take the event, so it is not acknowledged; the sender retries",
        retry after 5 s;
}

/// The properties of a kind.
struct Row {
    code: &'static str,
    status: StatusCode,
    level: Level,
    body_text: &'static str,
    explanation: &'static str,
    retry_after: Option<Duration>,
    /// Whether the sender is told to stop.
    is_permanent: bool,
}

impl Row {
    /// Anybody can cause missing or malformed headers, so these are logged at `debug`. A stale timestamp or
    /// a wrong signature can come from a genuine sender, so these are logged at `warn`.
    const fn unverified(kind: VerifyErrorKind) -> Self {
        use VerifyErrorKind as Kind;
        let (level, body_text) = match kind {
            Kind::MissingHeader => (Level::DEBUG, "missing webhook header"),
            Kind::DuplicateHeader | Kind::MalformedId | Kind::MalformedTimestamp => {
                (Level::DEBUG, "malformed webhook header")
            }
            Kind::TimestampTooOld | Kind::TimestampTooNew => {
                (Level::WARN, "timestamp out of tolerance")
            }
            Kind::MalformedSignature => (Level::DEBUG, INVALID_SIGNATURE),
            Kind::NoMatchingSignature => (Level::WARN, INVALID_SIGNATURE),
        };
        Self {
            code: kind.code(),
            status: StatusCode::BAD_REQUEST,
            level,
            body_text,
            explanation: "the delivery is not verified",
            retry_after: None,
            is_permanent: false,
        }
    }

    const fn undecodable(kind: DecodeErrorKind) -> Self {
        let (code, explanation) = match kind {
            DecodeErrorKind::NotUtf8 | DecodeErrorKind::NotJson => (
                "invalid_json",
                "verified, but the body is not JSON in UTF-8",
            ),
            DecodeErrorKind::Envelope => (
                "invalid_envelope",
                "verified, but not an event: it needs a string `type` and an object `data`, and the fields \
                 around them must have their usual JSON types",
            ),
            DecodeErrorKind::Data => (
                "undecodable_event",
                "verified, but the data does not fit the event's type; the sender retries, and \
                 `RawClerkEvent` accepts it",
            ),
        };
        Self {
            code,
            status: StatusCode::UNPROCESSABLE_ENTITY,
            level: Level::ERROR,
            body_text: "event could not be decoded",
            explanation,
            retry_after: None,
            is_permanent: false,
        }
    }
}

const fn after_seconds(seconds: u64) -> Option<Duration> {
    match seconds {
        0 => None,
        _ => Some(Duration::from_secs(seconds)),
    }
}

/// The same for every signature failure: the response does not reveal whether the signature was well-formed.
const INVALID_SIGNATURE: &str = "invalid signature";

impl RejectionKind {
    /// The stable reason code, for logs and tools. It is not part of the response.
    ///
    /// ```
    /// use clerk_webhooks::RejectionKind;
    ///
    /// assert_eq!(RejectionKind::BodyTooLarge.code(), "body_too_large");
    /// ```
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.row().code
    }

    /// The status that the sender gets.
    ///
    /// ```
    /// use clerk_webhooks::RejectionKind;
    ///
    /// assert_eq!(RejectionKind::BodyTooLarge.status(), 413);
    /// ```
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.row().status
    }

    /// The level at which the rejection is logged.
    pub(crate) const fn level(self) -> Level {
        self.row().level
    }
}

impl From<VerifyErrorKind> for RejectionKind {
    fn from(kind: VerifyErrorKind) -> Self {
        Self::Unverified(kind)
    }
}

impl From<DecodeErrorKind> for RejectionKind {
    fn from(kind: DecodeErrorKind) -> Self {
        Self::Undecodable(kind)
    }
}

/// The reason code.
impl fmt::Display for RejectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_failure_is_answered_alike() {
        let malformed = RejectionKind::Unverified(VerifyErrorKind::MalformedSignature).row();
        let unmatched = RejectionKind::Unverified(VerifyErrorKind::NoMatchingSignature).row();
        assert_eq!(malformed.body_text, unmatched.body_text);
        assert_eq!(malformed.status, unmatched.status);
    }
}
