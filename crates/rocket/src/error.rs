//! [`WebhookError`]: a handler's failure, as a responder.

use std::ops::Deref;

use clerk_webhooks::BoxError;
use rocket::{
    Request,
    response::{self, Responder},
};

use crate::response::response_of;

/// A handler's failure: [`clerk_webhooks::WebhookError`] as a responder.
///
/// `?` turns any error into a [`retry`](Self::retry): the sender gets a 500 and sends the message again. If a
/// message can never succeed, return [`permanent`](Self::permanent). The error is logged, never sent.
///
/// ```
/// use clerk_webhooks_rocket::{VerifiedClerkEvent, WebhookError};
/// use rocket::{http::Status, post};
/// # async fn store(id: &str) -> Result<(), std::io::Error> { Ok(()) }
///
/// #[post("/webhooks/clerk", data = "<event>")]
/// async fn on_event(event: VerifiedClerkEvent) -> Result<Status, WebhookError> {
///     let Some(id) = event.object_id() else {
///         return Err(WebhookError::permanent("an event without an object"));
///     };
///     store(id).await?; // the database is down: the sender retries
///     Ok(Status::NoContent)
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

impl<'r> Responder<'r, 'static> for WebhookError {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Ok(response_of(&self.to_response()))
    }
}
