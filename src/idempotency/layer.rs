//! The layer: its store, its scope, its times.

use std::{fmt, sync::Arc, time::Duration};

use tower_layer::Layer;

use super::{
    counts::Counts,
    drain::DrainHandle,
    endpoint::{Endpoint, Settings},
    service::Idempotency,
    store::IdempotencyStore,
};
use crate::timeout::DEFAULT_TIMEOUT;

const DEFAULT_LEASE: Duration = Duration::from_secs(60);
/// Svix' retries span 27.6 hours; the rest is for people who resend by hand.
const DEFAULT_RETENTION: Duration = Duration::from_secs(7 * 24 * 3600);
const DEFAULT_LONGEST_RUN: Duration = Duration::from_secs(15 * 60);
/// A handler of a few seconds ends meanwhile; the sender waits 15 s.
const DEFAULT_DUPLICATE_WAIT: Duration = Duration::from_secs(10);
/// The store may take another 2 s for its last answer.
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
/// The [module's documentation](super) says how each case ends. The inner service runs in a task of its
/// own, on the current tokio runtime. Clones share store, counts and running tasks.
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
    /// The scope is the endpoint's name, such as `"users"`. Two endpoints get the same message under the
    /// same id: with one scope on one store, each would take the other's events for duplicates. All processes that
    /// serve one endpoint use one scope.
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
        self.endpoint.settings.lease = lease;
        self
    }

    /// How long a message counts as completed, whether it succeeded or failed permanently: 7 days unless set.
    /// Svix' retries span 27.6 hours; a manual resend after this time runs again.
    ///
    /// # Panics
    ///
    /// When it is zero: every duplicate would run again.
    pub fn with_retention(mut self, retention: Duration) -> Self {
        assert!(
            !retention.is_zero(),
            "a retention of nothing would run duplicates"
        );
        self.endpoint.settings.retention = retention;
        self
    }

    /// How long a handler may run, its wait for the inner service's readiness included: 15 minutes unless
    /// set. Then it is aborted, its claim is released and an error is logged, so that a handler that never
    /// returns does not hold its event for ever.
    ///
    /// Aborted means dropped where it awaits. A handler that blocks its thread cannot be stopped; its claim is
    /// released one lease later.
    ///
    /// # Panics
    ///
    /// When it is zero: every handler would be aborted.
    pub fn with_longest_run(mut self, longest_run: Duration) -> Self {
        assert!(
            !longest_run.is_zero(),
            "a longest run of nothing would abort every handler"
        );
        self.endpoint.settings.longest_run = longest_run;
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
        self.endpoint.settings.store_timeout = store_timeout;
        self
    }

    /// How long a duplicate waits while another delivery of its message is being handled: 10 s unless set, 12 s
    /// at most, since the sender waits 15 s. If the other succeeds meanwhile the answer is 200, if it fails
    /// permanently 422; if it fails for now, one of those that wait runs the handler. When the wait is over the
    /// answer is 409.
    ///
    /// A 409 costs more than time. A manual resend that is answered 409 while the first delivery is running
    /// makes the sender drop its retries: when the first delivery then fails, the message is lost.
    ///
    /// # Panics
    ///
    /// When it is longer than 12 s.
    pub fn with_duplicate_wait(mut self, duplicate_wait: Duration) -> Self {
        assert!(
            duplicate_wait <= LONGEST_DUPLICATE_WAIT,
            "the sender of a duplicate that waits {duplicate_wait:?} would have gone"
        );
        self.endpoint.settings.duplicate_wait = duplicate_wait;
        self
    }

    /// How many duplicates may wait at once in this process: 64 unless set. One more is answered 409 at once.
    ///
    /// They count as [running](Self::with_max_running) too. The layer's clones count together.
    pub fn with_max_waiting(mut self, max_waiting: usize) -> Self {
        self.endpoint.settings.max_waiting = max_waiting;
        self
    }

    /// How many deliveries may run at once, handled or waiting for the inner service or the store: 1,000
    /// unless set. One more is answered 503 with `Retry-After`, and nothing is claimed for it.
    ///
    /// Limits outside this layer do not bound them: a sender that gives up after 15 s frees its permit there,
    /// and its delivery runs on. Each holds its body, so that together they hold at most
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
        self.endpoint.settings.max_running = max_running;
        self
    }

    /// For a graceful shutdown: stops new deliveries, and waits for those that run.
    #[must_use]
    pub fn drain_handle(&self) -> DrainHandle {
        let shared = &self.endpoint.shared;
        DrainHandle::new(shared.running.clone(), shared.draining.clone())
    }

    /// What has happened since the layer was made.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.endpoint.shared.counters.counts()
    }
}

impl<S, St> Layer<S> for IdempotencyLayer<St> {
    type Service = Idempotency<S, St>;

    fn layer(&self, inner: S) -> Self::Service {
        Idempotency::new(inner, self.endpoint.clone())
    }
}

/// Of a shared store, which need not be `Clone` itself.
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
