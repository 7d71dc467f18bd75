//! The extractor itself.

use std::{fmt, ops::Deref, time::SystemTime};

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::decode::decode;
use crate::{event::event::ClerkEvent, rejection::Rejection, verify::delivery::VerifiedDelivery};

/// The event of a verified delivery.
///
/// It dereferences to the event, a [`ClerkEvent`] unless you ask for another `T`. In an axum handler it is an
/// extractor. Elsewhere, [`decode`](Self::decode) makes one. Both need a [`VerifiedDelivery`], which only
/// verification makes.
///
/// ```
/// use axum::http::StatusCode;
/// use clerk_webhooks::{EventData, VerifiedClerkEvent};
///
/// async fn on_event(event: VerifiedClerkEvent) -> StatusCode {
///     match &event.data {
///         EventData::UserCreated(user) => println!("welcome, {}", user.id),
///         EventData::UserDeleted(deleted) => println!("good bye, {}", deleted.id),
///         _ => {} // acknowledge whatever else the endpoint is subscribed to
///     }
///     StatusCode::NO_CONTENT
/// }
/// ```
///
/// # What cannot be decoded
///
/// A known type whose data does not fit is refused with 422, and the JSON path of the field is
/// logged: the sender retries, and nothing is lost. To handle it yourself, take
/// `Result<VerifiedClerkEvent, Rejection>`, whose error keeps the verified delivery, or
/// `VerifiedClerkEvent<`[`RawClerkEvent`](crate::RawClerkEvent)`>`, which accepts any data.
///
/// # Your own `T`
///
/// `T` may be any type that deserializes from the whole event. It must decode *every* type of event that the
/// endpoint is subscribed to, because what it cannot decode is refused. `#[serde(other)]` does not help: it
/// fails on a variant that comes with data. This pattern works:
///
/// ```
/// use clerk_webhooks::VerifiedClerkEvent;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct MyEvent {
///     r#type: String,
///     data: MyData,
/// }
///
/// #[derive(Deserialize)]
/// struct MyData {
///     id: Option<String>, // optional: events of another type may lack it
/// }
///
/// async fn on_event(event: VerifiedClerkEvent<MyEvent>) {
///     if event.r#type == "user.created" {
///         println!("welcome, {:?}", event.data.id);
///     }
/// }
/// ```
///
/// # Compiler errors
///
/// "The trait `Handler` is not implemented": put `#[axum::debug_handler]` on your function (axum's feature
/// `macros`), and the compiler names the argument at fault. The usual causes:
///
/// - `Option<VerifiedClerkEvent>` is not an extractor, on purpose: the handler would run for a forged delivery,
///   with `None`. Take `Result<VerifiedClerkEvent, Rejection>` to handle refusals yourself.
/// - `Json` or another extractor of the body must come last. You do not need it: the event has the body.
#[derive(Clone)]
pub struct VerifiedClerkEvent<T = ClerkEvent> {
    event: T,
    delivery: VerifiedDelivery,
}

impl<T> VerifiedClerkEvent<T> {
    /// Decodes the event of a verified delivery, where there is no extractor.
    ///
    /// # Errors
    ///
    /// [`RejectionKind::Undecodable`](crate::RejectionKind::Undecodable), when the body is not JSON in
    /// UTF-8, is not an event, or has data that does not fit its type. The error keeps the delivery:
    /// [`Rejection::delivery`]. Nothing is logged until it becomes a response.
    ///
    /// ```
    /// use clerk_webhooks::{Rejection, VerifiedBody, VerifiedClerkEvent};
    /// use http::{Request, Response};
    ///
    /// async fn handle(request: Request<VerifiedBody>) -> Result<Response<String>, Rejection> {
    ///     let event: VerifiedClerkEvent =
    ///         VerifiedClerkEvent::decode(request.into_body().into_delivery())?;
    ///     Ok(Response::new(format!("got a {}", event.event_type())))
    /// }
    /// ```
    pub fn decode(delivery: VerifiedDelivery) -> Result<Self, Rejection>
    where
        T: DeserializeOwned + 'static,
    {
        match decode(delivery.raw_body()) {
            Ok(event) => Ok(Self { event, delivery }),
            Err(error) => Err(Rejection::undecodable(delivery, error)),
        }
    }

    /// The message's id, the same on every retry; see [`VerifiedDelivery::message_id`].
    #[must_use]
    pub fn message_id(&self) -> &str {
        self.delivery.message_id()
    }

    /// When the sender made this attempt, fresh on each; see [`VerifiedDelivery::attempted_at`].
    #[must_use]
    pub fn attempted_at(&self) -> SystemTime {
        self.delivery.attempted_at()
    }

    /// The body, byte for byte as it was signed. Store it to keep the exact event.
    #[must_use]
    pub fn raw_body(&self) -> &Bytes {
        self.delivery.raw_body()
    }

    /// The delivery that the event came with.
    #[must_use]
    pub fn delivery(&self) -> &VerifiedDelivery {
        &self.delivery
    }

    /// The event, by value.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.event
    }

    /// The event and its delivery, by value.
    ///
    /// ```
    /// use clerk_webhooks::VerifiedClerkEvent;
    ///
    /// async fn on_event(event: VerifiedClerkEvent) {
    ///     let (event, delivery) = event.into_parts();
    ///     println!("{}: {} bytes", event.event_type(), delivery.raw_body().len());
    /// }
    /// ```
    #[must_use]
    pub fn into_parts(self) -> (T, VerifiedDelivery) {
        (self.event, self.delivery)
    }
}

impl<T> Deref for VerifiedClerkEvent<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.event
    }
}

/// Prints the delivery and nothing of the event, which holds personal data.
impl<T> fmt::Debug for VerifiedClerkEvent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedClerkEvent")
            .field("delivery", &self.delivery)
            .finish_non_exhaustive()
    }
}
