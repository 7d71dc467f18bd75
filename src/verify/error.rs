//! [`VerifyError`]: why verification failed.

use std::{error::Error, fmt, sync::Arc};

/// The error for a delivery that failed verification: a header is missing or invalid, or no signature
/// matches.
///
/// `Display` tells an operator what happened and what to do. It never contains a secret, a signature or a
/// part of the body. Do not send it to the caller: respond to every signature failure with the same line, as
/// [`Rejection`](crate::Rejection) does.
///
/// ```
/// use clerk_webhooks::{SigningSecret, Verifier, verify::VerifyErrorKind};
///
/// let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let headers = [("svix-id", "msg_1"), ("svix-timestamp", "1614265330")];
/// let error = Verifier::new(secret).check_header_pairs(&headers).unwrap_err();
/// assert_eq!(error.kind(), VerifyErrorKind::MissingHeader);
/// assert_eq!(error.header_name(), Some("svix-signature"));
/// # Ok::<(), clerk_webhooks::SecretError>(())
/// ```
#[derive(Debug, Clone)]
pub struct VerifyError {
    kind: VerifyErrorKind,
    detail: Detail,
    message_id: Option<Arc<str>>,
}

/// What an operator needs to know in addition to the kind.
#[derive(Debug, Clone, Copy)]
enum Detail {
    None,
    Header(&'static str),
    SkewSeconds(i64),
}

impl VerifyError {
    pub(super) fn header(kind: VerifyErrorKind, name: &'static str) -> Self {
        Self {
            kind,
            detail: Detail::Header(name),
            message_id: None,
        }
    }

    pub(super) fn skew(kind: VerifyErrorKind, seconds: i64) -> Self {
        Self {
            kind,
            detail: Detail::SkewSeconds(seconds),
            message_id: None,
        }
    }

    pub(super) fn no_matching_signature(message_id: Arc<str>) -> Self {
        Self {
            kind: VerifyErrorKind::NoMatchingSignature,
            detail: Detail::None,
            message_id: Some(message_id),
        }
    }

    pub(super) fn with_message_id(mut self, message_id: &str) -> Self {
        self.message_id = Some(message_id.into());
        self
    }

    /// The reason.
    ///
    /// ```
    /// use clerk_webhooks::{Verifier, verify::VerifyErrorKind};
    ///
    /// # let verifier = Verifier::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?);
    /// let error = verifier.check_headers(&http::HeaderMap::new()).unwrap_err();
    /// assert_eq!(error.kind(), VerifyErrorKind::MissingHeader);
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn kind(&self) -> VerifyErrorKind {
        self.kind
    }

    /// The name of the header at fault, for kinds that concern one header.
    ///
    /// ```
    /// # use clerk_webhooks::Verifier;
    /// # let verifier = Verifier::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?);
    /// let headers = [("svix-id", "msg 1"), ("svix-timestamp", "1614265330"), ("svix-signature", "v1,")];
    /// let error = verifier.check_header_pairs(&headers).unwrap_err();
    /// assert_eq!(error.header_name(), Some("svix-id"));
    /// assert!(error.to_string().starts_with("header `svix-id` is not a message id"));
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn header_name(&self) -> Option<&'static str> {
        match self.detail {
            Detail::Header(name) => Some(name),
            Detail::None | Detail::SkewSeconds(_) => None,
        }
    }

    /// The timestamp's distance from this machine's clock, `now - timestamp` in seconds: positive if the
    /// timestamp is too old, negative if it is too far in the future. `None` for other kinds.
    ///
    /// ```
    /// use clerk_webhooks::{Verifier, testing::FixedClock};
    ///
    /// # let verifier = Verifier::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?);
    /// let headers = [("svix-id", "msg_1"), ("svix-timestamp", "1614265330"), ("svix-signature", "v1,")];
    /// let an_hour_later = verifier.with_clock(FixedClock::at_unix_seconds(1_614_268_930));
    /// let error = an_hour_later.check_header_pairs(&headers).unwrap_err();
    /// assert_eq!(error.skew_seconds(), Some(3600));
    /// assert!(error.to_string().starts_with("timestamp 3600 s old"));
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn skew_seconds(&self) -> Option<i64> {
        match self.detail {
            Detail::SkewSeconds(seconds) => Some(seconds),
            Detail::None | Detail::Header(_) => None,
        }
    }

    /// The message id that the request claims, if it is known. It is not verified.
    ///
    /// ```
    /// # use clerk_webhooks::Verifier;
    /// # let verifier = Verifier::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?);
    /// let headers = [("svix-id", "msg_1"), ("svix-timestamp", "yesterday"), ("svix-signature", "v1,")];
    /// let error = verifier.check_header_pairs(&headers).unwrap_err();
    /// assert_eq!(error.message_id(), Some("msg_1"));
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        self.message_id.as_deref()
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.detail {
            Detail::None => {}
            Detail::Header(name) => write!(f, "header `{name}` ")?,
            Detail::SkewSeconds(seconds @ 0..) => write!(f, "timestamp {seconds} s old: ")?,
            Detail::SkewSeconds(seconds) => {
                write!(f, "timestamp {} s in the future: ", seconds.unsigned_abs())?;
            }
        }
        f.write_str(self.kind.explanation())
    }
}

impl Error for VerifyError {}

/// One row for each kind: `Variant = "code", "what happened and what to do"`.
macro_rules! verify_error_kinds {
    ($( $(#[$meta:meta])* $Kind:ident = $code:literal, $explanation:literal; )+) => {
        /// The reasons why verification fails, in the order of the checks.
        ///
        /// Only the first fault is reported. All checks except the last run before the body is read.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum VerifyErrorKind {
            $( $(#[$meta])* $Kind, )+
        }

        impl VerifyErrorKind {
            /// The stable reason code, for logs and tools. It is not part of the response.
            ///
            /// ```
            /// use clerk_webhooks::verify::VerifyErrorKind;
            ///
            /// assert_eq!(VerifyErrorKind::NoMatchingSignature.code(), "no_matching_signature");
            /// ```
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $( Self::$Kind => $code, )+ }
            }

            const fn explanation(self) -> &'static str {
                match self { $( Self::$Kind => $explanation, )+ }
            }
        }
    };
}

verify_error_kinds! {
    /// One of the three headers is missing.
    MissingHeader = "missing_header",
        "is missing: this is not a webhook delivery, a proxy in front drops the header, or the layer is on \
         a route that serves something else";
    /// The message id or the timestamp was sent more than once.
    DuplicateHeader = "duplicate_header",
        "was sent more than once: a proxy in front may duplicate it";
    /// The message id is empty, is longer than 256 bytes, or has a dot or a byte that is not visible ASCII.
    MalformedId = "malformed_id",
        "is not a message id (1 to 256 bytes of visible ASCII, without spaces or dots)";
    /// The timestamp is not a plain number of seconds since 1970.
    MalformedTimestamp = "malformed_timestamp",
        "is not a plain number of seconds since 1970";
    /// The timestamp is older than the tolerance (`with_tolerance_past`, 300 s by default).
    TimestampTooOld = "timestamp_too_old",
        "older than the tolerance; it is a replay or a delayed delivery, or this machine's clock is wrong";
    /// The timestamp is further in the future than the tolerance (`with_tolerance_future`, 300 s by
    /// default).
    TimestampTooNew = "timestamp_too_new",
        "further in the future than the tolerance; check this machine's clock";
    /// The signature header has no well-formed `v1` signature.
    MalformedSignature = "malformed_signature",
        "has no well-formed `v1` signature: if the endpoint uses asymmetric signatures (`v1a`), set it to \
         symmetric ones";
    /// No signature matches any signing secret.
    NoMatchingSignature = "no_matching_signature",
        "no signature matches any signing secret: the delivery is forged, the secret belongs to another \
         endpoint, or something in front changed the body";
}

impl fmt::Display for VerifyErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_header_and_skew() {
        let missing = VerifyError::header(VerifyErrorKind::MissingHeader, "svix-id");
        assert!(
            missing
                .to_string()
                .starts_with("header `svix-id` is missing: ")
        );
        let old = VerifyError::skew(VerifyErrorKind::TimestampTooOld, 301);
        assert!(old.to_string().starts_with("timestamp 301 s old: older"));
        let new = VerifyError::skew(VerifyErrorKind::TimestampTooNew, -301);
        assert!(
            new.to_string()
                .starts_with("timestamp 301 s in the future: further")
        );
    }

    #[test]
    fn it_is_small_enough_for_a_result() {
        assert!(
            size_of::<VerifyError>() <= 56,
            "{}",
            size_of::<VerifyError>()
        );
    }
}
