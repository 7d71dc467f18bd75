//! What a worker runs.

use tower_service::Service;

use super::event::QueuedEvent;
use crate::BoxError;

/// A service that a worker can run: any `tower::Service<QueuedEvent, Response = ()>` that is
/// `Clone + Send + 'static`, with an error that is `Into<BoxError>` and a future that is `Send + 'static`.
///
/// A program that chooses its engine at run time passes an `impl Handler` to the worker of either. The trait is
/// implemented for all such services. [`EventHandler`](super::EventHandler) makes one
/// from an async function, and you can wrap it in tower's middleware:
///
/// ```
/// use std::time::Duration;
///
/// use clerk_webhooks::{
///     ClerkEvent, WebhookError,
///     queue::{EventContext, EventHandler, Handler},
/// };
/// use tower::ServiceBuilder;
///
/// async fn on_event(event: ClerkEvent, context: EventContext<()>) -> Result<(), WebhookError> {
///     println!("{} is a {}", context.message_id(), event.event_type().as_str());
///     Ok(())
/// }
///
/// fn handler() -> impl Handler {
///     ServiceBuilder::new()
///         .timeout(Duration::from_secs(60))
///         .service(EventHandler::new((), on_event))
/// }
/// # let _ = handler();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be run by a worker",
    note = "it has to be a `tower::Service<QueuedEvent, Response = ()> + Clone + Send + 'static` with an error \
            that is `Into<BoxError>` and a future that is `Send + 'static`; \
            `clerk_webhooks::queue::EventHandler` makes one of an async function"
)]
pub trait Handler:
    Service<QueuedEvent, Response = (), Error: Into<BoxError>, Future: Send + 'static>
    + Clone
    + Send
    + 'static
{
}

impl<S> Handler for S where
    S: Service<QueuedEvent, Response = (), Error: Into<BoxError>, Future: Send + 'static>
        + Clone
        + Send
        + 'static
{
}
