//! Answers to the page, with the headers that keep it apart from other sites.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{Either, Full, channel::Channel};
use serde::Serialize;
use tokio::task::JoinError;

use crate::failure::Failure;

pub(crate) type Answer = Response<Either<Full<Bytes>, Channel<Bytes>>>;

/// Only the page's own files and this server. `trusted-types 'none'`: a text cannot become markup, not even by mistake.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
    trusted-types 'none'";

const HEADERS: [(header::HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        header::HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Why a request of the page is not done; the page shows the text.
#[derive(Debug)]
pub(super) struct Problem(StatusCode, String);

impl Problem {
    pub(super) fn bad_request(text: &str) -> Self {
        Self(StatusCode::BAD_REQUEST, text.to_owned())
    }

    pub(super) fn forbidden(text: &str) -> Self {
        Self(StatusCode::FORBIDDEN, text.to_owned())
    }

    pub(super) fn not_found(text: &str) -> Self {
        Self(StatusCode::NOT_FOUND, text.to_owned())
    }

    pub(super) fn into_answer(self) -> Answer {
        let mut answer = file("text/plain; charset=utf-8", self.1);
        *answer.status_mut() = self.0;
        answer
    }
}

/// The queue's database does not do what it should.
impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let text = failure.message().unwrap_or_default();
        let text = crate::output::without_secrets(text);
        Self(StatusCode::BAD_GATEWAY, text)
    }
}

/// Work in the background panicked.
impl From<JoinError> for Problem {
    fn from(_: JoinError) -> Self {
        let text = "this failed; the terminal says why".to_owned();
        Self(StatusCode::INTERNAL_SERVER_ERROR, text)
    }
}

pub(super) fn json(value: &impl Serialize) -> Result<Answer, Problem> {
    let text = serde_json::to_vec(value);
    let text = text.map_err(|_| Problem::bad_request("this cannot be written as JSON"))?;
    Ok(file("application/json", text))
}

pub(super) fn file(content_type: &'static str, content: impl Into<Bytes>) -> Answer {
    of_body(content_type, Either::Left(Full::new(content.into())))
}

pub(super) fn of_body(
    content_type: &'static str,
    body: Either<Full<Bytes>, Channel<Bytes>>,
) -> Answer {
    let mut answer = Response::new(body);
    let content_type = (header::CONTENT_TYPE, content_type);
    for (name, value) in HEADERS.into_iter().chain([content_type]) {
        answer
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    answer
}
