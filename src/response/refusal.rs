//! Converts a [`Rejection`] into a response and logs it.

use std::error::Error as _;

use http::Response;
#[cfg(any(feature = "idempotency", feature = "queue"))]
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use tracing::{Level, field};

use crate::{error_chain::Chain, event::decode::envelope::event_type_of, rejection::Rejection};

/// The page of all codes. Not a field of lines that anybody can cause.
const DOCS: &str = "https://github.com/clerk-webhooks/clerk-webhooks/blob/main/docs/reasons.md";

impl Rejection {
    /// The response for the sender: [`status`](Self::status), [`headers`](Self::headers) and
    /// [`body_text`](Self::body_text), with the rejection itself in the extensions.
    ///
    /// It logs the rejection, unless this rejection or a clone of it is logged already. `B` is your
    /// framework's body type, such as `http_body_util::Full<Bytes>` or `axum::body::Body`.
    ///
    /// ```
    /// use clerk_webhooks::{Rejection, Verifier};
    /// use http::{HeaderMap, Response};
    ///
    /// fn receive(verifier: &Verifier, headers: &HeaderMap, body: bytes::Bytes) -> Response<String> {
    ///     match verifier.verify(headers, body) {
    ///         Ok(delivery) => Response::new(format!("got {}", delivery.message_id())),
    ///         Err(error) => Rejection::from(error).to_response(),
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn to_response<B: From<&'static str>>(&self) -> Response<B> {
        log(self, None, self.kind().level());
        let mut response = Response::new(B::from(self.body_text()));
        *response.status_mut() = self.status();
        *response.headers_mut() = self.headers();
        response.extensions_mut().insert(self.clone());
        response
    }
}

/// Logs the rejection, unless it is logged already.
///
/// `request_path` and unknown event types are text from outside: they are escaped.
pub(crate) fn log(rejection: &Rejection, request_path: Option<&str>, level: Level) {
    if !rejection.claim_log_line() {
        return;
    }
    let (verify, decode) = (rejection.verify_error(), rejection.decode_error());
    let event_type = rejection
        .delivery()
        .and_then(|delivery| event_type_of(delivery.raw_body()));
    macro_rules! log {
        ($level:ident) => {
            tracing::$level!(
                target: "clerk_webhooks",
                code = rejection.kind().code(),
                status = rejection.status().as_u16(),
                message_id = rejection.message_id(),
                event_type = event_type.as_ref().map(|event_type| event_type.as_str()),
                request_path = request_path,
                header = verify.and_then(|error| error.header_name()),
                skew_seconds = verify.and_then(|error| error.skew_seconds()),
                json_path = decode.map(|error| error.path()),
                line = decode.map(|error| error.line()),
                column = decode.map(|error| error.column()),
                cause = rejection.source().map(|source| field::display(Chain(source))),
                docs = (level <= Level::WARN).then_some(DOCS),
                "refused a delivery: {rejection}"
            )
        };
    }
    match level {
        Level::ERROR => log!(error),
        Level::WARN => log!(warn),
        Level::INFO => log!(info),
        _ => log!(debug),
    }
}

/// A response with one short line as its body.
#[cfg(any(feature = "idempotency", feature = "queue"))]
pub(crate) fn short_answer<B: From<&'static str>>(
    status: StatusCode,
    text: &'static str,
) -> Response<B> {
    let mut response = Response::new(B::from(text));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
