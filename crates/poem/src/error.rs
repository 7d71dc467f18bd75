//! [`WebhookError`]: a handler's failure, as an error of Poem.

use std::ops::Deref;

use clerk_webhooks::BoxError;
use poem::Error;

use crate::response::response_of;

/// A handler's failure: [`clerk_webhooks::WebhookError`] as an error of Poem.
///
/// `?` turns any error into a [`retry`](Self::retry): the sender gets a 500 and sends the message again. If a
/// message can never succeed, return [`permanent`](Self::permanent). The error is logged, never sent.
///
/// ```
/// use clerk_webhooks_poem::{VerifiedClerkEvent, WebhookError};
/// use poem::{handler, http::StatusCode};
/// # async fn store(id: &str) -> Result<(), std::io::Error> { Ok(()) }
///
/// #[handler]
/// async fn on_event(event: VerifiedClerkEvent) -> Result<StatusCode, WebhookError> {
///     let Some(id) = event.object_id() else {
///         return Err(WebhookError::permanent("an event without an object"));
///     };
///     store(id).await?; // the database is down: the sender retries
///     Ok(StatusCode::NO_CONTENT)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct WebhookError(clerk_webhooks::WebhookError);

impl WebhookError {
    /// As [`clerk_webhooks::WebhookError::retry`]: the sender should retry. The status is 500.
    #[must_use]
    pub fn retry(source: impl Into<BoxError>) -> Self {
        Self(clerk_webhooks::WebhookError::retry(source))
    }

    /// As [`clerk_webhooks::WebhookError::permanent`]: the sender should stop. The status is 422.
    #[must_use]
    pub fn permanent(source: impl Into<BoxError>) -> Self {
        Self(clerk_webhooks::WebhookError::permanent(source))
    }
}

impl Deref for WebhookError {
    type Target = clerk_webhooks::WebhookError;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// Any error, and [`clerk_webhooks::WebhookError`] itself.
impl<E> From<E> for WebhookError
where
    clerk_webhooks::WebhookError: From<E>,
{
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// Carries the response: status, headers and one short line.
impl From<WebhookError> for Error {
    fn from(error: WebhookError) -> Self {
        Self::from_response(response_of(error.to_response()))
    }
}
