//! What an answer of the API means.

use std::time::Duration;

use super::error::{ApiError, ApiErrorKind};
use crate::json;
use reqwest::{
    Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};

/// An answer that comes from Clerk.
pub(super) enum Answer {
    /// A JSON text.
    Found(String),
    /// There is no such object: a 404 in the form of Clerk's errors. That of a proxy is not one.
    Missing,
}

/// Why an attempt has no answer.
pub(super) enum Fault {
    Final(ApiError),
    /// Worth another attempt.
    Transient(ApiError),
    /// A 429: nothing may be sent for this long.
    RateLimited(ApiError, Duration),
}

/// If a 429 does not say how long to wait.
const DEFAULT_PAUSE: Duration = Duration::from_secs(1);
/// Clerk's limit covers ten seconds. A longer pause than this is not Clerk's.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Reads an answer to the request for `path`, of `limit` bytes at most.
pub(super) async fn read(response: Response, path: &str, limit: usize) -> Result<Answer, Fault> {
    let status = response.status();
    let fault = |kind, found: &str| ApiError::new(kind, path, found);
    if status == StatusCode::TOO_MANY_REQUESTS {
        let error = fault(ApiErrorKind::RateLimited, status.as_str());
        return Err(Fault::RateLimited(error, pause(&response)));
    }
    if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
        return Err(Fault::Transient(fault(
            ApiErrorKind::Unavailable,
            &status.to_string(),
        )));
    }
    let seen = seen(&response);
    let body = body(response, path, limit).await?;
    if status == StatusCode::OK && body.trim_ascii_start().starts_with(['{', '[']) {
        return Ok(Answer::Found(body));
    }
    let (kind, found) = match (status, error_code(&body)) {
        (StatusCode::NOT_FOUND, Some(_)) => return Ok(Answer::Missing),
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, Some(code)) => {
            (ApiErrorKind::Unauthorized, format!("{status} ({code})"))
        }
        (_, Some(code)) => (ApiErrorKind::Refused, format!("{status} ({code})")),
        (_, None) => (ApiErrorKind::NotClerk, seen),
    };
    Err(Fault::Final(fault(kind, &found)))
}

/// Bytes are counted as they arrive: the declared length may be absent or wrong.
async fn body(mut response: Response, path: &str, limit: usize) -> Result<String, Fault> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| unavailable(path, error))?
    {
        if body.len() + chunk.len() > limit {
            let found = format!("the answer is larger than {limit} bytes");
            return Err(Fault::Final(ApiError::new(
                ApiErrorKind::TooLarge,
                path,
                found,
            )));
        }
        body.extend_from_slice(&chunk);
    }
    String::from_utf8(body).map_err(|_| {
        let found = "the answer is not UTF-8";
        Fault::Final(ApiError::new(ApiErrorKind::NotClerk, path, found))
    })
}

/// No answer: the connection failed, or took too long.
pub(super) fn unavailable(path: &str, error: reqwest::Error) -> Fault {
    let found = match (error.is_timeout(), error.is_connect()) {
        (true, _) => "no answer in time",
        (_, true) => "no connection",
        _ => "the connection broke",
    };
    // The URL of the error would repeat the query.
    let error = error.without_url();
    Fault::Transient(ApiError::new(ApiErrorKind::Unavailable, path, found).with_source(error))
}

fn pause(response: &Response) -> Duration {
    let value = response.headers().get(RETRY_AFTER);
    let seconds = value.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    seconds
        .map_or(DEFAULT_PAUSE, Duration::from_secs)
        .min(MAX_PAUSE)
}

/// The status and the content type, escaped: they may be anyone's.
fn seen(response: &Response) -> String {
    let kind = response.headers().get(CONTENT_TYPE);
    let kind = kind.map_or_else(|| "no content type".to_owned(), |kind| format!("{kind:?}"));
    format!("{} with {kind}", response.status())
}

/// The code of an error in Clerk's form. Its messages may quote the request.
fn error_code(body: &str) -> Option<String> {
    let body = json::parse(body)?;
    let code = body.get("errors")?.get(0)?.get("code")?.as_str()?;
    let is_of_code = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    code.chars().all(is_of_code).then(|| code.to_owned())
}
