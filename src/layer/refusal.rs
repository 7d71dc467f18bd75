//! What the sender gets to see of a [`Rejection`].

use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};

use super::body::ResponseBody;
use crate::rejection::Rejection;

/// Status and one short line, with the rejection in the extensions for middleware outside.
pub(crate) fn response<B>(rejection: Rejection) -> Response<ResponseBody<B>> {
    let mut response = text(rejection.status(), rejection.body_text());
    if let Some(wait) = rejection.retry_after() {
        let seconds = HeaderValue::from(wait.as_secs());
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response.extensions_mut().insert(rejection);
    response
}

/// One short line.
pub(crate) fn text<B>(status: StatusCode, text: &'static str) -> Response<ResponseBody<B>> {
    let mut response = Response::new(ResponseBody::text(text));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
