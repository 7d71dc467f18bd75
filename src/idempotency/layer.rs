//! The layer: its store, its scope and its settings.

use std::{fmt, sync::Arc, time::Duration};

use tower_layer::Layer;

use super::{
    counts::Counts,
    drain::DrainHandle,
    endpoint::{Endpoint, Settings},
    service::Idempotency,
    store::{IdempotencyStore, Outcome},
};
use crate::{
    error::{Disposition, WebhookError},
    rejection::Rejection,
    response::failure,
    timeout::DEFAULT_TIMEOUT,
    verify::delivery::VerifiedDelivery,
};

const DEFAULT_LEASE: Duration = Duration::from_secs(60);
/// Svix' retries span 27.6 hours. The rest is for manual resends.
const DEFAULT_RETENTION: Duration = Duration::from_secs(7 * 24 * 3600);
const DEFAULT_LONGEST_RUN: Duration = Duration::from_secs(15 * 60);
/// Long enough for a handler of a few seconds, and shorter than the 15 s that the sender waits.
const DEFAULT_DUPLICATE_WAIT: Duration = Duration::from_secs(10);
/// The store may take another 2 s for its last answer, and the sender waits 15 s.
const LONGEST_DUPLICATE_WAIT: Duration = Duration::from_secs(12);
const DEFAULT_MAX_RUNNING: usize = 1_000;
const DEFAULT_MAX_WAITING: usize = 64;

/// Runs the inner service once for each message, however often it is delivered.
///
/// It belongs directly *inside* a [`ClerkWebhookLayer`](crate::ClerkWebhookLayer): it takes the message
/// id from the verified delivery, and forged requests never reach the store. With axum's `route_layer`
/// the later call is the outer layer:
///
/// ```
/// use axum::{Router, routing::post};
/// use clerk_webhooks::{
///     ClerkWebhookLayer, SigningSecret, VerifiedClerkEvent, Verifier, WebhookError,
///     idempotency::{IdempotencyLayer, MemoryStore},
/// };
///
/// async fn on_event(event: VerifiedClerkEvent) -> Result<(), WebhookError> {
///     println!("once: {}", event.message_id());
///     Ok(())
/// }
///
/// let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let clerk = ClerkWebhookLayer::new(Verifier::new(secret));
/// let idempotency = IdempotencyLayer::new(MemoryStore::new(), "users");
/// let app: Router = Router::new().route(
///     "/webhooks/clerk",
///     post(on_event).route_layer(idempotency).route_layer(clerk),
/// );
/// # Ok::<(), clerk_webhooks::SecretError>(())
/// ```
///
/// The [module's documentation](super) says how each case ends. The inner service runs in its own task on the
/// current tokio runtime. Clones share the store, the counts and the running tasks.
///
/// # Panics
///
/// Its service panics when it is called outside a tokio runtime.
#[must_use = "a layer does nothing until it is put on a service"]
pub struct IdempotencyLayer<St> {
    endpoint: Endpoint<St>,
}

impl<St: IdempotencyStore> IdempotencyLayer<St> {
    /// A layer that keeps its claims in `store`, under `scope`.
    ///
    /// The scope is the endpoint's name, such as `"users"`. Two endpoints get the same message under the same
    /// id. If they shared a scope in one store, each would treat the other's events as duplicates. All
    /// processes that serve one endpoint use the same scope.
    ///
    /// ```
    /// use clerk_webhooks::idempotency::{IdempotencyLayer, MemoryStore};
    ///
    /// // One store for two endpoints: each handles every message once.
    /// let store = MemoryStore::new();
    /// let users = IdempotencyLayer::new(store.clone(), "users");
    /// let billing = IdempotencyLayer::new(store, "billing");
    /// # assert!(format!("{users:?}{billing:?}").contains("lease: 60s, retention: 604800s, longest_run: 900s"));
    /// ```
    pub fn new(store: St, scope: impl Into<Arc<str>>) -> Self {
        let settings = Settings {
            lease: DEFAULT_LEASE,
            retention: DEFAULT_RETENTION,
            longest_run: DEFAULT_LONGEST_RUN,
            store_timeout: DEFAULT_TIMEOUT,
            duplicate_wait: DEFAULT_DUPLICATE_WAIT,
            max_running: DEFAULT_MAX_RUNNING,
            max_waiting: DEFAULT_MAX_WAITING,
        };
        Self {
            endpoint: Endpoint::new(store, scope.into(), settings),
        }
    }

    /// How long a claim lasts without being extended: 60 s unless set.
    ///
    /// While the handler runs, the lease is extended each time a third of it has passed. If the process
    /// crashes, the message can run again when the lease ends.
    ///
    /// # Panics
    ///
    /// When it is shorter than 10 ms.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use clerk_webhooks::idempotency::{IdempotencyLayer, MemoryStore};
    ///
    /// // After a crash, the message can run again at most 20 s later.
    /// let idempotency = IdempotencyLayer::new(MemoryStore::new(), "users")
    ///     .with_lease(Duration::from_secs(20));
    /// # assert!(format!("{idempotency:?}").contains("lease: 20s"));
    /// ```
    pub fn with_lease(mut self, lease: Duration) -> Self {
        let shortest = Duration::from_millis(10);
        assert!(
            lease >= shortest,
            "a lease of {lease:?} would run out at once"
        );
        self.endpoint.settings.lease = lease;
        self
    }

    /// How long a message counts as completed, whether it succeeded or failed permanently: 7 days unless set.
    /// Svix' retries span 27.6 hours; a manual resend after this time runs again.
    ///
    /// # Panics
    ///
    /// When it is zero: every duplicate would run again.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use clerk_webhooks::idempotency::{IdempotencyLayer, MemoryStore};
    ///
    /// // A manual resend within 30 days does not run again.
    /// let idempotency = IdempotencyLayer::new(MemoryStore::new(), "users")
    ///     .with_retention(Duration::from_secs(30 * 24 * 3_600));
    /// # assert!(format!("{idempotency:?}").contains("retention: 2592000s"));
    /// ```
    pub fn with_retention(mut self, retention: Duration) -> Self {
        assert!(
            !retention.is_zero(),
            "a retention of nothing would run duplicates"
        );
        self.endpoint.settings.retention = retention;
        self
    }

    /// How long a handler may run, including its wait for the inner service to be ready: 15 minutes unless set.
    /// After that the handler is aborted, its claim is released and an error is logged. A handler that never
    /// returns therefore does not block its message for ever.
    ///
    /// Aborted means that its future is dropped at an `await`. A handler that blocks its thread cannot be
    /// stopped. Its claim is released one lease later.
    ///
    /// # Panics
    ///
    /// When it is zero: every handler would be aborted.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use clerk_webhooks::idempotency::{IdempotencyLayer, MemoryStore};
    ///
    /// // A handler that hangs is aborted after 30 s.
    /// let idempotency = IdempotencyLayer::new(MemoryStore::new(), "users")
    ///     .with_longest_run(Duration::from_secs(30));
    /// # assert!(format!("{idempotency:?}").contains("longest_run: 30s"));
    /// ```
    pub fn with_longest_run(mut self, longest_run: Duration) -> Self {
        assert!(
            !longest_run.is_zero(),
            "a longest run of nothing would abort every handler"
        );
        self.endpoint.settings.longest_run = longest_run;
        self
    }

    /// How long to wait for an answer from the store: 5 s unless set. If a claim is not answered in time, the
    /// delivery is answered 503 and the handler does not run.
    ///
    /// # Panics
    ///
    /// When it is zero: no store could answer in time.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use clerk_webhooks::idempotency::{IdempotencyLayer, MemoryStore};
    ///
    /// // A delivery is answered 503 if its claim takes longer than 2 s.
    /// let idempotency = IdempotencyLayer::new(MemoryStore::new(), "users")
    ///     .with_store_timeout(Duration::from_secs(2));
    /// # assert!(format!("{idempotency:?}").contains("store_timeout: 2s"));
    /// ```
    pub fn with_store_timeout(mut self, store_timeout: Duration) -> Self {
        assert!(
            !store_timeout.is_zero(),
            "a store timeout of nothing would refuse every delivery"
        );
        self.endpoint.settings.store_timeout = store_timeout;
        self
    }

    /// How long a duplicate waits while another delivery of its message is being handled: 10 s unless set, 12 s
    /// at most, since the sender waits 15 s.
    ///
    /// - The other delivery succeeds: the duplicate is answered 200.
    /// - It fails permanently: the duplicate is answered 422.
    /// - It fails temporarily: one of the waiting duplicates runs the handler.
    /// - It does not end in time: the duplicate is answered 409.
    ///
    /// A 409 can lose a message. When a manual resend is answered 409, the sender cancels the message's
    /// remaining retries. If the first delivery then fails, nobody delivers the message again.
    ///
    /// # Panics
    ///
    /// When it is longer than 12 s.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use clerk_webhooks::idempotency::{IdempotencyLayer, MemoryStore};
    ///
    /// // A duplicate of a delivery in progress is answered 409 at once.
    /// let idempotency = IdempotencyLayer::new(MemoryStore::new(), "users")
    ///     .with_duplicate_wait(Duration::ZERO);
    /// # assert!(format!("{idempotency:?}").contains("duplicate_wait: 0ns"));
    /// ```
    pub fn with_duplicate_wait(mut self, duplicate_wait: Duration) -> Self {
        assert!(
            duplicate_wait <= LONGEST_DUPLICATE_WAIT,
            "the sender of a duplicate that waits {duplicate_wait:?} would have gone"
        );
        self.endpoint.settings.duplicate_wait = duplicate_wait;
        self
    }

    /// How many duplicates may wait at the same time in this process: 64 unless set. Any further duplicate is
    /// answered 409 at once.
    ///
    /// Waiting duplicates also count as [running](Self::with_max_running). All clones of the layer share one
    /// count.
    ///
    /// ```
    /// use clerk_webhooks::idempotency::{IdempotencyLayer, MemoryStore};
    ///
    /// // The 17th waiting duplicate is answered 409.
    /// let idempotency = IdempotencyLayer::new(MemoryStore::new(), "users")
    ///     .with_max_waiting(16);
    /// # assert!(format!("{idempotency:?}").contains("max_waiting: 16"));
    /// ```
    pub fn with_max_waiting(mut self, max_waiting: usize) -> Self {
        self.endpoint.settings.max_waiting = max_waiting;
        self
    }

    /// How many deliveries may run at the same time: 1,000 unless set. A delivery counts while its handler runs,
    /// and while it waits for the inner service, the store or another delivery. Any further delivery is
    /// answered 503 with `Retry-After`, and its message is not claimed.
    ///
    /// This bounds memory: each running delivery holds its body until its handler ends. Together the bodies
    /// take at most `max_running` times the body limit of `ClerkWebhookLayer`. With both defaults that is
    /// 1,000 × 2 MiB, some 2 GB. Clerk's events have a few kilobytes, so 1,000 of them take some megabytes.
    ///
    /// A limit on requests *outside* this layer does not bound this number. A sender that disconnects after 15 s
    /// returns its permit there, but its delivery continues to run.
    ///
    /// All clones of the layer share one count. Each service compares that count with the limit of the layer
    /// that made it.
    ///
    /// # Panics
    ///
    /// When it is zero: every delivery would be refused.
    ///
    /// ```
    /// use clerk_webhooks::idempotency::{IdempotencyLayer, MemoryStore};
    ///
    /// // The 201st running delivery is answered 503.
    /// let idempotency = IdempotencyLayer::new(MemoryStore::new(), "users")
    ///     .with_max_running(200);
    /// # assert!(format!("{idempotency:?}").contains("max_running: 200"));
    /// ```
    pub fn with_max_running(mut self, max_running: usize) -> Self {
        assert!(
            max_running > 0,
            "at most 0 running would refuse every delivery"
        );
        self.endpoint.settings.max_running = max_running;
        self
    }

    /// Runs a handler without tower, once for each message: the same steps, settings, counts and drain as those
    /// of the layer's service.
    ///
    /// `Ok(Ok(Some(_)))`: the handler ran and succeeded. `Ok(Ok(None))`: the message was processed before, and
    /// the handler did not run; answer 200. `Ok(Err(_))`: the handler ran and failed.
    ///
    /// The handler starts when the future is polled first. It runs in its own task, to its end: also if the
    /// future is dropped.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] if the delivery is not acknowledged, as the [module's documentation](super) lists.
    ///
    /// # Panics
    ///
    /// When it is called outside a tokio runtime.
    ///
    /// ```
    /// use clerk_webhooks::{
    ///     Rejection, VerifiedClerkEvent, WebhookError,
    ///     idempotency::{IdempotencyLayer, MemoryStore},
    /// };
    /// # use clerk_webhooks::testing::{deliver, fixtures};
    ///
    /// async fn receive(
    ///     event: VerifiedClerkEvent,
    ///     idempotency: &IdempotencyLayer<MemoryStore>,
    /// ) -> Result<http::Response<String>, Rejection> {
    ///     let delivery = event.delivery().clone();
    ///     Ok(match idempotency.run(&delivery, on_event(event)).await? {
    ///         Ok(Some(())) => http::Response::new("processed".into()),
    ///         Ok(None) => http::Response::new("already processed".into()),
    ///         Err(failure) => failure.to_response(),
    ///     })
    /// }
    ///
    /// async fn on_event(event: VerifiedClerkEvent) -> Result<(), WebhookError> {
    ///     println!("once: {}", event.message_id());
    ///     Ok(())
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Rejection> {
    /// # let idempotency = IdempotencyLayer::new(MemoryStore::new(), "users");
    /// # let event: VerifiedClerkEvent = deliver(fixtures::user_created());
    /// # assert_eq!(receive(event.clone(), &idempotency).await?.body(), "processed");
    /// # assert_eq!(receive(event, &idempotency).await?.body(), "already processed");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run<T, F>(
        &self,
        delivery: &VerifiedDelivery,
        handler: F,
    ) -> Result<Result<Option<T>, WebhookError>, Rejection>
    where
        F: Future<Output = Result<T, WebhookError>> + Send + 'static,
        T: Send + 'static,
    {
        let running = self.endpoint.start(delivery.clone(), handler, judge);
        Ok(running.await?.transpose())
    }

    /// For a graceful shutdown: refuses new deliveries and waits until the running ones end.
    ///
    /// ```
    /// # use std::convert::Infallible;
    /// #
    /// # use clerk_webhooks::{
    /// #     idempotency::{IdempotencyLayer, MemoryStore},
    /// #     testing::{self, fixtures},
    /// # };
    /// # use http::{Request, Response};
    /// # use tower::{Layer as _, ServiceExt as _, service_fn};
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Infallible> {
    /// # let handler = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
    /// # let mut delivery = Request::new(());
    /// # let verified = testing::deliver(fixtures::user_created()).delivery().clone();
    /// # delivery.extensions_mut().insert(verified);
    /// let idempotency = IdempotencyLayer::new(MemoryStore::new(), "users");
    /// let drain = idempotency.drain_handle();
    /// let service = idempotency.layer(handler);
    /// drain.drain().await;
    /// let refused = service.oneshot(delivery).await?;
    /// assert_eq!(refused.status(), 503);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn drain_handle(&self) -> DrainHandle {
        let shared = &self.endpoint.shared;
        DrainHandle::new(shared.running.clone(), shared.draining.clone())
    }

    /// How deliveries have ended since the layer was made.
    ///
    /// ```
    /// # use std::convert::Infallible;
    /// #
    /// # use clerk_webhooks::{
    /// #     idempotency::{IdempotencyLayer, MemoryStore},
    /// #     testing::{self, fixtures},
    /// # };
    /// # use http::{Request, Response};
    /// # use tower::{Layer as _, ServiceExt as _, service_fn};
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Infallible> {
    /// # let handler = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
    /// # let mut delivery = Request::new(());
    /// # let verified = testing::deliver(fixtures::user_created()).delivery().clone();
    /// # delivery.extensions_mut().insert(verified);
    /// let idempotency = IdempotencyLayer::new(MemoryStore::new(), "users");
    /// let service = idempotency.layer(handler);
    /// service.clone().oneshot(delivery.clone()).await?;
    /// service.oneshot(delivery).await?;
    /// let counts = idempotency.counts();
    /// assert_eq!((counts.completed, counts.duplicates), (1, 1));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.endpoint.shared.counters.counts()
    }
}

fn judge<T>(answer: &Result<T, WebhookError>, delivery: &VerifiedDelivery) -> Option<Outcome> {
    match answer {
        Ok(_) => Some(Outcome::Succeeded),
        Err(error) => {
            failure::log(error, Some(delivery));
            (error.disposition() == Disposition::Permanent).then_some(Outcome::PermanentlyFailed)
        }
    }
}

impl<S, St> Layer<S> for IdempotencyLayer<St> {
    type Service = Idempotency<S, St>;

    fn layer(&self, inner: S) -> Self::Service {
        Idempotency::new(inner, self.endpoint.clone())
    }
}

/// Written by hand, since the store is shared and need not be `Clone`.
impl<St> Clone for IdempotencyLayer<St> {
    fn clone(&self) -> Self {
        Self {
            endpoint: self.endpoint.clone(),
        }
    }
}

impl<St> fmt::Debug for IdempotencyLayer<St> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyLayer")
            .field("scope", &self.endpoint.shared.scope)
            .field("settings", &self.endpoint.settings)
            .field("running", &self.endpoint.shared.running.len())
            .finish_non_exhaustive()
    }
}
