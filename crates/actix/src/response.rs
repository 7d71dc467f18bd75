//! Converts the core's response, of http 1, into one of actix-web, which uses http 0.2.

use actix_web::{HttpResponse, HttpResponseBuilder, http as http02};
use http::{Response, StatusCode};

pub(crate) fn status(status: StatusCode) -> http02::StatusCode {
    http02::StatusCode::from_u16(status.as_u16())
        .unwrap_or(http02::StatusCode::INTERNAL_SERVER_ERROR)
}

pub(crate) fn response(response: Response<&'static str>) -> HttpResponse {
    let mut built = HttpResponseBuilder::new(status(response.status()));
    for (name, value) in response.headers() {
        built.insert_header((name.as_str(), value.as_bytes()));
    }
    built.body(response.into_body())
}
