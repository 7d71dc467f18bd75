//! [`ApiError`]: why Clerk's Backend API did not answer, with advice.

use std::{error::Error, fmt};

/// Why a request to Clerk's Backend API failed for good.
///
/// Its text says which request, what happened and what to do. It never contains the secret key, nor the body of an
/// answer.
///
/// ```
/// use clerk_webhooks_mirror::api::{ApiErrorKind, ClerkApi};
///
/// let error = ClerkApi::new("pk_live_abc").unwrap_err();
/// assert_eq!(error.kind(), ApiErrorKind::InvalidSecretKey);
/// assert_eq!(
///     error.to_string(),
///     "this is not a secret key of Clerk: it starts with `sk_live_` or `sk_test_`; copy it from the API keys in \
///      Clerk's dashboard"
/// );
/// ```
#[derive(Debug)]
pub struct ApiError {
    kind: ApiErrorKind,
    /// The path of the request, and what the answer said.
    request: Option<(String, String)>,
    source: Option<reqwest::Error>,
}

/// The kinds of [`ApiError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiErrorKind {
    /// The environment has no secret key.
    NoSecretKey,
    /// The text is not a secret key of Clerk.
    InvalidSecretKey,
    /// The address of the API is not a URL, or would send the key without TLS to another machine.
    InvalidUrl,
    /// The machine has no certificates to trust, or TLS cannot be set up.
    Tls,
    /// Clerk does not accept the secret key: 401 or 403.
    Unauthorized,
    /// Clerk refused the request with another 4xx status.
    Refused,
    /// Something else than Clerk answered: HTML or a redirect instead of JSON.
    NotClerk,
    /// The answer is JSON, but not what Clerk documents.
    UnexpectedJson,
    /// The answer is larger than [`ClerkApi::MAX_BODY_BYTES`](super::ClerkApi::MAX_BODY_BYTES).
    TooLarge,
    /// Every attempt was answered 429.
    RateLimited,
    /// Every attempt ended in a 5xx status, a broken connection or a timeout.
    Unavailable,
}

impl ApiError {
    pub(super) fn new(kind: ApiErrorKind, path: &str, found: impl fmt::Display) -> Self {
        Self {
            kind,
            request: Some((path.to_owned(), found.to_string())),
            source: None,
        }
    }

    pub(super) fn with_source(mut self, source: reqwest::Error) -> Self {
        self.source = Some(source);
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ApiErrorKind {
        self.kind
    }
}

impl From<ApiErrorKind> for ApiError {
    fn from(kind: ApiErrorKind) -> Self {
        Self {
            kind,
            request: None,
            source: None,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((path, found)) = &self.request {
            write!(f, "GET {path}: {found}: ")?;
        }
        f.write_str(advice(self.kind))
    }
}

fn advice(kind: ApiErrorKind) -> &'static str {
    match kind {
        ApiErrorKind::NoSecretKey => {
            "CLERK_SECRET_KEY is not set; set it to the secret key of the instance (`sk_live_...` or `sk_test_...`), \
             from the API keys in Clerk's dashboard"
        }
        ApiErrorKind::Unauthorized => {
            "Clerk does not accept the secret key; set CLERK_SECRET_KEY to a key of this instance that has not been \
             revoked, from the API keys in Clerk's dashboard"
        }
        ApiErrorKind::InvalidSecretKey => {
            "this is not a secret key of Clerk: it starts with `sk_live_` or `sk_test_`; copy it from the API keys \
             in Clerk's dashboard"
        }
        ApiErrorKind::InvalidUrl => {
            "the address of Clerk's API must be an https URL, such as https://api.clerk.com; http is for \
             localhost only, because the secret key would be readable on the way"
        }
        ApiErrorKind::Tls => {
            "TLS cannot be set up; install the system's CA certificates (package `ca-certificates`)"
        }
        ApiErrorKind::NotClerk => {
            "this answer does not come from Clerk; check the address of the API and the proxy (HTTPS_PROXY, NO_PROXY)"
        }
        ApiErrorKind::UnexpectedJson => {
            "this is not the JSON that Clerk documents; check the address of the API, or update this crate"
        }
        ApiErrorKind::TooLarge => "read smaller pages, with `with_page_size`",
        ApiErrorKind::RateLimited => {
            "something else uses up the rate limit of this instance; run it later, or with fewer requests a second"
        }
        ApiErrorKind::Unavailable => {
            "Clerk cannot be reached; check the network and https://status.clerk.com, then run it again: it goes on \
             where it was"
        }
        _ => {
            "Clerk refused the request; check that the secret key belongs to this instance, and update this crate"
        }
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
