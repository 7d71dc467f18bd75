//! A worker's settings, and the services that it can run.

use std::{fmt, sync::Arc, time::Duration};

use clerk_webhooks::{
    BoxError,
    queue::{QueuedEvent, RetryPolicy},
};
use tower_service::Service;

use super::dead_letter::DeadLetter;

/// A service that a worker can run: any `tower::Service<QueuedEvent, Response = ()>` that is
/// `Clone + Send + 'static`, with an error that is `Into<BoxError>` and a future that is `Send + 'static`.
///
/// The trait is implemented for all such services. [`EventHandler`](clerk_webhooks::queue::EventHandler) makes one
/// from an async function, and you can wrap it in tower's middleware:
///
/// ```
/// use std::time::Duration;
///
/// use clerk_webhooks::{ClerkEvent, WebhookError, queue::{EventContext, EventHandler}};
/// use clerk_webhooks_nats::queue::Handler;
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

/// The settings that every run needs.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) concurrency: u32,
    pub(super) lease: Duration,
    pub(super) longest_run: Duration,
    pub(super) max_crashes: u32,
    pub(super) retry_policy: RetryPolicy,
    pub(super) on_dead_letter: Arc<dyn Fn(&DeadLetter) + Send + Sync>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: 10,
            lease: Duration::from_secs(30),
            longest_run: Duration::from_secs(15 * 60),
            max_crashes: 5,
            retry_policy: RetryPolicy::new(),
            on_dead_letter: Arc::new(|_| {}),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("concurrency", &self.concurrency)
            .field("lease", &self.lease)
            .field("longest_run", &self.longest_run)
            .field("max_crashes", &self.max_crashes)
            .field("retry_policy", &self.retry_policy)
            .finish_non_exhaustive()
    }
}
