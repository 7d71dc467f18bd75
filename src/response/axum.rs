//! axum's response trait. It depends on axum-core only.

use axum_core::response::{IntoResponse, Response};

use crate::{error::WebhookError, rejection::Rejection};

/// As [`Rejection::to_response`].
impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        self.to_response()
    }
}

/// As [`WebhookError::to_response`].
impl IntoResponse for WebhookError {
    fn into_response(self) -> Response {
        self.to_response()
    }
}
