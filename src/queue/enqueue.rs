//! The innermost service: stores a verified delivery and acknowledges it.

use std::{
    convert::Infallible,
    fmt,
    future::ready,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response, StatusCode};
use tower_service::Service;

use super::{
    event::QueuedEvent,
    log,
    queue::{Enqueued, EventQueue},
};
use crate::{
    layer::delivery::delivery_of,
    metrics::{Counter, table::ENQUEUED},
    rejection::{Rejection, RejectionKind},
    response::{body::ResponseBody, refusal::short_answer},
    timeout::{DEFAULT_TIMEOUT, in_time},
};

/// Stores every verified delivery in a queue, without decoding it, and answers 202.
///
/// It belongs inside a [`ClerkWebhookLayer`](crate::ClerkWebhookLayer); in axum, mount it with `post_service`. It
/// reads the delivery from the request's extensions, whatever the type of the body. Without the layer it answers
/// 500, and the log says how to fix the order.
///
/// ```
/// use axum::{Router, routing::post_service};
/// use clerk_webhooks::{ClerkWebhookLayer, queue::{Enqueue, EventQueue}};
///
/// fn app(clerk: ClerkWebhookLayer, queue: impl EventQueue) -> Router {
///     Router::new().route(
///         "/webhooks/clerk",
///         post_service(Enqueue::new(queue)).route_layer(clerk),
///     )
/// }
/// ```
///
/// | the queue's answer | the sender gets |
/// |---|---|
/// | [`New`](super::Enqueued::New), [`Duplicate`](super::Enqueued::Duplicate) | 202 |
/// | an error, or no answer within the timeout | 503, `Retry-After: 5`; the sender retries. If the event was stored after all, the retry is a duplicate |
///
/// # Panics
///
/// The service's future panics when it is polled outside a tokio runtime.
#[must_use = "a service does nothing until it is called"]
pub struct Enqueue<Q> {
    shared: Arc<Shared<Q>>,
    timeout: Duration,
}

struct Shared<Q> {
    queue: Q,
    new: Counter,
    duplicates: Counter,
}

impl<Q: EventQueue> Enqueue<Q> {
    /// A service that stores deliveries in `queue`, with a timeout of 5 s.
    ///
    /// ```
    /// # use std::{convert::Infallible, time::SystemTime};
    /// #
    /// # use clerk_webhooks::{
    /// #     queue::{Enqueue, Enqueued, EventQueue, QueuedEvent},
    /// #     testing::{self, fixtures},
    /// # };
    /// # use http::Request;
    /// # use tower::ServiceExt as _;
    /// #
    /// # struct Table;
    /// #
    /// # impl EventQueue for Table {
    /// #     type Error = Infallible;
    /// #
    /// #     async fn enqueue(&self, _: &QueuedEvent, _: Option<SystemTime>) -> Result<Enqueued, Infallible> {
    /// #         Ok(Enqueued::New)
    /// #     }
    /// # }
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Infallible> {
    /// # let (queue, mut request) = (Table, Request::new(()));
    /// # let verified = testing::deliver(fixtures::user_created()).delivery().clone();
    /// # request.extensions_mut().insert(verified);
    /// let response = Enqueue::new(queue).oneshot(request).await?;
    /// assert_eq!(response.status(), 202);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(queue: Q) -> Self {
        let shared = Shared {
            queue,
            new: Counter::default(),
            duplicates: Counter::default(),
        };
        Self {
            shared: Arc::new(shared),
            timeout: DEFAULT_TIMEOUT,
        }
    }

    /// How long to wait for the queue's answer: 5 s unless set.
    ///
    /// ```
    /// # use std::{convert::Infallible, time::{Duration, SystemTime}};
    /// #
    /// # use clerk_webhooks::{
    /// #     queue::{Enqueue, Enqueued, EventQueue, QueuedEvent},
    /// #     testing::{self, fixtures},
    /// # };
    /// # use http::Request;
    /// # use tower::ServiceExt as _;
    /// #
    /// # struct Table;
    /// #
    /// # impl EventQueue for Table {
    /// #     type Error = Infallible;
    /// #
    /// #     async fn enqueue(&self, _: &QueuedEvent, _: Option<SystemTime>) -> Result<Enqueued, Infallible> {
    /// #         std::future::pending().await
    /// #     }
    /// # }
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Infallible> {
    /// # let (queue_that_hangs, mut request) = (Table, Request::new(()));
    /// # let verified = testing::deliver(fixtures::user_created()).delivery().clone();
    /// # request.extensions_mut().insert(verified);
    /// let enqueue = Enqueue::new(queue_that_hangs).with_timeout(Duration::from_millis(10));
    /// let response = enqueue.oneshot(request).await?;
    /// assert_eq!(response.status(), 503);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

impl<Q: EventQueue, B> Service<Request<B>> for Enqueue<Q> {
    type Response = Response<ResponseBody<String>>;
    type Error = Infallible;
    type Future = EnqueueFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> EnqueueFuture {
        let path = request.uri().path();
        let delivery = match delivery_of(request.extensions(), path, MISPLACED) {
            Ok(delivery) => delivery,
            Err(rejection) => return EnqueueFuture(Box::pin(ready(rejection.to_response()))),
        };
        let (shared, timeout) = (Arc::clone(&self.shared), self.timeout);
        EnqueueFuture(Box::pin(async move {
            let event = QueuedEvent::from(&delivery);
            match in_time(timeout, "queue", shared.queue.enqueue(&event, None)).await {
                Ok(enqueued) => {
                    log::enqueued(&event, enqueued);
                    shared.count(enqueued);
                    short_answer(StatusCode::ACCEPTED, "accepted")
                }
                Err(error) => {
                    let kind = RejectionKind::QueueUnavailable;
                    Rejection::caused(kind, &delivery, error).to_response()
                }
            }
        }))
    }
}

impl<Q> Shared<Q> {
    fn count(&self, enqueued: Enqueued) {
        let (counter, result) = match enqueued {
            Enqueued::New => (&self.new, "new"),
            Enqueued::Duplicate => (&self.duplicates, "duplicate"),
        };
        counter.increment(&ENQUEUED, &[("result", result)]);
    }
}

const MISPLACED: &str = "`Enqueue` belongs inside it, as in \
    `.route(path, post_service(Enqueue::new(queue)).route_layer(clerk))`; in a `ServiceBuilder`: \
    `.layer(clerk).service(Enqueue::new(queue))`";

/// Written by hand, since the queue is shared and need not be `Clone`.
impl<Q> Clone for Enqueue<Q> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            timeout: self.timeout,
        }
    }
}

impl<Q> fmt::Debug for Enqueue<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enqueue")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The future of [`Enqueue`]. It is boxed, since the future of a queue borrows the queue.
#[must_use = "futures do nothing unless polled"]
pub struct EnqueueFuture(Pin<Box<dyn Future<Output = Response<ResponseBody<String>>> + Send>>);

impl Future for EnqueueFuture {
    type Output = Result<Response<ResponseBody<String>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for EnqueueFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnqueueFuture").finish_non_exhaustive()
    }
}
