//! The worker: what runs events.

use std::{fmt, future, pin::pin, sync::Arc, time::Duration};

use clerk_webhooks::queue::{Handler, RetryPolicy};
use tokio::sync::watch;

use super::{dead_letter::DeadLetter, poll, queue::Queue, settings::Settings};
use crate::engine::Engine;

const SHORTEST_LEASE: Duration = Duration::from_secs(1);
const LONGEST_LEASE: Duration = Duration::from_secs(24 * 3600);
const MOST_AT_ONCE: usize = 100_000;

/// Runs a service with each event of a queue, until it is told to stop.
///
/// How an attempt ends decides what happens to the event:
///
/// | the service | the event |
/// |---|---|
/// | succeeds | is done; its id is kept, its body is deleted |
/// | fails with a permanent `WebhookError` in the error's source chain, or cannot decode the event | is dead-lettered |
/// | fails in another way, panics, or takes longer than [15 minutes](Self::with_longest_run) | runs again after a pause, by the [`RetryPolicy`]; is dead-lettered after the last attempt |
/// | does not end, because its process crashes or is killed | runs again when its [lease](Self::with_lease) ends; after its second crash it runs alone; after the [fifth](Self::with_max_crashes) it is dead-lettered |
/// | has called [`complete`](super::Complete::complete) | is done if that transaction was committed; otherwise the attempt has failed |
///
/// Every lease counts as an attempt, including one whose worker crashed.
///
/// When the database cannot be reached, the worker and its running handlers continue: the worker tries again until
/// the database answers. Any number of workers in any number of processes may serve one queue. An idle worker looks
/// for events once a second. An event that its own process stores wakes it at once.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use clerk_webhooks::{RawClerkEvent, WebhookError, queue::{EventContext, EventHandler}};
/// use clerk_webhooks_sqlx::{migrate, open_sqlite, queue::Queue};
///
/// async fn on_event(_: RawClerkEvent, _: EventContext<()>) -> Result<(), WebhookError> {
///     Ok(())
/// }
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("app.db");
/// let pool = open_sqlite(path).await?;
/// migrate(&pool).await?;
/// let worker = Queue::new(&pool, "clerk")
///     .await?
///     .worker(EventHandler::new((), on_event))
///     .with_concurrency(4)
///     .on_dead_letter(|letter| eprintln!("{}: {}", letter.message_id, letter.error));
/// # let stop = async {};
/// worker.run_until(stop).await;
/// # Ok(())
/// # }
/// # #[cfg(feature = "sqlite")]
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
#[must_use = "a worker does nothing until it is run"]
pub struct Worker<DB: Engine, S> {
    queue: Queue<DB>,
    service: S,
    settings: Settings,
}

impl<DB: Engine> Queue<DB> {
    /// A worker that runs `service` with each event: an
    /// [`EventHandler`](clerk_webhooks::queue::EventHandler), or any other `tower::Service<QueuedEvent>`.
    #[must_use = "a worker does nothing until it is run"]
    pub fn worker<S: Handler>(&self, service: S) -> Worker<DB, S> {
        Worker {
            queue: self.clone(),
            service,
            settings: Settings::default(),
        }
    }
}

impl<DB: Engine, S: Handler> Worker<DB, S> {
    /// When a failed event runs again: [`RetryPolicy::new`] unless set. All workers of a queue should use the same
    /// policy.
    pub fn with_retry_policy(mut self, retry_policy: RetryPolicy) -> Self {
        self.settings.retry_policy = retry_policy;
        self
    }

    /// How many events the worker leases and runs at the same time: 10 unless set; at least one, and at most
    /// 100,000.
    pub fn with_concurrency(mut self, concurrency: usize) -> Self {
        self.settings.concurrency = concurrency.clamp(1, MOST_AT_ONCE);
        self
    }

    /// How long after a worker's crash other workers take over its events: 10 s unless set; from 1 s to a day. A
    /// worker extends the leases of its running events each time a quarter of the lease has passed.
    ///
    /// A worker takes over an event only after it has itself reached the database for the length of a lease. So
    /// after a database outage, the workers that still run extend their leases first.
    ///
    /// All workers of a queue should use the same lease. **A handler that blocks its thread can keep its worker
    /// from extending leases**; use `spawn_blocking` for blocking work. On SQLite, the lease should be several times
    /// longer than the longest transaction on the same file.
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.settings.lease = lease.clamp(SHORTEST_LEASE, LONGEST_LEASE);
        self
    }

    /// How long an attempt may take: 15 minutes unless set. Then the handler's future is dropped, and the attempt
    /// has failed. This cannot stop a handler that blocks its thread.
    pub fn with_longest_run(mut self, longest_run: Duration) -> Self {
        self.settings.longest_run = longest_run;
        self
    }

    /// After how many crashes an event is dead-lettered, even if attempts are left: 5 unless set; at least one.
    ///
    /// An event that crashes its process also aborts the other events of that worker. So after its second crash an
    /// event waits for a random time, up to a lease, and then runs alone: its worker first waits until all its other
    /// events have ended.
    pub fn with_max_crashes(mut self, max_crashes: u32) -> Self {
        self.settings.max_crashes = max_crashes.max(1).into();
        self
    }

    /// How long the ids of processed messages are kept: [`RETENTION`](super::RETENTION), 7 days, unless set. The
    /// worker [purges](Queue::purge) when it starts and then hourly.
    pub fn with_retention(mut self, retention: Duration) -> Self {
        self.settings.retention = retention;
        self
    }

    /// Calls `on_dead_letter` with each event that this worker dead-letters, after the dead letter was stored. The
    /// function should return at once.
    ///
    /// It is called at most once for each dead letter, and not at all if the process ends just after the dead letter
    /// was stored. If you must not miss one, poll the [count](Queue::count_dead), which is durable.
    pub fn on_dead_letter(
        mut self,
        on_dead_letter: impl Fn(&DeadLetter) + Send + Sync + 'static,
    ) -> Self {
        self.settings.on_dead_letter = Arc::new(on_dead_letter);
        self
    }

    /// Runs until `shutdown` is ready. Then the worker leases no more events, lets the running ones end, and
    /// returns.
    ///
    /// To limit that time, use `tokio::time::timeout`. An event that is aborted by the timeout, or by the end of the
    /// runtime, runs again as after a crash. If the database cannot be reached during the shutdown, the worker waits
    /// for it some 40 seconds at most.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) {
        let (order, stop) = watch::channel(false);
        let mut work = pin!(poll::work(self.queue, self.service, self.settings, stop));
        // Polled all the time: it may hold a connection of the queue that the worker waits for.
        tokio::select! {
            () = &mut work => return,
            () = shutdown => {}
        }
        order.send_replace(true);
        work.await;
    }

    /// Runs for ever.
    pub async fn run(self) {
        self.run_until(future::pending()).await;
    }
}

impl<DB: Engine, S> fmt::Debug for Worker<DB, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}
