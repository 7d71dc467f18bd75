//! Rocket's response type, made from `http`'s.

use std::io::Cursor;

use rocket::{Response, http::Status};

/// The same status, headers and text. Every header of this project is ASCII.
pub(crate) fn response_of(response: &http::Response<&'static str>) -> Response<'static> {
    let text = response.body();
    let mut answer = Response::build();
    answer.status(Status::new(response.status().as_u16()));
    for (name, value) in response.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        answer.raw_header(name.as_str().to_owned(), value);
    }
    answer.sized_body(text.len(), Cursor::new(*text)).finalize()
}
