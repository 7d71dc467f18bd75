//! [`deliver`] and [`Delivery`]: verified events for handlers without HTTP.

use std::{error::Error, time::SystemTime};

use serde::{Serialize, de::DeserializeOwned};

use super::{clock::FixedClock, signed_request::SignedRequest};
#[cfg(feature = "queue")]
use crate::queue::event::QueuedEvent;
use crate::{
    extract::verified_event::VerifiedClerkEvent,
    verify::{delivery::VerifiedDelivery, secret::SigningSecret, verifier::Verifier},
};

/// Signs only deliveries that are verified immediately afterwards.
const THROW_AWAY_SECRET: &str = "whsec_dGhyb3duIGF3YXkgYWZ0ZXIgZXZlcnkgdGVzdA==";

/// Turns an event into the [`VerifiedClerkEvent`] that a handler gets for it.
///
/// The event can be anything that serializes to a whole event, such as a [fixture](super::fixtures) or a
/// `serde_json::json!` value. To choose the message id, the time or your own event type, use [`Delivery`].
///
/// # Panics
///
/// When the event does not serialize or cannot be decoded. The message names the field.
///
/// ```
/// use clerk_webhooks::{VerifiedClerkEvent, WebhookError, testing};
///
/// async fn on_event(event: VerifiedClerkEvent) -> Result<String, WebhookError> {
///     Ok(format!("{}: {}", event.event_type(), event.object_id().unwrap_or("?")))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let event = testing::fixtures::user_created().id("user_1");
/// let answer = on_event(testing::deliver(event)).await.unwrap();
/// assert_eq!(answer, "user.created: user_1");
///
/// let event = serde_json::json!({ "type": "user.deleted", "data": { "id": "user_1" } });
/// let answer = on_event(testing::deliver(event)).await.unwrap();
/// assert_eq!(answer, "user.deleted: user_1");
/// # }
/// ```
#[must_use]
#[track_caller]
pub fn deliver(event: impl Serialize) -> VerifiedClerkEvent {
    Delivery::of(event).event()
}

/// Turns an event into the [`QueuedEvent`] that a worker gets for it.
///
/// # Panics
///
/// When the event does not serialize.
///
/// ```
/// use clerk_webhooks::{
///     ClerkEvent, WebhookError,
///     queue::{EventContext, EventHandler},
///     testing,
/// };
/// use tower::ServiceExt as _;
///
/// async fn on_event(_: ClerkEvent, context: EventContext<()>) -> Result<(), WebhookError> {
///     match context.attempt() {
///         1 | 2 => Err(WebhookError::retry("not yet")),
///         _ => Ok(()),
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let handler = EventHandler::new((), on_event);
/// let queued = testing::queued(testing::fixtures::user_created());
/// assert!(handler.clone().oneshot(queued.clone()).await.is_err());
/// assert!(handler.oneshot(queued.with_attempt(3)).await.is_ok());
/// # }
/// ```
#[cfg(feature = "queue")]
#[must_use]
#[track_caller]
pub fn queued(event: impl Serialize) -> QueuedEvent {
    Delivery::of(event).queued()
}

/// A delivery for a handler under test. It is signed with a throw-away secret, then verified and decoded
/// like any other.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
///
/// use clerk_webhooks::{VerifiedClerkEvent, testing::{Delivery, fixtures}};
///
/// #[derive(serde::Deserialize)]
/// struct MyEvent {
///     data: MyData,
/// }
///
/// #[derive(serde::Deserialize)]
/// struct MyData {
///     id: String,
/// }
///
/// let event: VerifiedClerkEvent<MyEvent> = Delivery::of(fixtures::user_created().id("user_1"))
///     .with_message_id("msg_1")
///     .with_sent_at(UNIX_EPOCH + Duration::from_secs(1_767_225_600))
///     .event();
/// assert_eq!(event.data.id, "user_1");
/// assert_eq!(event.message_id(), "msg_1");
/// ```
#[derive(Debug, Clone)]
#[must_use = "it goes nowhere by itself"]
pub struct Delivery {
    secret: SigningSecret,
    request: SignedRequest,
    sent_at: SystemTime,
}

impl Delivery {
    /// A delivery of this event, sent now, with a new message id.
    ///
    /// # Panics
    ///
    /// When the event does not serialize.
    ///
    /// ```
    /// use clerk_webhooks::{ClerkEvent, testing::Delivery};
    ///
    /// let delivery = Delivery::of(serde_json::json!({ "type": "user.deleted", "data": { "id": "user_1" } }));
    /// assert_eq!(delivery.event::<ClerkEvent>().object_id(), Some("user_1"));
    /// ```
    #[track_caller]
    pub fn of(event: impl Serialize) -> Self {
        or_panic(Self::try_of(&event))
    }

    fn try_of(event: &impl Serialize) -> Result<Self, Box<dyn Error>> {
        let secret = SigningSecret::parse(THROW_AWAY_SECRET)?;
        let sent_at = SystemTime::now();
        let request = SignedRequest::new(&secret, serde_json::to_vec(event)?);
        Ok(Self {
            request: request.with_sent_at(sent_at),
            secret,
            sent_at,
        })
    }

    /// Sets the message id. By default it is unique in this process.
    ///
    /// ```
    /// use clerk_webhooks::{ClerkEvent, testing::{Delivery, fixtures}};
    ///
    /// let delivery = Delivery::of(fixtures::user_created()).with_message_id("msg_1");
    /// assert_eq!(delivery.event::<ClerkEvent>().message_id(), "msg_1");
    /// ```
    pub fn with_message_id(mut self, message_id: impl Into<String>) -> Self {
        self.request = self.request.with_message_id(message_id);
        self
    }

    /// Sets the time of this attempt. By default it is now. It is sent in whole seconds.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// use clerk_webhooks::{ClerkEvent, testing::{Delivery, fixtures}};
    ///
    /// let sent_at = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    /// let delivery = Delivery::of(fixtures::user_created()).with_sent_at(sent_at);
    /// assert_eq!(delivery.event::<ClerkEvent>().attempted_at(), sent_at);
    /// ```
    pub fn with_sent_at(mut self, sent_at: SystemTime) -> Self {
        self.request = self.request.with_sent_at(sent_at);
        self.sent_at = sent_at;
        self
    }

    /// The event that a handler gets: a [`ClerkEvent`](crate::ClerkEvent), or your own type if the handler
    /// takes one.
    ///
    /// # Panics
    ///
    /// When the delivery cannot be verified or decoded. The message names the header or the field.
    ///
    /// ```
    /// use clerk_webhooks::{EventType, RawClerkEvent, testing::{Delivery, fixtures}};
    ///
    /// let event = Delivery::of(fixtures::user_created()).event::<RawClerkEvent>();
    /// assert_eq!(event.event_type, EventType::UserCreated);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn event<T: DeserializeOwned + 'static>(self) -> VerifiedClerkEvent<T> {
        or_panic(self.try_event())
    }

    fn try_event<T>(self) -> Result<VerifiedClerkEvent<T>, Box<dyn Error>>
    where
        T: DeserializeOwned + 'static,
    {
        let delivery = self.verify()?;
        VerifiedClerkEvent::decode(delivery).map_err(|rejection| match rejection.decode_error() {
            Some(error) => error.clone().into(),
            None => rejection.into(),
        })
    }

    /// The event that a worker gets, in its first attempt. See [`QueuedEvent::with_attempt`].
    ///
    /// # Panics
    ///
    /// When the delivery cannot be verified.
    ///
    /// ```
    /// use clerk_webhooks::testing::{Delivery, fixtures};
    ///
    /// let queued = Delivery::of(fixtures::user_created()).with_message_id("msg_1").queued();
    /// assert_eq!(queued.message_id(), "msg_1");
    /// assert_eq!(queued.attempt(), 1);
    /// ```
    #[cfg(feature = "queue")]
    #[must_use]
    #[track_caller]
    pub fn queued(self) -> QueuedEvent {
        QueuedEvent::from(&or_panic(self.verify()))
    }

    fn verify(&self) -> Result<VerifiedDelivery, Box<dyn Error>> {
        let clock = FixedClock::at(self.sent_at);
        let verifier = Verifier::new(self.secret.clone()).with_clock(clock);
        Ok(verifier.verify(&self.request.headers(), self.request.body().clone())?)
    }
}

#[track_caller]
#[expect(
    clippy::panic,
    reason = "a test's mistake, reported at the test's line"
)]
fn or_panic<T>(result: Result<T, Box<dyn Error>>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("cannot deliver this event: {error}"),
    }
}
