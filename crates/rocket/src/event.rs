//! [`VerifiedClerkEvent`]: the data guard.

use std::ops::Deref;

use bytes::BytesMut;
use clerk_webhooks::{ClerkEvent, VerifiedDelivery};
use rocket::{
    Ignite, Request, Rocket, Sentinel,
    data::{ByteUnit, Data, FromData, Outcome},
    http::Status,
    tokio::io::AsyncReadExt as _,
};
use serde::de::DeserializeOwned;

use crate::{fairing, rejection::Rejection};

/// The most that is read from the body in one step.
const CHUNK_BYTES: usize = 8_192;

/// The event of a verified delivery, as a data guard.
///
/// It dereferences to [`clerk_webhooks::VerifiedClerkEvent`] and through it to the event: a [`ClerkEvent`], or
/// your own type `T`.
///
/// ```
/// use clerk_webhooks::EventData;
/// use clerk_webhooks_rocket::VerifiedClerkEvent;
/// use rocket::{http::Status, post};
///
/// #[post("/webhooks/clerk", data = "<event>")]
/// fn on_event(event: VerifiedClerkEvent) -> Status {
///     if let EventData::UserDeleted(user) = &event.data {
///         println!("{}: {} is gone", event.message_id(), user.id);
///     }
///     Status::NoContent
/// }
/// ```
///
/// # Errors
///
/// A refused delivery goes to the catchers of the [`ClerkWebhookFairing`](crate::ClerkWebhookFairing). A handler that takes
/// `Result<VerifiedClerkEvent, Rejection>` runs for refused deliveries too, and gets the [`Rejection`].
#[derive(Debug, Clone)]
pub struct VerifiedClerkEvent<T = ClerkEvent>(pub clerk_webhooks::VerifiedClerkEvent<T>);

#[rocket::async_trait]
impl<'r, T> FromData<'r> for VerifiedClerkEvent<T>
where
    T: DeserializeOwned + Send + 'static,
{
    type Error = Rejection;

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self> {
        let received = receive(request, data).await;
        match received.and_then(clerk_webhooks::VerifiedClerkEvent::decode) {
            Ok(event) => Outcome::Success(Self(event)),
            Err(rejection) => {
                let rejection = Rejection(rejection);
                rejection.remember(request);
                Outcome::Error((Status::new(rejection.status().as_u16()), rejection))
            }
        }
    }
}

async fn receive(
    request: &Request<'_>,
    data: Data<'_>,
) -> Result<VerifiedDelivery, clerk_webhooks::Rejection> {
    let path = request.uri().path();
    let endpoint = fairing::endpoint_of(request).ok_or_else(|| not_attached(path.as_str()))?;
    let headers = request.headers().iter();
    let headers: Vec<_> = headers
        .map(|header| (header.name.to_string(), header.value.into_owned()))
        .collect();
    let headers = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()));
    let mut incoming = endpoint.receive_pairs(headers, path.as_str())?;
    // The endpoint has the limit: it refuses the chunk that goes beyond.
    let mut stream = data.open(ByteUnit::max_value());
    let mut chunk = BytesMut::new();
    loop {
        chunk.reserve(CHUNK_BYTES);
        match stream.read_buf(&mut chunk).await {
            Ok(0) => return incoming.finish(),
            Ok(_) => incoming.push(chunk.split().freeze())?,
            Err(error) => return Err(incoming.fail(error)),
        }
    }
}

impl<T> Deref for VerifiedClerkEvent<T> {
    type Target = clerk_webhooks::VerifiedClerkEvent<T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// Rocket does not launch if a handler takes the event and no
/// [`ClerkWebhookFairing`](crate::ClerkWebhookFairing) is attached.
impl<T> Sentinel for VerifiedClerkEvent<T> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        !fairing::is_attached(rocket)
    }
}

fn not_attached(path: &str) -> clerk_webhooks::Rejection {
    clerk_webhooks::Rejection::missing_setup(format!(
        "the request to {path:?} found no `WebhookEndpoint`: add \
         `.attach(ClerkWebhookFairing::at({path:?}, WebhookEndpoint::from_env()?))` to `rocket::build()`"
    ))
}
