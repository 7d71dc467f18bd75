//! Writes an answer of `http`'s response type into Salvo's.

use salvo_core::Response;

/// Sets status and body, and adds the headers and extensions.
pub(crate) fn render(answer: http::Response<&'static str>, response: &mut Response) {
    let (parts, text) = answer.into_parts();
    response.status_code(parts.status);
    response.headers_mut().extend(parts.headers);
    response.extensions.extend(parts.extensions);
    response.body(text);
}
