//! The worker: what runs events.

use std::{fmt, future, pin::pin, sync::Arc, time::Duration};

use clerk_webhooks::queue::RetryPolicy;
use tokio::sync::oneshot;

use super::{
    dead_letter::DeadLetter,
    poll,
    queue::{Engine, Queue},
    settings::{Handler, Settings},
};

const SHORTEST_LEASE: Duration = Duration::from_secs(1);
const LONGEST_LEASE: Duration = Duration::from_secs(24 * 3600);
const MOST_AT_ONCE: usize = 100_000;

/// Runs a service with each event of a queue, until it is told to stop.
///
/// How an attempt ends decides what becomes of the event:
///
/// | the service | the event |
/// |---|---|
/// | succeeds | is done; its id is kept, its body is not |
/// | fails with a permanent `WebhookError` in the error's source chain, or with an event that it cannot decode | is dead-lettered |
/// | fails otherwise, panics, or takes longer than [15 minutes](Self::with_longest_run) | runs again after a pause, by the [`RetryPolicy`]; is dead-lettered after the last attempt |
/// | is cut off: its process was killed or crashed | runs again when its [lease](Self::with_lease) has ended; after its second crash, alone; is dead-lettered after the [fifth](Self::with_max_crashes) |
/// | has called [`complete`](super::Complete::complete) | is done if that transaction was committed; else the attempt has failed |
///
/// Every lease counts as an attempt, crashes included.
///
/// A database that cannot be reached does not end the worker, nor what it runs: it tries again until it can.
/// Any number of workers, in any number of processes, may serve one queue. A worker that is idle looks for
/// events once a second, and is woken at once by what its own process stores.
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
///     .on_dead_letter(|letter| eprintln!("{}: {}", letter.message_id(), letter.error()));
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
    /// When an event that failed runs again: [`RetryPolicy::new`] unless set. All workers of a queue should
    /// have the same.
    pub fn with_retry_policy(mut self, retry_policy: RetryPolicy) -> Self {
        self.settings.retry_policy = retry_policy;
        self
    }

    /// How many events it runs at once: 10 unless set; at least one, and at most 100,000. It leases no more
    /// than that.
    pub fn with_concurrency(mut self, concurrency: usize) -> Self {
        let concurrency = concurrency.clamp(1, MOST_AT_ONCE);
        self.settings.concurrency = concurrency.try_into().unwrap_or(u32::MAX);
        self
    }

    /// How long until others take over what a crashed worker ran: 10 s unless set; from 1 s to a day. A worker
    /// extends the leases of what it runs each quarter of that.
    ///
    /// Nobody takes over before having been in touch with the database itself for so long: after an outage,
    /// those that live extend their leases first.
    ///
    /// All workers of a queue should have the same. **A handler that blocks its thread can keep a worker from
    /// extending**; use `spawn_blocking` for such work. On SQLite it should be several times longer than the
    /// longest transaction on the same file.
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.settings.lease = lease.clamp(SHORTEST_LEASE, LONGEST_LEASE);
        self
    }

    /// How long an attempt may take: 15 minutes unless set. Then the handler's future is dropped, and the
    /// attempt has failed. A handler that blocks its thread cannot be stopped so.
    pub fn with_longest_run(mut self, longest_run: Duration) -> Self {
        self.settings.longest_run = longest_run;
        self
    }

    /// After how many crashes an event is dead-lettered, however many attempts are left: 5 unless set; at
    /// least one.
    ///
    /// An event that ends its process takes what runs beside it along. So after its second crash an event
    /// waits for a random time, up to a lease, and runs alone: its worker first lets everything else finish.
    pub fn with_max_crashes(mut self, max_crashes: u32) -> Self {
        self.settings.max_crashes = max_crashes.max(1).into();
        self
    }

    /// For how long the ids of processed messages are kept: [`RETENTION`](super::RETENTION), 7 days, unless
    /// set. It [purges](Queue::purge) when it starts and then hourly.
    pub fn with_retention(mut self, retention: Duration) -> Self {
        self.settings.retention = retention;
        self
    }

    /// Calls `on_dead_letter` with each event that this worker dead-letters, once that is stored. It should
    /// return at once.
    ///
    /// It is called at most once: not when the process ends just after the row was stored. Whoever must not
    /// miss one asks for the [count](Queue::count_dead), which is durable.
    pub fn on_dead_letter(
        mut self,
        on_dead_letter: impl Fn(&DeadLetter) + Send + Sync + 'static,
    ) -> Self {
        self.settings.on_dead_letter = Arc::new(on_dead_letter);
        self
    }

    /// Runs until `shutdown` is ready; then leases no more, finishes what runs, and returns.
    ///
    /// Put it into a `tokio::time::timeout` if that should have a limit. What is cut off by it, or by the end
    /// of the runtime, runs again as after a crash. A database that is away when it is time to stop is waited
    /// for, some 20 seconds at most.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) {
        let (order, ordered) = oneshot::channel();
        let ordered = async { drop(ordered.await) };
        let mut work = pin!(poll::work(self.queue, self.service, self.settings, ordered));
        // Polled all the time: it may hold a connection of the queue that the worker waits for.
        tokio::select! {
            () = &mut work => return,
            () = shutdown => {}
        }
        let _ = order.send(());
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
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
