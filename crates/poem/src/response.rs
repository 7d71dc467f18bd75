//! Poem's response type, made from `http`'s.

use poem::{Body, Response, ResponseParts};

/// The same status, headers, text and extensions.
pub(crate) fn response_of(response: http::Response<Body>) -> Response {
    let (parts, body) = response.into_parts();
    let parts = ResponseParts {
        status: parts.status,
        version: parts.version,
        headers: parts.headers,
        extensions: parts.extensions,
    };
    Response::from_parts(parts, body)
}
