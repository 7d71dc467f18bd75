//! [`VerifiedClerkEvent`]: the extractor.

use std::{ops::Deref, pin::pin};

use clerk_webhooks::{ClerkEvent, VerifiedDelivery, WebhookEndpoint};
use futures_util::StreamExt as _;
use poem::{FromRequest, Request, RequestBody, Result};
use serde::de::DeserializeOwned;

use crate::rejection::Rejection;

/// The event of a verified delivery, as an extractor.
///
/// It dereferences to [`clerk_webhooks::VerifiedClerkEvent`] and through it to the event: a [`ClerkEvent`], or
/// your own type `T`. It takes the body, so no other extractor of the handler can.
///
/// ```
/// use clerk_webhooks::EventData;
/// use clerk_webhooks_poem::VerifiedClerkEvent;
/// use poem::{handler, http::StatusCode};
///
/// #[handler]
/// fn on_event(event: VerifiedClerkEvent) -> StatusCode {
///     if let EventData::UserDeleted(user) = &event.data {
///         println!("{}: {} is gone", event.message_id(), user.id);
///     }
///     StatusCode::NO_CONTENT
/// }
/// ```
///
/// # Errors
///
/// A [`Rejection`] inside the [`poem::Error`].
#[derive(Debug, Clone)]
pub struct VerifiedClerkEvent<T = ClerkEvent>(pub clerk_webhooks::VerifiedClerkEvent<T>);

impl<'a, T: DeserializeOwned + 'static> FromRequest<'a> for VerifiedClerkEvent<T> {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let received = receive(request, body).await;
        match received.and_then(clerk_webhooks::VerifiedClerkEvent::decode) {
            Ok(event) => Ok(Self(event)),
            Err(rejection) => Err(Rejection(rejection).into()),
        }
    }
}

async fn receive(
    request: &Request,
    body: &mut RequestBody,
) -> Result<VerifiedDelivery, clerk_webhooks::Rejection> {
    let path = request.original_uri().path();
    let endpoint: &WebhookEndpoint = request.data().ok_or_else(|| missing_data(path))?;
    let mut incoming = endpoint.receive(request.headers(), path)?;
    let body = match body.take() {
        Ok(body) => body,
        Err(error) => return Err(incoming.fail(error)),
    };
    let mut chunks = pin!(body.into_bytes_stream());
    while let Some(chunk) = chunks.next().await {
        match chunk {
            Ok(chunk) => incoming.push(chunk)?,
            Err(error) => return Err(incoming.fail(error)),
        }
    }
    incoming.finish()
}

fn missing_data(path: &str) -> clerk_webhooks::Rejection {
    clerk_webhooks::Rejection::missing_setup(format!(
        "the request to {path:?} found no `WebhookEndpoint`: put `.data(WebhookEndpoint::from_env()?)` on the \
         method of this handler, as in `.at({path:?}, post(handler).data(clerk))`"
    ))
}

impl<T> Deref for VerifiedClerkEvent<T> {
    type Target = clerk_webhooks::VerifiedClerkEvent<T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
