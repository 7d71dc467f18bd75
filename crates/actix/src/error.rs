//! [`WebhookError`]: a handler's failure, as an error of actix-web.

use std::{fmt, ops::Deref};

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use clerk_webhooks::{BoxError, WebhookError as Core};

use crate::response::{response, status};

/// A handler's failure: Clerk sends the message again (500), or never again (422 with
/// `webhook-delivery: abort-message`). It derefs to the core's [`WebhookError`](clerk_webhooks::WebhookError).
///
/// With `?`, any error becomes one that asks for a retry. The core's `WebhookError` keeps its decision.
///
/// ```
/// use actix_web::HttpResponse;
/// use clerk_webhooks::EventData;
/// use clerk_webhooks_actix::{VerifiedClerkEvent, WebhookError};
///
/// # async fn insert(_: &str) -> std::io::Result<()> { Ok(()) }
/// async fn on_event(event: VerifiedClerkEvent) -> Result<HttpResponse, WebhookError> {
///     match &event.data {
///         EventData::UserCreated(user) => insert(&user.id).await?, // an error: Clerk sends it again
///         EventData::UserDeleted(_) => return Err(WebhookError::permanent("users are never deleted")),
///         _ => {}
///     }
///     Ok(HttpResponse::NoContent().finish())
/// }
/// ```
///
/// It does not implement `Error`, like the core's.
#[derive(Clone)]
pub struct WebhookError(Core);

impl WebhookError {
    /// Answered 500: the sender retries. See [`clerk_webhooks::WebhookError::retry`].
    ///
    /// ```
    /// use actix_web::{ResponseError as _, http::StatusCode};
    /// use clerk_webhooks_actix::WebhookError;
    ///
    /// let error = WebhookError::retry("the database is down");
    /// assert_eq!(error.status_code(), StatusCode::INTERNAL_SERVER_ERROR);
    /// ```
    #[must_use]
    pub fn retry(source: impl Into<BoxError>) -> Self {
        Self(Core::retry(source))
    }

    /// Answered 422: the sender is asked to stop. See [`clerk_webhooks::WebhookError::permanent`].
    ///
    /// ```
    /// use actix_web::ResponseError as _;
    /// use clerk_webhooks_actix::WebhookError;
    ///
    /// let answer = WebhookError::permanent("users are never deleted").error_response();
    /// assert_eq!(answer.headers().get("webhook-delivery").unwrap(), "abort-message");
    /// ```
    #[must_use]
    pub fn permanent(source: impl Into<BoxError>) -> Self {
        Self(Core::permanent(source))
    }
}

impl<E: Into<Core>> From<E> for WebhookError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl Deref for WebhookError {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.0
    }
}

impl ResponseError for WebhookError {
    fn status_code(&self) -> StatusCode {
        status(self.0.status())
    }

    /// Logs the error.
    fn error_response(&self) -> HttpResponse {
        response(self.0.to_response())
    }
}

impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
