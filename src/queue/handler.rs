//! A worker's handler: an async function that takes the decoded event.

use std::{
    fmt,
    marker::PhantomData,
    pin::Pin,
    task::{Context as TaskContext, Poll},
    time::SystemTime,
};

use serde::de::DeserializeOwned;
use tower_service::Service;

use super::event::QueuedEvent;
use crate::{BoxError, error::WebhookError};

/// Turns an async function and a state into the `tower::Service<`[`QueuedEvent`]`, Response = ()>` that a worker
/// runs:
///
/// ```
/// use clerk_webhooks::{
///     ClerkEvent, EventData, WebhookError,
///     queue::{EventContext, EventHandler},
/// };
///
/// #[derive(Clone)]
/// struct App {
///     greeting: &'static str,
/// }
///
/// async fn on_event(event: ClerkEvent, context: EventContext<App>) -> Result<(), WebhookError> {
///     if let EventData::UserCreated(user) = &event.data {
///         println!("{}, {} (attempt {})", context.state().greeting, user.id, context.attempt());
///     }
///     Ok(())
/// }
///
/// let handler = EventHandler::new(App { greeting: "welcome" }, on_event);
/// # let _ = handler;
/// ```
///
/// The event is decoded before the function is called, as a [`ClerkEvent`](crate::ClerkEvent) or whatever type
/// the function takes. An event that cannot be decoded is a [permanent](WebhookError::permanent) failure: it is
/// dead-lettered at once, and the error names the path in the body.
///
/// You can wrap the handler in tower's middleware, such as a `Timeout`. An error of that middleware means retry.
pub struct EventHandler<F, St, T> {
    on_event: F,
    state: St,
    event: PhantomData<fn() -> T>,
}

impl<F, St, T> EventHandler<F, St, T> {
    /// A handler that calls `on_event` with each event and a context that has a clone of `state`.
    ///
    /// ```
    /// use clerk_webhooks::{
    ///     ClerkEvent, WebhookError,
    ///     queue::{EventContext, EventHandler},
    ///     testing::{self, fixtures},
    /// };
    /// use tower::ServiceExt as _;
    ///
    /// async fn on_event(event: ClerkEvent, _: EventContext<()>) -> Result<(), WebhookError> {
    ///     event.user_id().map(|_| ()).ok_or_else(|| WebhookError::permanent("no user"))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let handler = EventHandler::new((), on_event);
    /// let queued = testing::queued(fixtures::user_created());
    /// assert!(handler.oneshot(queued).await.is_ok());
    /// # }
    /// ```
    #[must_use]
    pub fn new<Fut>(state: St, on_event: F) -> Self
    where
        F: Fn(T, EventContext<St>) -> Fut,
        Fut: Future<Output = Result<(), WebhookError>> + Send + 'static,
    {
        Self {
            on_event,
            state,
            event: PhantomData,
        }
    }
}

impl<F, St, T, Fut> Service<QueuedEvent> for EventHandler<F, St, T>
where
    F: Fn(T, EventContext<St>) -> Fut,
    Fut: Future<Output = Result<(), WebhookError>> + Send + 'static,
    St: Clone,
    T: DeserializeOwned + 'static,
{
    type Response = ();
    type Error = BoxError;
    type Future = HandlerFuture;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, queued: QueuedEvent) -> HandlerFuture {
        let handling = queued.decode().map(|event| {
            let state = self.state.clone();
            (self.on_event)(event, EventContext { queued, state })
        });
        HandlerFuture(Box::pin(async {
            let handling = handling.map_err(|error| WebhookError::permanent(error).into_boxed())?;
            handling.await.map_err(WebhookError::into_boxed)
        }))
    }
}

impl<F: Clone, St: Clone, T> Clone for EventHandler<F, St, T> {
    fn clone(&self) -> Self {
        Self {
            on_event: self.on_event.clone(),
            state: self.state.clone(),
            event: PhantomData,
        }
    }
}

impl<F, St, T> fmt::Debug for EventHandler<F, St, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventHandler").finish_non_exhaustive()
    }
}

/// The future of an [`EventHandler`].
#[must_use = "futures do nothing unless polled"]
pub struct HandlerFuture(Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>);

impl Future for HandlerFuture {
    type Output = Result<(), BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for HandlerFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerFuture").finish_non_exhaustive()
    }
}

/// The second argument of a worker's handler: the stored delivery, the attempt and the program's own state.
#[derive(Debug, Clone)]
pub struct EventContext<St> {
    queued: QueuedEvent,
    state: St,
}

impl<St> EventContext<St> {
    /// The message's id: the same in every attempt and on every delivery.
    #[must_use]
    pub fn message_id(&self) -> &str {
        self.queued.message_id()
    }

    /// When the sender made the stored delivery.
    #[must_use]
    pub fn attempted_at(&self) -> SystemTime {
        self.queued.attempted_at()
    }

    /// The number of this attempt, from 1.
    ///
    /// ```
    /// # use clerk_webhooks::{
    /// #     RawClerkEvent, WebhookError,
    /// #     queue::{EventContext, EventHandler},
    /// #     testing::{self, fixtures},
    /// # };
    /// # use tower::ServiceExt as _;
    /// #
    /// async fn on_event(_: RawClerkEvent, context: EventContext<()>) -> Result<(), WebhookError> {
    ///     assert_eq!(context.attempt(), 2);
    ///     Ok(())
    /// }
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let queued = testing::queued(fixtures::user_created()).with_attempt(2);
    /// # EventHandler::new((), on_event).oneshot(queued).await.unwrap();
    /// # }
    /// ```
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.queued.attempt()
    }

    /// The event as it was stored, with its raw body and the queue's
    /// [extensions](QueuedEvent::extensions).
    #[must_use]
    pub fn queued(&self) -> &QueuedEvent {
        &self.queued
    }

    /// The program's own state.
    ///
    /// ```
    /// # use clerk_webhooks::{
    /// #     RawClerkEvent, WebhookError,
    /// #     queue::{EventContext, EventHandler},
    /// #     testing::{self, fixtures},
    /// # };
    /// # use tower::ServiceExt as _;
    /// #
    /// async fn on_event(_: RawClerkEvent, context: EventContext<&'static str>) -> Result<(), WebhookError> {
    ///     assert_eq!(context.state(), &"welcome");
    ///     Ok(())
    /// }
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let queued = testing::queued(fixtures::user_created());
    /// # EventHandler::new("welcome", on_event).oneshot(queued).await.unwrap();
    /// # }
    /// ```
    #[must_use]
    pub fn state(&self) -> &St {
        &self.state
    }
}
