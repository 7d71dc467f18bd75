//! Verified events for handlers without HTTP.

use std::{error::Error, time::SystemTime};

use serde::{Serialize, de::DeserializeOwned};

use super::{clock::FixedClock, signed_request::SignedRequest};
#[cfg(feature = "queue")]
use crate::queue::event::QueuedEvent;
use crate::{
    extract::verified_event::VerifiedClerkEvent,
    verify::{delivery::VerifiedDelivery, secret::SigningSecret, verifier::Verifier},
};

/// Signs nothing but what is verified right after.
const THROW_AWAY_SECRET: &str = "whsec_dGhyb3duIGF3YXkgYWZ0ZXIgZXZlcnkgdGVzdA==";

/// Turns an event into the [`VerifiedClerkEvent`] that a handler gets for it.
///
/// The event is anything that serializes to a whole event: a [fixture](super::fixtures), a
/// `serde_json::json!` value. [`Delivery`] does the same with a message id and a time that you choose, and
/// for a type of your own.
///
/// # Panics
///
/// When the event does not serialize, or an endpoint would refuse it. The message says which field.
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

/// Turns an event into the [`QueuedEvent`] that a worker runs for it.
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

/// An event on its way to a handler. It is signed with a throw-away secret, verified and decoded like any
/// delivery.
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
    /// A delivery of this event, sent now, with a message id of its own.
    ///
    /// # Panics
    ///
    /// When the event does not serialize.
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

    /// The message id, instead of one that no other delivery of this process has.
    pub fn with_message_id(mut self, message_id: impl Into<String>) -> Self {
        self.request = self.request.with_message_id(message_id);
        self
    }

    /// The time of this attempt, instead of now. It is sent in whole seconds.
    pub fn with_sent_at(mut self, sent_at: SystemTime) -> Self {
        self.request = self.request.with_sent_at(sent_at);
        self.sent_at = sent_at;
        self
    }

    /// The event as a handler gets it: a [`ClerkEvent`](crate::ClerkEvent), or the type of your own that the
    /// handler takes.
    ///
    /// # Panics
    ///
    /// When an endpoint would refuse the delivery. The message says which field.
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

    /// The event as a worker gets it, in its first attempt; see [`QueuedEvent::with_attempt`].
    ///
    /// # Panics
    ///
    /// When an endpoint would refuse the delivery.
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
