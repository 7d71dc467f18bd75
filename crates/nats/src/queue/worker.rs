//! The worker: what runs events.

use std::{fmt, future, sync::Arc, time::Duration};

use clerk_webhooks::queue::{Handler, RetryPolicy};

use super::{dead_letter::DeadLetter, poll, queue::Queue, settings::Settings};

const SHORTEST_LEASE: Duration = Duration::from_secs(1);
const LONGEST_LEASE: Duration = Duration::from_secs(24 * 3600);
const MOST_AT_ONCE: usize = 100_000;

/// Runs a service with each event of a queue, until it is told to stop.
///
/// How an attempt ends decides what happens to the event:
///
/// | the service | the event |
/// |---|---|
/// | succeeds | is done: the server deletes it, and keeps its id for the duplicate window |
/// | fails with a permanent `WebhookError` in the error's source chain, or cannot decode the event | is dead-lettered |
/// | fails in another way, panics, or takes longer than [15 minutes](Self::with_longest_run) | runs again after a pause, by the [`RetryPolicy`]; is dead-lettered after the last attempt |
/// | does not end, because its process crashes or is killed | runs again when its [lease](Self::with_lease) ends; after its second crash it runs alone; after the [fifth](Self::with_max_crashes) it is dead-lettered |
///
/// Every delivery by the server counts as an attempt, including one whose worker crashed.
///
/// When the server cannot be reached, the worker and its running handlers continue: the worker tries again until the
/// server answers. **If the server is down for longer than the lease, the events that ran then run again**, at the same
/// time as the first run if that has not ended. Any number of workers in any number of processes may serve one queue. An
/// idle worker asks the server once a second; the server answers at once when an event is stored.
///
/// ```no_run
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use clerk_webhooks::{RawClerkEvent, WebhookError, queue::{EventContext, EventHandler}};
/// use clerk_webhooks_nats::{Streams, migrate, open_nats, queue::Queue};
///
/// async fn on_event(_: RawClerkEvent, _: EventContext<()>) -> Result<(), WebhookError> {
///     Ok(())
/// }
///
/// let streams = Streams::new(open_nats("nats://127.0.0.1:4222").await?);
/// migrate(&streams).await?;
/// let worker = Queue::new(&streams, "clerk")
///     .await?
///     .worker(EventHandler::new((), on_event))
///     .with_concurrency(4)
///     .on_dead_letter(|letter| eprintln!("{}: {}", letter.message_id, letter.error));
/// # let stop = async {};
/// worker.run_until(stop).await;
/// # Ok(())
/// # }
/// ```
#[must_use = "a worker does nothing until it is run"]
pub struct Worker<S> {
    queue: Queue,
    service: S,
    settings: Settings,
}

impl Queue {
    /// A worker that runs `service` with each event: an
    /// [`EventHandler`](clerk_webhooks::queue::EventHandler), or any other `tower::Service<QueuedEvent>`.
    #[must_use = "a worker does nothing until it is run"]
    pub fn worker<S: Handler>(&self, service: S) -> Worker<S> {
        Worker {
            queue: self.clone(),
            service,
            settings: Settings::default(),
        }
    }
}

impl<S: Handler> Worker<S> {
    /// When a failed event runs again: [`RetryPolicy::new`] unless set. All workers of a queue should use the same
    /// policy.
    pub fn with_retry_policy(mut self, retry_policy: RetryPolicy) -> Self {
        self.settings.retry_policy = retry_policy;
        self
    }

    /// How many events the worker gets and runs at the same time: 10 unless set; at least one, and at most 100,000. It
    /// never holds more, so this times the size of the largest event bounds its memory.
    pub fn with_concurrency(mut self, concurrency: usize) -> Self {
        let concurrency = concurrency.clamp(1, MOST_AT_ONCE);
        self.settings.concurrency = concurrency.try_into().unwrap_or(u32::MAX);
        self
    }

    /// How long after a worker's crash the server gives its events to other workers: 30 s unless set; from 1 s to a day.
    /// It is the consumer's `ack_wait`. A worker extends the lease of each running event when a quarter of it has passed.
    ///
    /// All workers of a queue must use the same lease: the one that started last decides. **A handler that blocks its
    /// thread can keep its worker from extending leases**; use `spawn_blocking` for blocking work. A lease should be longer
    /// than a restart of the server.
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
    /// event runs alone: its worker first waits until all its other events have ended. Meanwhile others like it go back
    /// to the server for a random time, up to a lease.
    pub fn with_max_crashes(mut self, max_crashes: u32) -> Self {
        self.settings.max_crashes = max_crashes.max(1);
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

    /// Runs until `shutdown` is ready. Then the worker gets no more events, lets the running ones end, and returns. That
    /// takes a second at least: the server still knows the worker's last request.
    ///
    /// To limit that time, use `tokio::time::timeout`. An event that is aborted by the timeout, or by the end of the
    /// runtime, runs again as after a crash. If the server cannot be reached during the shutdown, the worker waits for it
    /// some 20 seconds at most.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) {
        poll::work(self.queue, self.service, self.settings, shutdown).await;
    }

    /// Runs for ever.
    pub async fn run(self) {
        self.run_until(future::pending()).await;
    }
}

impl<S> fmt::Debug for Worker<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("queue", &self.queue)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
