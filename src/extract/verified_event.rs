//! [`VerifiedClerkEvent`], without its axum part.

use std::{fmt, ops::Deref, time::SystemTime};

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::decode::decode;
use crate::{event::event::ClerkEvent, rejection::Rejection, verify::delivery::VerifiedDelivery};

/// The event of a verified delivery.
///
/// It dereferences to the event: a [`ClerkEvent`], or your own type `T`. In an axum handler it is an
/// extractor. Elsewhere, call [`decode`](Self::decode). Both need a [`VerifiedDelivery`], which only a
/// [`Verifier`](crate::Verifier) makes.
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
/// # Events that cannot be decoded
///
/// If the data of an event does not fit its type, the delivery is refused with 422 and the JSON path of the
/// field is logged. The sender retries. To handle such events yourself, take
/// `Result<VerifiedClerkEvent, Rejection>`, whose error keeps the verified delivery. Or take
/// `VerifiedClerkEvent<`[`RawClerkEvent`](crate::RawClerkEvent)`>`, which accepts any `data` object.
///
/// # Your own `T`
///
/// `T` can be any type that deserializes from the whole event. It must decode *every* event type that the
/// endpoint is subscribed to: a delivery that it cannot decode is refused. `#[serde(other)]` does not help,
/// because it fails on a variant with data. This pattern works:
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
/// For "the trait `Handler` is not implemented", put `#[axum::debug_handler]` on your function (axum's
/// feature `macros`). Then the compiler names the argument at fault. The usual causes:
///
/// - `Option<VerifiedClerkEvent>` is deliberately not an extractor: without the layer, the handler would run
///   with `None` for an unverified request. To handle refusals yourself, take
///   `Result<VerifiedClerkEvent, Rejection>`.
/// - `Json`, like every extractor that reads the body, must be the last argument. You do not need it: the
///   event has the body.
#[derive(Clone)]
pub struct VerifiedClerkEvent<T = ClerkEvent> {
    event: T,
    delivery: VerifiedDelivery,
}

impl<T> VerifiedClerkEvent<T> {
    /// Decodes the event of a verified delivery, for services without the extractor.
    ///
    /// # Errors
    ///
    /// [`RejectionKind::Undecodable`](crate::RejectionKind::Undecodable) when the body is not JSON in UTF-8,
    /// is not an event, or has data that does not fit its type. The error keeps the delivery, see
    /// [`Rejection::delivery`]. It is logged when it becomes a response.
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

    /// The message id, the same on every retry. See [`VerifiedDelivery::message_id`].
    ///
    /// ```
    /// use clerk_webhooks::{ClerkEvent, testing::{Delivery, fixtures}};
    ///
    /// let delivery = Delivery::of(fixtures::user_created()).with_message_id("msg_1");
    /// let retry = delivery.clone();
    /// assert_eq!(delivery.event::<ClerkEvent>().message_id(), "msg_1");
    /// assert_eq!(retry.event::<ClerkEvent>().message_id(), "msg_1");
    /// ```
    #[must_use]
    pub fn message_id(&self) -> &str {
        self.delivery.message_id()
    }

    /// When the sender made this attempt. See [`VerifiedDelivery::attempted_at`].
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// use clerk_webhooks::{ClerkEvent, testing::{Delivery, fixtures}};
    ///
    /// let sent_at = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    /// let event = Delivery::of(fixtures::user_created()).with_sent_at(sent_at).event::<ClerkEvent>();
    /// assert_eq!(event.attempted_at(), sent_at);
    /// ```
    #[must_use]
    pub fn attempted_at(&self) -> SystemTime {
        self.delivery.attempted_at()
    }

    /// The body, byte for byte as it was signed. Store it to keep the exact event.
    ///
    /// ```
    /// use clerk_webhooks::{ClerkEvent, testing::{self, fixtures}};
    ///
    /// let event = testing::deliver(fixtures::user_created());
    /// let stored = event.raw_body().clone(); // cheap: shares the bytes
    /// assert_eq!(ClerkEvent::from_slice(&stored)?.object_id(), event.object_id());
    /// # Ok::<(), clerk_webhooks::event::DecodeError>(())
    /// ```
    #[must_use]
    pub fn raw_body(&self) -> &Bytes {
        self.delivery.raw_body()
    }

    /// The verified delivery of the event.
    ///
    /// ```
    /// use clerk_webhooks::{RawClerkEvent, Rejection, VerifiedClerkEvent, testing::{self, fixtures}};
    ///
    /// let event = testing::deliver(fixtures::user_created());
    /// // Decodes the same delivery again, as another type.
    /// let raw = VerifiedClerkEvent::<RawClerkEvent>::decode(event.delivery().clone())?;
    /// assert_eq!(raw.message_id(), event.message_id());
    /// # Ok::<(), Rejection>(())
    /// ```
    #[must_use]
    pub fn delivery(&self) -> &VerifiedDelivery {
        &self.delivery
    }

    /// The event, by value.
    ///
    /// ```
    /// use clerk_webhooks::{ClerkEvent, EventData, testing::{self, fixtures}};
    ///
    /// let event: ClerkEvent = testing::deliver(fixtures::user_created().id("user_1")).into_inner();
    /// let EventData::UserCreated(user) = event.data else { panic!("another event") };
    /// assert_eq!(user.id, "user_1");
    /// ```
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

/// Prints the delivery without its body. The event is not printed, because it contains personal data.
impl<T> fmt::Debug for VerifiedClerkEvent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedClerkEvent")
            .field("delivery", &self.delivery)
            .finish_non_exhaustive()
    }
}
