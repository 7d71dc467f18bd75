//! The worker: what runs events.

mod heart;
mod job;
mod poll;
mod registration;

use std::{fmt, future, sync::Arc, time::Duration};

use clerk_webhooks::queue::{QueuedEvent, RetryPolicy};
use tower::{BoxError, Service};

use crate::{dead_letter::DeadLetter, engine::Engine, queue::Queue};

const DEFAULT_CONCURRENCY: usize = 10;
const DEFAULT_HEARTBEAT: Duration = Duration::from_secs(2);
/// Engines tell times apart by the second.
const SHORTEST_HEARTBEAT: Duration = Duration::from_secs(1);
const LONGEST_HEARTBEAT: Duration = Duration::from_secs(3600);
const MOST_AT_ONCE: usize = 100_000;

/// What a worker can run: any `tower::Service<QueuedEvent, Response = ()>` that is `Clone + Send + 'static`,
/// with an error that is `Into<BoxError>` and a future that is `Send`.
///
/// It is implemented for all of them. [`EventHandler`](clerk_webhooks::queue::EventHandler) makes one of an
/// async function; tower's middleware wraps it:
///
/// ```
/// use std::time::Duration;
///
/// use clerk_webhooks::{ClerkEvent, WebhookError, queue::{EventContext, EventHandler}};
/// use clerk_webhooks_apalis::Handler;
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

/// Runs a service with each event of a queue, until it is told to stop.
///
/// How a run ends decides what becomes of the event:
///
/// | the service | the event |
/// |---|---|
/// | is done | is done; its id is kept, its body is not |
/// | fails with a permanent `WebhookError` in the error's source chain, or with an event that it cannot decode | is a dead letter |
/// | fails otherwise, or panics | runs again after a pause, by the [`RetryPolicy`]; a dead letter after the last attempt |
/// | is cut off, its process being killed | runs again at once, when the heartbeat is found missing; the attempt counts |
///
/// An engine that cannot be reached does not end the worker, nor what it runs: it tries again until it
/// can. Any number of workers, in any number of processes, may serve one queue.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use clerk_webhooks::{RawClerkEvent, WebhookError, queue::{EventContext, EventHandler}};
/// use clerk_webhooks_apalis::SqliteQueue;
///
/// async fn on_event(_: RawClerkEvent, _: EventContext<()>) -> Result<(), WebhookError> {
///     Ok(())
/// }
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("queue.db");
/// let queue = SqliteQueue::open(path, "clerk").await?;
/// let worker = queue
///     .worker(EventHandler::new((), on_event))
///     .with_concurrency(4)
///     .on_dead_letter(|letter| eprintln!("{}: {}", letter.message_id(), letter.error()));
/// # let stop = async {};
/// worker.run_until(stop).await;
/// # Ok(())
/// # }
/// # #[cfg(feature = "sqlite")]
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
#[must_use = "a worker does nothing until it is run"]
pub struct Worker<E, S> {
    queue: Queue<E>,
    service: S,
    concurrency: usize,
    heartbeat: Duration,
    settings: Settings,
}

/// What every run has to know.
#[derive(Clone)]
struct Settings {
    retry_policy: RetryPolicy,
    on_dead_letter: Arc<dyn Fn(&DeadLetter) + Send + Sync>,
}

impl<E: Engine, S: Handler> Worker<E, S> {
    pub(crate) fn new(queue: Queue<E>, service: S) -> Self {
        Self {
            queue,
            service,
            concurrency: DEFAULT_CONCURRENCY,
            heartbeat: DEFAULT_HEARTBEAT,
            settings: Settings {
                retry_policy: RetryPolicy::new(),
                on_dead_letter: Arc::new(|_| {}),
            },
        }
    }

    /// When an event that failed runs again: [`RetryPolicy::new`] unless set. All workers of a queue should
    /// have the same.
    pub fn with_retry_policy(mut self, retry_policy: RetryPolicy) -> Self {
        self.settings.retry_policy = retry_policy;
        self
    }

    /// How many events it runs at once: 10 unless set; at least one, and at most 100,000.
    pub fn with_concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.clamp(1, MOST_AT_ONCE);
        self
    }

    /// How often it says that it is alive: every 2 s unless set; at least 1 s, at most an hour. A worker that
    /// has missed five is taken for dead, and what it ran runs again: with the default 8 to 13 s after its end,
    /// or 10 to 13 s after another worker has started, if there was none.
    ///
    /// Nobody is taken for dead by a worker that has not itself been in touch with the engine all that time:
    /// after an outage, those that live show themselves first.
    ///
    /// All workers of a queue should have the same. **A handler that blocks its thread can keep a worker
    /// from saying so**; use `spawn_blocking` for such work. On SQLite it should be longer than any
    /// transaction of others on the same file.
    pub fn with_heartbeat(mut self, heartbeat: Duration) -> Self {
        self.heartbeat = heartbeat.clamp(SHORTEST_HEARTBEAT, LONGEST_HEARTBEAT);
        self
    }

    /// Calls `on_dead_letter` with each event that this worker gives up, once it is stored as dead: to raise
    /// an alarm. It should return at once.
    pub fn on_dead_letter(
        mut self,
        on_dead_letter: impl Fn(&DeadLetter) + Send + Sync + 'static,
    ) -> Self {
        self.settings.on_dead_letter = Arc::new(on_dead_letter);
        self
    }

    /// Runs until `shutdown` is ready; then fetches no more, finishes what runs, and returns.
    ///
    /// There is no time limit on that: put it into a `tokio::time::timeout` if there should be. What is cut off
    /// by it, or by the end of the runtime, runs again in another process, as after a crash. An engine that is
    /// away when it is time to stop is waited for, for half a minute at most.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) {
        poll::work(self, shutdown).await;
    }

    /// Runs for ever.
    pub async fn run(self) {
        self.run_until(future::pending()).await;
    }
}

impl<E: fmt::Debug, S> fmt::Debug for Worker<E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("queue", &self.queue)
            .field("concurrency", &self.concurrency)
            .field("heartbeat", &self.heartbeat)
            .field("retry_policy", &self.settings.retry_policy)
            .finish_non_exhaustive()
    }
}
