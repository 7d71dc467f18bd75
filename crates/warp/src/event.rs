//! [`clerk_event`]: the filter.

use std::pin::pin;

use bytes::Buf;
use clerk_webhooks::{
    VerifiedClerkEvent, VerifiedDelivery, WebhookEndpoint, endpoint::IncomingDelivery,
};
use futures_util::{Stream, StreamExt as _};
use serde::de::DeserializeOwned;
use warp::{Filter, filters::path::FullPath, http::HeaderMap, reject};

use crate::rejection::Rejection;

/// A filter that verifies a delivery and extracts its event.
///
/// `T` is [`ClerkEvent`](clerk_webhooks::ClerkEvent), or your own type: the handler's argument says which. The filter
/// takes the body, so no other filter of the route can. It rejects with a [`Rejection`], which
/// [`answer_refusals`](crate::answer_refusals) turns into the response.
///
/// ```
/// use clerk_webhooks::VerifiedClerkEvent;
/// use clerk_webhooks_warp::{WebhookEndpoint, answer_refusals, clerk_event};
/// use warp::{Filter as _, http::StatusCode};
///
/// # let secret: clerk_webhooks::SigningSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
/// let webhook = warp::path!("webhooks" / "clerk")
///     .and(warp::post())
///     .and(clerk_event(WebhookEndpoint::new(secret)))
///     .map(|event: VerifiedClerkEvent| {
///         println!("{}: {}", event.message_id(), event.event_type());
///         StatusCode::NO_CONTENT
///     })
///     .recover(answer_refusals);
/// # let _ = warp::service(webhook);
/// # Ok::<(), clerk_webhooks::SecretError>(())
/// ```
#[must_use = "a filter does nothing until it is served"]
pub fn clerk_event<T>(
    endpoint: WebhookEndpoint,
) -> impl Filter<Extract = (VerifiedClerkEvent<T>,), Error = warp::Rejection> + Clone
where
    T: DeserializeOwned + Send + 'static,
{
    warp::path::full()
        .and(warp::header::headers_cloned())
        .and_then(move |path: FullPath, headers: HeaderMap| {
            let received = endpoint.receive(&headers, path.as_str());
            async { received.map_err(rejected) }
        })
        .and(warp::body::stream())
        .and_then(async |incoming, chunks| {
            let delivery = collect(incoming, chunks).await;
            let event = delivery.and_then(VerifiedClerkEvent::decode);
            event.map_err(rejected)
        })
}

async fn collect(
    mut incoming: IncomingDelivery,
    chunks: impl Stream<Item = Result<impl Buf, warp::Error>>,
) -> Result<VerifiedDelivery, clerk_webhooks::Rejection> {
    let mut chunks = pin!(chunks);
    while let Some(chunk) = chunks.next().await {
        match chunk {
            Ok(chunk) => incoming.push(chunk)?,
            Err(error) => return Err(incoming.fail(error)),
        }
    }
    incoming.finish()
}

fn rejected(rejection: clerk_webhooks::Rejection) -> warp::Rejection {
    reject::custom(Rejection(rejection))
}
