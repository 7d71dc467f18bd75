//! One interface to the queues of all engines, for the tests that run against each.

use std::{
    error::Error,
    fmt::{self, Debug},
    future::{self, Future},
    sync::Arc,
    time::{Duration, SystemTime},
};

use clerk_webhooks::queue::{EventQueue, Handler, QueuedEvent, RetryPolicy};

/// A queue under test. Its methods are the queue's own ones.
pub trait TestedQueue: EventQueue<Error: Error + Send + Sync + 'static> + Clone {
    /// The engine's dead letter.
    type DeadLetter: TestedDeadLetter;

    /// Another queue on the same connections.
    #[must_use]
    fn named(&self, name: &str) -> Self;

    /// How many events wait, run, and are dead-lettered.
    fn counts(&self) -> impl Future<Output = Result<[u64; 3], Self::Error>> + Send;

    /// A page of dead letters.
    fn dead_letters(
        &self,
        after: Option<&Self::DeadLetter>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Self::DeadLetter>, Self::Error>> + Send;

    /// The dead letter of a message.
    fn dead_letter(
        &self,
        message_id: &str,
    ) -> impl Future<Output = Result<Option<Self::DeadLetter>, Self::Error>> + Send;

    /// Runs it again.
    fn requeue_dead_letter(
        &self,
        message_id: &str,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Deletes it.
    fn drop_dead_letter(
        &self,
        message_id: &str,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Runs the engine's worker.
    fn work<S: Handler>(
        worker: Worker<Self, S>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = ()> + Send;

    /// A worker with the engine's defaults.
    fn worker<S: Handler>(&self, service: S) -> Worker<Self, S> {
        Worker {
            queue: self.clone(),
            service,
            retry_policy: RetryPolicy::new(),
            concurrency: None,
            lease: None,
            longest_run: None,
            on_dead_letter: Arc::new(|_| {}),
        }
    }
}

/// A dead letter of a queue under test. Its methods are the dead letter's own fields.
pub trait TestedDeadLetter: Clone + PartialEq + Debug + Send + Sync + 'static {
    /// Its message.
    fn message_id(&self) -> &str;
    /// How many attempts began.
    fn attempts(&self) -> u32;
    /// How many of them crashed.
    fn crashes(&self) -> u32;
    /// The last failure.
    fn error(&self) -> &str;
    /// When it was dead-lettered.
    fn died_at(&self) -> SystemTime;
    /// The event.
    fn event(&self) -> Option<QueuedEvent>;
    /// What is stored.
    fn stored(&self) -> &[u8];
}

/// A worker: an engine's own, or the one of this module.
pub trait RunUntil: Send + 'static {
    /// Runs until `shutdown` is ready.
    fn run_until(
        self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = ()> + Send;
}

impl<Q: TestedQueue, S: Handler> RunUntil for Worker<Q, S> {
    async fn run_until(self, shutdown: impl Future<Output = ()> + Send) {
        Q::work(self, shutdown).await;
    }
}

impl<S: Handler> RunUntil for clerk_webhooks_nats::queue::Worker<S> {
    async fn run_until(self, shutdown: impl Future<Output = ()> + Send) {
        self.run_until(shutdown).await;
    }
}

impl<DB: clerk_webhooks_sqlx::Engine, S: Handler> RunUntil
    for clerk_webhooks_sqlx::queue::Worker<DB, S>
{
    async fn run_until(self, shutdown: impl Future<Output = ()> + Send) {
        self.run_until(shutdown).await;
    }
}

type OnDeadLetter<Q> = Arc<dyn Fn(&<Q as TestedQueue>::DeadLetter) + Send + Sync>;

/// The settings of an engine's worker. Its methods are the worker's own ones.
#[must_use]
pub struct Worker<Q: TestedQueue, S> {
    queue: Q,
    service: S,
    retry_policy: RetryPolicy,
    concurrency: Option<usize>,
    lease: Option<Duration>,
    longest_run: Option<Duration>,
    on_dead_letter: OnDeadLetter<Q>,
}

impl<Q: TestedQueue, S: Handler> Worker<Q, S> {
    /// When a failed event runs again.
    pub fn with_retry_policy(mut self, retry_policy: RetryPolicy) -> Self {
        self.retry_policy = retry_policy;
        self
    }

    /// How many events run at the same time.
    pub fn with_concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = Some(concurrency);
        self
    }

    /// How long after a crash its events run again.
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }

    /// How long an attempt may take.
    pub fn with_longest_run(mut self, longest_run: Duration) -> Self {
        self.longest_run = Some(longest_run);
        self
    }

    /// Is called with each dead letter.
    pub fn on_dead_letter(
        mut self,
        on_dead_letter: impl Fn(&Q::DeadLetter) + Send + Sync + 'static,
    ) -> Self {
        self.on_dead_letter = Arc::new(on_dead_letter);
        self
    }

    /// Runs for ever.
    pub async fn run(self) {
        Q::work(self, future::pending()).await;
    }
}

impl<Q: TestedQueue, S> fmt::Debug for Worker<Q, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}

/// The engines' types have methods of the same names.
macro_rules! tested {
    ([$($parameter:ident: $bound:path)?] $queue:ty, $letter:ty) => {
        impl$(<$parameter: $bound>)? TestedQueue for $queue {
            type DeadLetter = $letter;

            fn named(&self, name: &str) -> Self {
                <$queue>::named(self, name)
            }

            async fn counts(&self) -> Result<[u64; 3], Self::Error> {
                let counts = <$queue>::counts(self).await?;
                Ok([counts.waiting, counts.running, counts.dead])
            }

            async fn dead_letters(
                &self,
                after: Option<&$letter>,
                limit: u32,
            ) -> Result<Vec<$letter>, Self::Error> {
                <$queue>::dead_letters(self, after, limit).await
            }

            async fn dead_letter(&self, message_id: &str) -> Result<Option<$letter>, Self::Error> {
                <$queue>::dead_letter(self, message_id).await
            }

            async fn requeue_dead_letter(&self, message_id: &str) -> Result<bool, Self::Error> {
                <$queue>::requeue_dead_letter(self, message_id).await
            }

            async fn drop_dead_letter(&self, message_id: &str) -> Result<bool, Self::Error> {
                <$queue>::drop_dead_letter(self, message_id).await
            }

            async fn work<S: Handler>(
                worker: Worker<Self, S>,
                shutdown: impl Future<Output = ()> + Send,
            ) {
                let on_dead_letter = worker.on_dead_letter;
                let mut own = <$queue>::worker(&worker.queue, worker.service)
                    .with_retry_policy(worker.retry_policy)
                    .on_dead_letter(move |letter| on_dead_letter(letter));
                if let Some(concurrency) = worker.concurrency {
                    own = own.with_concurrency(concurrency);
                }
                if let Some(lease) = worker.lease {
                    own = own.with_lease(lease);
                }
                if let Some(longest_run) = worker.longest_run {
                    own = own.with_longest_run(longest_run);
                }
                own.run_until(shutdown).await;
            }
        }
    };
}

macro_rules! tested_dead_letter {
    ($letter:ty) => {
        impl TestedDeadLetter for $letter {
            fn message_id(&self) -> &str {
                &self.message_id
            }

            fn attempts(&self) -> u32 {
                self.attempts
            }

            fn crashes(&self) -> u32 {
                self.crashes
            }

            fn error(&self) -> &str {
                &self.error
            }

            fn died_at(&self) -> SystemTime {
                self.died_at
            }

            fn event(&self) -> Option<QueuedEvent> {
                <$letter>::event(self)
            }

            fn stored(&self) -> &[u8] {
                self.stored.as_ref()
            }
        }
    };
}

tested!([] clerk_webhooks_nats::queue::Queue, clerk_webhooks_nats::queue::DeadLetter);
tested!(
    [DB: clerk_webhooks_sqlx::Engine] clerk_webhooks_sqlx::queue::Queue<DB>,
    clerk_webhooks_sqlx::queue::DeadLetter
);
tested_dead_letter!(clerk_webhooks_nats::queue::DeadLetter);
tested_dead_letter!(clerk_webhooks_sqlx::queue::DeadLetter);
