//! The queue, which stores events.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_nats::{
    HeaderMap,
    header::{NATS_EXPECTED_STREAM, NATS_MESSAGE_ID},
    jetstream::{
        consumer::{AckPolicy, Consumer, pull},
        context::{PublishError, PublishErrorKind},
        stream::{Info, Stream},
    },
};
use bytes::Bytes;
use clerk_webhooks::queue::{Enqueued, EventQueue, QueueMetrics, QueuedEvent};

use crate::{
    error::{NatsError, NotStored},
    migrate,
    streams::Streams,
    token,
};

/// The time before which an event does not run: milliseconds since 1970.
pub(super) const NOT_BEFORE: &str = "Clerk-Not-Before";
/// Separates a requeued message's id from what makes it differ. [`token::encode`] leaves no other.
pub(super) const REQUEUED: char = '#';
/// Each idle worker has one request waiting.
const MOST_IDLE_WORKERS: i64 = 10_000;

/// A durable queue with a name, on the streams of [`Streams`].
///
/// It is the [`EventQueue`] that [`Enqueue`](clerk_webhooks::queue::Enqueue) stores into. It also makes
/// [workers](Self::worker), counts events, and lists dead letters. A clone is the same queue on the same connection.
///
/// The name is the scope of deduplication. Inside the [duplicate window](Streams::with_duplicate_window) the same message
/// id is a [`Duplicate`](Enqueued::Duplicate), even when its event is done or dead-lettered.
#[derive(Clone)]
pub struct Queue {
    pub(super) streams: Streams,
    pub(super) events: Arc<Stream<Info>>,
    pub(super) failures: Arc<Stream<Info>>,
    pub(super) dead: Arc<Stream<Info>>,
    pub(super) name: Arc<str>,
    /// The name as a token of subjects, and the consumer's name.
    pub(super) token: Arc<str>,
    pub(super) subject: Arc<str>,
    pub(super) metrics: Arc<QueueMetrics>,
}

impl Queue {
    /// The queue with this name on these streams. Call [`migrate`](crate::migrate()) first: it makes the streams.
    ///
    /// Give each endpoint of Clerk's dashboard its own name if the endpoints do different work: they get the same
    /// messages under the same ids.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached, a stream is missing, or a setting of the server or of a stream would lose events.
    /// The error then names the setting and the command that fixes it.
    pub async fn new(streams: &Streams, name: impl AsRef<str>) -> Result<Self, NatsError> {
        let [events, failures, dead] = migrate::open(streams).await?.map(Arc::new);
        let queue = Self {
            streams: streams.clone(),
            events,
            failures,
            dead,
            name: "".into(),
            token: "".into(),
            subject: "".into(),
            metrics: Arc::new(QueueMetrics::new("")),
        };
        Ok(queue.named(name))
    }

    /// Another queue on the same connection and streams, with its own events, deduplication, workers and dead letters.
    #[must_use]
    pub fn named(&self, name: impl AsRef<str>) -> Self {
        let token = token::encode(name.as_ref());
        Self {
            subject: format!("{}.{token}", self.streams.events()).into(),
            name: name.as_ref().into(),
            token: token.into(),
            metrics: Arc::new(QueueMetrics::new(name.as_ref())),
            ..self.clone()
        }
    }

    /// The queue's name: the scope of deduplication.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Publishes an event with this `Nats-Msg-Id`, and waits until it is stored. Returns whether it is new.
    pub(super) async fn store(
        &self,
        id: &str,
        not_before: Option<SystemTime>,
        payload: Bytes,
    ) -> Result<bool, PublishError> {
        let mut headers = HeaderMap::new();
        if let Some(time) = not_before {
            headers.insert(NOT_BEFORE, millis_since_1970(time).to_string());
        }
        headers.insert(NATS_MESSAGE_ID, id);
        self.publish((&self.events, &self.subject), headers, payload)
            .await
    }

    /// Publishes a message to one of the streams, and waits until it is stored. Returns whether it is new.
    pub(super) async fn publish(
        &self,
        (stream, subject): (&Stream<Info>, &str),
        mut headers: HeaderMap,
        payload: Bytes,
    ) -> Result<bool, PublishError> {
        let name = &*stream.cached_info().config.name;
        headers.insert(NATS_EXPECTED_STREAM, name);
        let context = &self.streams.context;
        // The client's calls that set a message id drop it when headers are set afterwards: here all are headers.
        let acknowledged = context.publish_with_headers(subject.to_owned(), headers, payload);
        let acknowledged = acknowledged.await?.await?;
        if acknowledged.sequence == 0 {
            return Err(PublishError::with_source(
                PublishErrorKind::Other,
                NotStored,
            ));
        }
        Ok(!acknowledged.duplicate)
    }

    /// The id by which the server deduplicates.
    pub(super) fn message_id_header(&self, message_id: &str) -> String {
        format!("{}/{}", self.token, token::encode(message_id))
    }

    /// The id of the message with this header. `None` when it is not one of ours.
    pub(super) fn message_id(&self, header: &str) -> Option<String> {
        let (scope, id) = header.split_once('/')?;
        let id = id.split(REQUEUED).next()?;
        token::decode(id).filter(|_| scope == &*self.token)
    }

    pub(super) fn dead_subject(&self, message_id: &str) -> String {
        let (dead, queue) = (self.streams.dead(), &self.token);
        format!("{dead}.{queue}.{}", token::encode(message_id))
    }

    /// Makes the queue's consumer, or updates its lease.
    pub(super) async fn consumer(
        &self,
        lease: Duration,
    ) -> Result<Consumer<pull::Config>, NatsError> {
        let config = pull::Config {
            durable_name: Some(self.token.to_string()),
            filter_subject: self.subject.to_string(),
            ack_policy: AckPolicy::Explicit,
            ack_wait: lease,
            max_deliver: -1,
            // An event that waits for its next attempt counts too: a limit would stop all others during an outage.
            max_ack_pending: -1,
            max_waiting: MOST_IDLE_WORKERS,
            ..pull::Config::default()
        };
        let made = self.events.create_consumer(config).await;
        made.map_err(NatsError::of("make the queue's consumer"))
    }
}

impl EventQueue for Queue {
    type Error = NatsError;

    async fn enqueue(
        &self,
        event: &QueuedEvent,
        not_before: Option<SystemTime>,
    ) -> Result<Enqueued, NatsError> {
        let payload = serde_json::to_vec(event);
        let payload = payload.map_err(NatsError::of("write an event as JSON"))?;
        let id = self.message_id_header(event.message_id());
        let stored = self.store(&id, not_before, payload.into()).await;
        Ok(match stored.map_err(NatsError::of("store an event"))? {
            true => Enqueued::New,
            false => Enqueued::Duplicate,
        })
    }
}

pub(super) fn millis_since_1970(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis().try_into().unwrap_or(u64::MAX)
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("name", &self.name)
            .field("streams", &self.streams)
            .finish_non_exhaustive()
    }
}
