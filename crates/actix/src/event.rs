//! [`VerifiedClerkEvent`]: the extractor.

use std::{fmt, future::poll_fn, ops::Deref, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use clerk_webhooks::{
    ClerkEvent, Rejection as Refused, VerifiedDelivery, WebhookEndpoint, endpoint::IncomingDelivery,
};
use futures_core::Stream as _;
use serde::de::DeserializeOwned;

use crate::rejection::Rejection;

/// A verified event, as the argument of a handler. It derefs to the core's
/// [`VerifiedClerkEvent`](clerk_webhooks::VerifiedClerkEvent), and through it to the event.
///
/// The [`WebhookEndpoint`](crate::WebhookEndpoint) with the signing secrets must be in the `app_data` of the
/// app, the scope or the resource; the nearest one is used. Without it every request is answered 500, and the
/// log says what to add.
///
/// The headers are checked before the payload is read. A refused delivery is answered by the
/// [`Rejection`], and the handler does not run.
///
/// # Extraction order
///
/// An extractor that reads the payload takes it from the others. In one handler, do not combine this with
/// `web::Bytes`, `web::Json`, `web::Payload` or `String`: whichever comes second finds an empty payload, and
/// this extractor then answers 400. The raw body is in
/// [`raw_body`](clerk_webhooks::VerifiedClerkEvent::raw_body). Middleware must not read the payload either.
///
/// # Do not take it as an `Option`
///
/// actix-web gives a handler `None` where an extractor failed: a handler that takes
/// `Option<VerifiedClerkEvent>` also runs for forged requests. `Result<VerifiedClerkEvent, Rejection>` also
/// runs for them, but says why; return its error to refuse the delivery.
///
/// ```
/// use actix_web::HttpResponse;
/// use clerk_webhooks::{EventData, RawClerkEvent};
/// use clerk_webhooks_actix::{VerifiedClerkEvent, WebhookError};
///
/// async fn on_event(event: VerifiedClerkEvent) -> Result<HttpResponse, WebhookError> {
///     if let EventData::UserCreated(user) = &event.data {
///         println!("welcome, {}", user.id);
///     }
///     Ok(HttpResponse::NoContent().finish())
/// }
///
/// // Every event, even one that cannot be decoded.
/// async fn on_any_event(event: VerifiedClerkEvent<RawClerkEvent>) -> HttpResponse {
///     println!("{} {}", event.message_id(), event.event_type);
///     HttpResponse::NoContent().finish()
/// }
/// ```
#[derive(Clone)]
pub struct VerifiedClerkEvent<T = ClerkEvent>(clerk_webhooks::VerifiedClerkEvent<T>);

impl<T> VerifiedClerkEvent<T> {
    /// The core's event, by value: for `into_inner` and `into_parts`.
    ///
    /// ```
    /// use clerk_webhooks::{ClerkEvent, VerifiedDelivery};
    /// use clerk_webhooks_actix::VerifiedClerkEvent;
    ///
    /// fn parts(event: VerifiedClerkEvent) -> (ClerkEvent, VerifiedDelivery) {
    ///     event.into_core().into_parts()
    /// }
    /// ```
    #[must_use]
    pub fn into_core(self) -> clerk_webhooks::VerifiedClerkEvent<T> {
        self.0
    }
}

/// For tests of handlers: `clerk_webhooks::testing::deliver` makes the core's event without HTTP.
///
/// ```
/// use actix_web::http::StatusCode;
/// use clerk_webhooks::testing::{deliver, fixtures};
/// # use actix_web::HttpResponse;
/// # use clerk_webhooks_actix::VerifiedClerkEvent;
/// # async fn on_event(_: VerifiedClerkEvent) -> HttpResponse { HttpResponse::NoContent().finish() }
///
/// # #[actix_web::main]
/// # async fn main() {
/// let answer = on_event(deliver(fixtures::user_created()).into()).await;
/// assert_eq!(answer.status(), StatusCode::NO_CONTENT);
/// # }
/// ```
impl<T> From<clerk_webhooks::VerifiedClerkEvent<T>> for VerifiedClerkEvent<T> {
    fn from(event: clerk_webhooks::VerifiedClerkEvent<T>) -> Self {
        Self(event)
    }
}

impl<T> Deref for VerifiedClerkEvent<T> {
    type Target = clerk_webhooks::VerifiedClerkEvent<T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// As the core's: without the event, which contains personal data.
impl<T> fmt::Debug for VerifiedClerkEvent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for VerifiedClerkEvent<T> {
    type Error = Rejection;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Rejection>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let incoming = receive(request).map(|incoming| (incoming, payload.take()));
        Box::pin(async {
            let (incoming, payload) = incoming?;
            let delivery = read(incoming, payload).await?;
            let event = clerk_webhooks::VerifiedClerkEvent::decode(delivery)?;
            Ok(Self(event))
        })
    }
}

/// Checks the headers.
fn receive(request: &HttpRequest) -> Result<IncomingDelivery, Refused> {
    let path = request.path();
    let endpoint = request.app_data::<WebhookEndpoint>().ok_or_else(|| {
        Refused::missing_setup(format!(
            "the request to {path:?} found no `WebhookEndpoint`: put \
             `.app_data(WebhookEndpoint::from_env()?)` on the `App`, the scope or the resource of this \
             handler, without `web::Data` around it"
        ))
    })?;
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.as_bytes()));
    endpoint.receive_pairs(headers, path)
}

async fn read(
    mut incoming: IncomingDelivery,
    mut payload: Payload,
) -> Result<VerifiedDelivery, Refused> {
    while let Some(chunk) = poll_fn(|cx| Pin::new(&mut payload).poll_next(cx)).await {
        match chunk {
            Ok(chunk) => incoming.push(chunk)?,
            Err(error) => return Err(incoming.fail(error)),
        }
    }
    incoming.finish()
}
