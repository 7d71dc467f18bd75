//! The layer: its store, its scope, its times.

use std::{fmt, sync::Arc, time::Duration};

use tokio_util::task::TaskTracker;
use tower_layer::Layer;

use super::{
    counts::{Counters, Counts},
    drain::DrainHandle,
    service::Idempotency,
    store::IdempotencyStore,
};
use crate::timeout::DEFAULT_TIMEOUT;

const DEFAULT_LEASE: Duration = Duration::from_secs(60);
/// Svix' retries span 27.6 hours; the rest is for people who resend by hand.
const DEFAULT_RETENTION: Duration = Duration::from_secs(7 * 24 * 3600);
const DEFAULT_LONGEST_RUN: Duration = Duration::from_secs(15 * 60);
const DEFAULT_MAX_RUNNING: usize = 1_000;

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
/// The [module's documentation](super) tells how each case ends. The inner service runs in a task of its
/// own, on the current tokio runtime. Clones share store, counts and running tasks.
///
/// # Panics
///
/// Its service panics when it is called outside of a tokio runtime.
#[must_use = "a layer does nothing until it is put on a service"]
pub struct IdempotencyLayer<St> {
    pub(super) shared: Arc<Shared<St>>,
    pub(super) times: Times,
    pub(super) max_running: usize,
}

/// What all clones of a layer, and the services that they made, have in common.
pub(super) struct Shared<St> {
    pub(super) store: St,
    pub(super) scope: Arc<str>,
    pub(super) running: TaskTracker,
    pub(super) counters: Counters,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) lease: Duration,
    pub(super) retention: Duration,
    pub(super) longest_run: Duration,
    pub(super) store_timeout: Duration,
}

impl<St: IdempotencyStore> IdempotencyLayer<St> {
    /// A layer that keeps its claims in `store`, under `scope`.
    ///
    /// The scope is the endpoint's name, such as `"users"`. Two endpoints get the same message under the
    /// same id: with one scope on one store, each would swallow the other's events. All processes that
    /// serve one endpoint use one scope.
    pub fn new(store: St, scope: impl Into<Arc<str>>) -> Self {
        Self {
            shared: Arc::new(Shared {
                store,
                scope: scope.into(),
                running: TaskTracker::new(),
                counters: Counters::default(),
            }),
            times: Times {
                lease: DEFAULT_LEASE,
                retention: DEFAULT_RETENTION,
                longest_run: DEFAULT_LONGEST_RUN,
                store_timeout: DEFAULT_TIMEOUT,
            },
            max_running: DEFAULT_MAX_RUNNING,
        }
    }

    /// How long a claim lasts without being extended: 60 s unless set. A message whose process died can
    /// run again after it. It is extended every third of it while the handler runs.
    ///
    /// # Panics
    ///
    /// When it is shorter than 10 ms.
    pub fn with_lease(mut self, lease: Duration) -> Self {
        let shortest = Duration::from_millis(10);
        assert!(
            lease >= shortest,
            "a lease of {lease:?} would run out at once"
        );
        self.times.lease = lease;
        self
    }

    /// For how long a message counts as done: 7 days unless set. Svix' retries span 27.6 hours; a manual
    /// resend after this time runs again.
    ///
    /// # Panics
    ///
    /// When it is zero: every duplicate would run again.
    pub fn with_retention(mut self, retention: Duration) -> Self {
        assert!(
            !retention.is_zero(),
            "a retention of nothing would run duplicates"
        );
        self.times.retention = retention;
        self
    }

    /// How long a handler may run, its wait for the inner service's readiness included: 15 minutes unless
    /// set. Then it is aborted, its claim released and an
    /// error logged, so that one that never returns does not hold its event for ever.
    ///
    /// Aborted means dropped where it awaits. A handler that blocks its thread cannot be stopped: its
    /// claim is released a lease later nevertheless.
    ///
    /// # Panics
    ///
    /// When it is zero: every handler would be aborted.
    pub fn with_longest_run(mut self, longest_run: Duration) -> Self {
        assert!(
            !longest_run.is_zero(),
            "a longest run of nothing would abort every handler"
        );
        self.times.longest_run = longest_run;
        self
    }

    /// How long to wait for an answer of the store: 5 s unless set. No answer to a claim is a 503, and the
    /// handler is not run.
    ///
    /// # Panics
    ///
    /// When it is zero: no store could answer in time.
    pub fn with_store_timeout(mut self, store_timeout: Duration) -> Self {
        assert!(
            !store_timeout.is_zero(),
            "a store timeout of nothing would refuse every delivery"
        );
        self.times.store_timeout = store_timeout;
        self
    }

    /// How many deliveries may run at once, handled or waiting for the inner service or the store: 1,000
    /// unless set. One more is answered 503 with `Retry-After`, and nothing is claimed for it.
    ///
    /// Limits outside of this layer do not bound them: a sender that gives up after 15 s frees its place
    /// there, and its delivery runs on. Each holds its body, so that together they hold at most
    /// `max_running` times the limit of `ClerkWebhookLayer`: with both defaults 1,000 × 2 MiB, some 2 GB.
    /// Clerk's events have a few kilobytes; 1,000 of them are some megabytes.
    ///
    /// The layer's clones count together; each service keeps to the number of the layer that made it.
    ///
    /// # Panics
    ///
    /// When it is zero: every delivery would be refused.
    pub fn with_max_running(mut self, max_running: usize) -> Self {
        assert!(
            max_running > 0,
            "at most 0 running would refuse every delivery"
        );
        self.max_running = max_running;
        self
    }

    /// For a graceful shutdown: stops new deliveries, and waits for those that run.
    #[must_use]
    pub fn drain_handle(&self) -> DrainHandle {
        DrainHandle::new(self.shared.running.clone())
    }

    /// What has happened since the layer was made.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.counters.counts()
    }
}

impl<S, St> Layer<S> for IdempotencyLayer<St> {
    type Service = Idempotency<S, St>;

    fn layer(&self, inner: S) -> Self::Service {
        Idempotency::new(inner, self.clone())
    }
}

/// Of a shared store, which need not be `Clone` itself.
impl<St> Clone for IdempotencyLayer<St> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            times: self.times,
            max_running: self.max_running,
        }
    }
}

impl<St> fmt::Debug for IdempotencyLayer<St> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyLayer")
            .field("scope", &self.shared.scope)
            .field("times", &self.times)
            .field("max_running", &self.max_running)
            .field("running", &self.shared.running.len())
            .finish_non_exhaustive()
    }
}
