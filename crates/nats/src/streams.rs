//! The streams of the queues, and what is required of them.

use std::{fmt, time::Duration};

use async_nats::jetstream::{
    Context,
    stream::{Config, DiscardPolicy, RetentionPolicy, StorageType},
};

use crate::token;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// The sender's own retries span 27.6 hours.
const SENDERS_RETRIES: Duration = Duration::from_secs(28 * 3600);
/// The sender's own limit.
const LARGEST_BODY: usize = 2 * 1024 * 1024;
/// For the fields of an event beside its body, and the headers of a message.
const BESIDE_THE_BODY: usize = 64 * 1024;
/// Longer than any pause of a sensible retry policy. What is left behind here by a crash ends after it.
const FAILURES_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// Where queues are stored: a JetStream connection, the names of three streams, and what is required of them.
///
/// [`migrate`](crate::migrate()) makes the streams, and [`Queue::new`](crate::queue::Queue::new) opens a queue on them.
/// Any number of queues share the streams.
///
/// ```no_run
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use clerk_webhooks_nats::{Streams, migrate, open_nats, queue::Queue};
///
/// let streams = Streams::new(open_nats("nats://127.0.0.1:4222").await?);
/// migrate(&streams).await?;
/// let queue = Queue::new(&streams, "clerk").await?;
/// # let _ = queue;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Streams {
    pub(crate) context: Context,
    name: String,
    pub(crate) replicas: usize,
    duplicate_window: Option<Duration>,
    max_body_bytes: usize,
}

impl Streams {
    /// The streams `clerk_queue`, `clerk_queue_failures` and `clerk_queue_dead` on this connection:
    /// [`open_nats`](crate::open_nats)'s, or one of your own, which may use a JetStream domain.
    #[must_use]
    pub fn new(context: Context) -> Self {
        Self {
            context,
            name: "clerk_queue".to_owned(),
            replicas: 1,
            duplicate_window: None,
            max_body_bytes: LARGEST_BODY,
        }
    }

    /// The name of the stream of events, and the beginning of the names of the other two: `clerk_queue` unless set.
    /// Characters other than letters, digits, `-` and `_` are encoded.
    #[must_use]
    pub fn with_name(mut self, name: &str) -> Self {
        self.name = token::encode(name);
        self
    }

    /// How many servers of a cluster keep each event: 1 unless set. The [crate's documentation](crate#what-survives) says
    /// what three servers survived in our tests.
    #[must_use]
    pub fn with_replicas(mut self, replicas: usize) -> Self {
        self.replicas = replicas.max(1);
        self
    }

    /// How long the server keeps the ids of stored messages. [`migrate`](crate::migrate()) makes streams with a window of
    /// 3 days unless set, and accepts streams with at least 28 hours unless set: the sender's own retries span 27.6
    /// hours.
    ///
    /// The server keeps these ids in memory, some 350 bytes each. At 1,000 events a second, 28 hours are 100 million ids
    /// and 35 GB. **If you set less than 28 hours, deduplicate elsewhere too**, such as by an `IdempotencyLayer` in front
    /// of `Enqueue`: otherwise a message that is retried after the window runs again.
    #[must_use]
    pub fn with_duplicate_window(mut self, duplicate_window: Duration) -> Self {
        self.duplicate_window = Some(duplicate_window);
        self
    }

    /// The largest body that is enqueued, in bytes: 2 MiB unless set, which is the limit of the sender and of
    /// `ClerkWebhookLayer`. Lower both if the server's `max_payload` cannot be raised.
    ///
    /// The server's `max_payload` and the streams' `max_msg_size` must be twice as large and 64 KiB more, since JSON can
    /// need two bytes for one of the body.
    #[must_use]
    pub fn with_max_body_bytes(mut self, max_body_bytes: usize) -> Self {
        self.max_body_bytes = max_body_bytes;
        self
    }

    /// The largest message that must be accepted.
    pub(crate) fn largest_message(&self) -> usize {
        self.max_body_bytes
            .saturating_mul(2)
            .saturating_add(BESIDE_THE_BODY)
    }

    pub(crate) fn shortest_window(&self) -> Duration {
        self.duplicate_window.unwrap_or(SENDERS_RETRIES)
    }

    /// The streams as `migrate` makes them: events, failures, dead letters.
    pub(crate) fn configs(&self) -> [Config; 3] {
        let events = Config {
            retention: RetentionPolicy::WorkQueue,
            duplicate_window: self.duplicate_window.unwrap_or(3 * DAY),
            ..self.config(self.events(), "*")
        };
        let failures = Config {
            max_messages_per_subject: 1,
            max_age: FAILURES_KEPT,
            ..self.config(self.failures(), "*.*")
        };
        let dead = Config {
            max_messages_per_subject: 1,
            ..self.config(self.dead(), "*.*")
        };
        [events, failures, dead]
    }

    fn config(&self, name: String, tokens: &str) -> Config {
        Config {
            subjects: vec![format!("{name}.{tokens}")],
            name,
            max_messages: -1,
            max_bytes: -1,
            max_messages_per_subject: -1,
            discard: DiscardPolicy::New,
            storage: StorageType::File,
            num_replicas: self.replicas,
            ..Config::default()
        }
    }

    pub(crate) fn events(&self) -> String {
        self.name.clone()
    }

    pub(crate) fn failures(&self) -> String {
        format!("{}_failures", self.name)
    }

    pub(crate) fn dead(&self) -> String {
        format!("{}_dead", self.name)
    }
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams")
            .field("name", &self.name)
            .field("replicas", &self.replicas)
            .field("duplicate_window", &self.duplicate_window)
            .field("max_body_bytes", &self.max_body_bytes)
            .finish_non_exhaustive()
    }
}
