//! Every reason to refuse a delivery.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use crate::BoxError;
use http::{HeaderName, StatusCode};

use crate::{event::DecodeError, verify::delivery::VerifiedDelivery};

/// Why a delivery was refused.
///
/// What a stranger gets to see is [`status`](Self::status) and [`body_text`](Self::body_text), which
/// tell nothing that an attacker could use. What operators need is in [`kind`](Self::kind), in the
/// `Display` text, which says what to do, and in the logs.
///
/// Layer and extractor put it into the extensions of the response that they answer with, so that a
/// middleware outside can restyle or count refusals:
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
#[derive(Debug, Clone)]
pub struct Rejection {
    kind: RejectionKind,
    detail: Detail,
    message_id: Option<Arc<str>>,
}

/// What an operator needs beyond the kind.
#[derive(Debug, Clone)]
enum Detail {
    None,
    Header(&'static str),
    Skew(i64),
    Read(Arc<ReadFault>),
    Undecodable(Arc<Undecodable>),
}

#[derive(Debug)]
struct ReadFault(BoxError);

#[derive(Debug)]
struct Undecodable {
    verified: VerifiedDelivery,
    error: DecodeError,
}

impl Rejection {
    pub(crate) fn new(kind: RejectionKind) -> Self {
        Self {
            kind,
            detail: Detail::None,
            message_id: None,
        }
    }

    pub(crate) fn header(kind: RejectionKind, name: &'static HeaderName) -> Self {
        Self {
            detail: Detail::Header(name.as_str()),
            ..Self::new(kind)
        }
    }

    pub(crate) fn skew(kind: RejectionKind, seconds: i64) -> Self {
        Self {
            detail: Detail::Skew(seconds),
            ..Self::new(kind)
        }
    }

    pub(crate) fn read(error: BoxError) -> Self {
        Self {
            detail: Detail::Read(Arc::new(ReadFault(error))),
            ..Self::new(RejectionKind::BodyReadFailed)
        }
    }

    pub(crate) fn undecodable(
        kind: RejectionKind,
        verified: VerifiedDelivery,
        error: DecodeError,
    ) -> Self {
        Self {
            detail: Detail::Undecodable(Arc::new(Undecodable { verified, error })),
            ..Self::new(kind)
        }
    }

    pub(crate) fn with_message_id(mut self, message_id: &str) -> Self {
        self.message_id = Some(message_id.into());
        self
    }

    /// The reason.
    #[must_use]
    pub fn kind(&self) -> RejectionKind {
        self.kind
    }

    /// The status that the sender gets: 400, 409, 413, 422, 500 or 503.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.kind.status()
    }

    /// The one short line that the sender gets; the same for every signature failure.
    #[must_use]
    pub fn body_text(&self) -> &'static str {
        self.kind.body_text()
    }

    /// How long the sender is asked to wait, header `Retry-After`: 5 s when another delivery of the
    /// same message or too many others are being handled, or the queue is down. Svix keeps to it within twice
    /// its own schedule.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self.kind {
            RejectionKind::MessageInProgress
            | RejectionKind::TooManyRunning
            | RejectionKind::QueueUnavailable => Some(Duration::from_secs(5)),
            _ => None,
        }
    }

    /// The header at fault, for kinds that are about one.
    #[must_use]
    pub fn header_name(&self) -> Option<&'static str> {
        match self.detail {
            Detail::Header(name) => Some(name),
            _ => None,
        }
    }

    /// How far the timestamp is from this machine's clock, `now - timestamp` in seconds: positive
    /// when it is too old, negative when it is in the future.
    #[must_use]
    pub fn skew_seconds(&self) -> Option<i64> {
        match self.detail {
            Detail::Skew(seconds) => Some(seconds),
            _ => None,
        }
    }

    /// The message id, where one was read. Unless there is a [`delivery`](Self::delivery) delivery,
    /// a stranger may have made it up.
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        match self.delivery() {
            Some(verified) => Some(verified.message_id()),
            None => self.message_id.as_deref(),
        }
    }

    /// The delivery, where the signature did match and only its event could not be decoded.
    ///
    /// With `Result<VerifiedClerkEvent, Rejection>` a handler can store what it cannot read yet.
    #[must_use]
    pub fn delivery(&self) -> Option<&VerifiedDelivery> {
        match &self.detail {
            Detail::Undecodable(undecodable) => Some(&undecodable.verified),
            _ => None,
        }
    }

    /// Where and why the event could not be decoded.
    #[must_use]
    pub fn decode_error(&self) -> Option<&DecodeError> {
        match &self.detail {
            Detail::Undecodable(undecodable) => Some(&undecodable.error),
            _ => None,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Detail::Header(name) => write!(f, "header `{name}`: ")?,
            Detail::Skew(seconds @ 0..) => write!(f, "timestamp {seconds} s old: ")?,
            Detail::Skew(seconds) => {
                write!(f, "timestamp {} s in the future: ", seconds.unsigned_abs())?;
            }
            Detail::None | Detail::Read(_) | Detail::Undecodable(_) => {}
        }
        f.write_str(self.kind.explanation())
    }
}

impl Error for Rejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.detail {
            Detail::Read(fault) => Some(&*fault.0),
            Detail::Undecodable(undecodable) => Some(&undecodable.error),
            Detail::None | Detail::Header(_) | Detail::Skew(_) => None,
        }
    }
}

/// The reasons to refuse a delivery, in the order in which they are looked for.
///
/// Headers that are missing, doubled or malformed are logged at `debug`, since anybody can send such;
/// a message in progress, too many running and a shutdown at `info`; what cannot be decoded, a missing layer, a failing
/// store or queue and what ended a handler at `error`; all others at `warn`.
///
/// Of several faults the first is named: headers are judged before the body is read, and nothing is
/// parsed before the signature matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectionKind {
    /// One of the three headers is missing: not a delivery, or a proxy dropped it. 400.
    MissingHeader,
    /// Message id or timestamp came more than once. 400.
    DuplicateHeader,
    /// The message id is empty, longer than 256 bytes, or not visible ASCII without dots. 400.
    MalformedId,
    /// The timestamp is not a plain number of seconds. 400.
    MalformedTimestamp,
    /// The timestamp is older than the tolerance (`with_tolerance_past`, 300 s unless set): a replay, or
    /// a clock that is wrong. 400.
    TimestampTooOld,
    /// The timestamp is further in the future than the tolerance (`with_tolerance_future`, 300 s unless
    /// set): a clock is wrong. 400.
    TimestampTooNew,
    /// The signature header holds no well-formed `v1` signature. 400.
    MalformedSignature,
    /// The body, declared or read, is over the limit. 413.
    BodyTooLarge,
    /// The body could not be read to its end. 400.
    BodyReadFailed,
    /// No signature matches any secret. 400.
    NoMatchingSignature,
    /// Deduplication: as many deliveries as allowed (`with_max_running`, 1,000 unless set) are being
    /// handled. 503.
    TooManyRunning,
    /// Deduplication: another delivery of this message is being handled; this one is not acknowledged,
    /// since the other may fail. 409.
    MessageInProgress,
    /// Deduplication: the store of claims did not answer. 503.
    StoreUnavailable,
    /// Deduplication: this process is draining. 503.
    ShuttingDown,
    /// Deduplication: the handler panicked. 500.
    HandlerPanicked,
    /// Deduplication: the handler, with its wait for the inner service's readiness, took longer than the
    /// longest run and was aborted. 500.
    HandlerTimedOut,
    /// Deduplication: the handler succeeded, but the store could not be told so. 500.
    CompletionNotRecorded,
    /// Acknowledge first: the queue did not take the event. 503.
    QueueUnavailable,
    /// Verified, but the body is not JSON in UTF-8. 422.
    InvalidJson,
    /// Verified JSON, but no event: no text `type`, no object `data`, or another field around `data` of
    /// another JSON type. 422.
    InvalidEnvelope,
    /// An event whose data does not fit its type. 422.
    UndecodableEvent,
    /// Extractor or deduplication found no verified delivery: the layer is not on this route, or not
    /// outside. 500.
    MissingLayer,
}

impl RejectionKind {
    /// The stable reason code, as logs and tools print it; never sent to the sender.
    ///
    /// ```
    /// use clerk_webhooks::RejectionKind;
    ///
    /// assert_eq!(RejectionKind::NoMatchingSignature.code(), "no_matching_signature");
    /// ```
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::MissingHeader => "missing_header",
            Self::DuplicateHeader => "duplicate_header",
            Self::MalformedId => "malformed_id",
            Self::MalformedTimestamp => "malformed_timestamp",
            Self::TimestampTooOld => "timestamp_too_old",
            Self::TimestampTooNew => "timestamp_too_new",
            Self::MalformedSignature => "malformed_signature",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyReadFailed => "body_read_failed",
            Self::NoMatchingSignature => "no_matching_signature",
            Self::TooManyRunning => "too_many_running",
            Self::MessageInProgress => "message_in_progress",
            Self::StoreUnavailable => "store_unavailable",
            Self::ShuttingDown => "shutting_down",
            Self::HandlerPanicked => "handler_panicked",
            Self::HandlerTimedOut => "handler_timed_out",
            Self::CompletionNotRecorded => "completion_not_recorded",
            Self::QueueUnavailable => "queue_unavailable",
            Self::InvalidJson => "invalid_json",
            Self::InvalidEnvelope => "invalid_envelope",
            Self::UndecodableEvent => "undecodable_event",
            Self::MissingLayer => "missing_layer",
        }
    }

    /// The status that the sender gets.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::InvalidJson | Self::InvalidEnvelope | Self::UndecodableEvent => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::MessageInProgress => StatusCode::CONFLICT,
            Self::TooManyRunning
            | Self::StoreUnavailable
            | Self::ShuttingDown
            | Self::QueueUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::HandlerPanicked
            | Self::HandlerTimedOut
            | Self::CompletionNotRecorded
            | Self::MissingLayer => StatusCode::INTERNAL_SERVER_ERROR,
            Self::MissingHeader
            | Self::DuplicateHeader
            | Self::MalformedId
            | Self::MalformedTimestamp
            | Self::TimestampTooOld
            | Self::TimestampTooNew
            | Self::MalformedSignature
            | Self::BodyReadFailed
            | Self::NoMatchingSignature => StatusCode::BAD_REQUEST,
        }
    }

    const fn body_text(self) -> &'static str {
        match self {
            Self::MissingHeader => "missing webhook header",
            Self::DuplicateHeader | Self::MalformedId | Self::MalformedTimestamp => {
                "malformed webhook header"
            }
            Self::TimestampTooOld | Self::TimestampTooNew => "timestamp out of tolerance",
            Self::MalformedSignature | Self::NoMatchingSignature => "invalid signature",
            Self::BodyTooLarge => "body too large",
            Self::BodyReadFailed => "body could not be read",
            Self::InvalidJson | Self::InvalidEnvelope | Self::UndecodableEvent => {
                "event could not be decoded"
            }
            Self::MessageInProgress => "message is being processed",
            Self::TooManyRunning
            | Self::StoreUnavailable
            | Self::ShuttingDown
            | Self::QueueUnavailable => "temporarily unavailable, please retry",
            Self::HandlerPanicked | Self::HandlerTimedOut | Self::CompletionNotRecorded => {
                "processing failed, please retry"
            }
            Self::MissingLayer => "webhook receiver is not set up",
        }
    }

    /// For operators: what happened, and what to do.
    const fn explanation(self) -> &'static str {
        match self {
            Self::MissingHeader => {
                "missing; not a webhook delivery, or a proxy in front drops the header"
            }
            Self::DuplicateHeader => "sent more than once; a proxy in front may be doubling it",
            Self::MalformedId => {
                "not a message id (1 to 256 bytes of visible ASCII without spaces and dots)"
            }
            Self::MalformedTimestamp => "not a plain number of seconds since 1970",
            Self::TimestampTooOld => {
                "older than the tolerance; a replay, a delivery held up on its way, or a wrong clock \
                 on this machine"
            }
            Self::TimestampTooNew => {
                "further ahead than the tolerance; check the clock of this machine"
            }
            Self::MalformedSignature => {
                "no well-formed `v1` signature; an endpoint with asymmetric signatures (`v1a`) must \
                 be set to symmetric ones"
            }
            Self::BodyTooLarge => {
                "body over the limit; raise `with_max_body_bytes`, or the limit of a layer outside, \
                 if the sender is genuine"
            }
            Self::BodyReadFailed => {
                "body could not be read to its end; the sender went away, or a deadline outside \
                 cut it off"
            }
            Self::NoMatchingSignature => {
                "no signature matches any signing secret; forged, or the secret is another \
                 endpoint's, or something in front changed the body"
            }
            Self::TooManyRunning => {
                "as many deliveries as `with_max_running` allows are being handled, or wait for the inner \
                 service; the sender comes again"
            }
            Self::MessageInProgress => {
                "another delivery of this message is being handled, or its process died less than a lease \
                 ago; the sender comes again"
            }
            Self::StoreUnavailable => {
                "the store of claims failed, so that nothing is acknowledged; the sender comes again"
            }
            Self::ShuttingDown => "this process takes no more deliveries; the sender comes again",
            Self::HandlerPanicked => {
                "the handler panicked, its own message says where; the sender comes again"
            }
            Self::HandlerTimedOut => {
                "the handler, with its wait for the inner service, took longer than `with_longest_run` and was \
                 aborted; the sender comes again"
            }
            Self::CompletionNotRecorded => {
                "the handler succeeded, but the store of claims could not be told so: it may run twice"
            }
            Self::QueueUnavailable => {
                "the queue did not take the event, so that it was not acknowledged; the sender comes again"
            }
            Self::InvalidJson => "verified, but the body is not JSON in UTF-8",
            Self::InvalidEnvelope => {
                "verified, but not an event: it needs a `type` and an object `data`, and what surrounds them \
                 must be of the usual JSON types; the path says which it is"
            }
            Self::UndecodableEvent => {
                "verified, but the data does not fit the event's type; `RawClerkEvent` accepts it, \
                 and the sender will retry"
            }
            Self::MissingLayer => {
                "no verified delivery on this request; put `.route_layer(ClerkWebhookLayer::from_env()?)` \
                 on the route of this handler, after (outside of) any other layer that needs it"
            }
        }
    }
}

impl fmt::Display for RejectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_for_operators_names_header_and_skew() {
        static NAME: HeaderName = HeaderName::from_static("svix-id");
        let missing = Rejection::header(RejectionKind::MissingHeader, &NAME);
        assert!(missing.to_string().starts_with("header `svix-id`: missing"));
        let old = Rejection::skew(RejectionKind::TimestampTooOld, 301);
        assert!(old.to_string().starts_with("timestamp 301 s old: "));
        let new = Rejection::skew(RejectionKind::TimestampTooNew, -301);
        assert!(
            new.to_string()
                .starts_with("timestamp 301 s in the future: ")
        );
    }

    #[test]
    fn every_signature_failure_answers_the_same() {
        let malformed = Rejection::new(RejectionKind::MalformedSignature);
        let unmatched = Rejection::new(RejectionKind::NoMatchingSignature);
        assert_eq!(malformed.body_text(), unmatched.body_text());
        assert_eq!(malformed.status(), unmatched.status());
    }

    #[test]
    fn a_rejection_is_small_enough_for_a_result() {
        assert!(size_of::<Rejection>() <= 64, "{}", size_of::<Rejection>());
    }
}
