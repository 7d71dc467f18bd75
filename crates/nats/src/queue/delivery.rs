//! One delivery of an event by the server, and how it is ended.

use std::time::Duration;

use async_nats::jetstream::{AckKind, Message};
use bytes::Bytes;
use clerk_webhooks::BoxError;

use super::queue::{NOT_BEFORE, Queue};

/// Beyond this, the server's arithmetic overflows.
const LONGEST_PAUSE: Duration = Duration::from_secs(365 * 24 * 3600);

#[derive(Debug)]
pub(super) struct Delivery {
    message: Message,
    pub(super) message_id: String,
    /// The event's number in its stream.
    pub(super) sequence: u64,
    /// How often the server has delivered it, this time included.
    pub(super) delivered: u64,
    /// Milliseconds since 1970; zero for at once.
    pub(super) not_before: u64,
}

impl Delivery {
    pub(super) fn new(queue: &Queue, message: Message) -> Result<Self, BoxError> {
        let info = message.info()?;
        let (sequence, delivered) = (info.stream_sequence, info.delivered);
        let header = |name: &'static str| {
            let headers = message.headers.as_ref()?;
            Some(headers.get(name)?.as_str())
        };
        let message_id = header("Nats-Msg-Id").and_then(|id| queue.message_id(id));
        let not_before = header(NOT_BEFORE).and_then(|time| time.parse().ok());
        Ok(Self {
            // Whatever else somebody publishes gets an id too, so that it can be dead-lettered.
            message_id: message_id.unwrap_or_else(|| format!("unnamed_{sequence}")),
            sequence,
            delivered: delivered.try_into().unwrap_or(1),
            not_before: not_before.unwrap_or_default(),
            message,
        })
    }

    pub(super) fn payload(&self) -> &Bytes {
        &self.message.payload
    }

    /// Starts the lease anew.
    pub(super) async fn extend(&self) -> Result<(), BoxError> {
        self.answer(AckKind::Progress).await
    }

    /// The event is done, or dead-lettered: the server removes it.
    pub(super) async fn acknowledge(&self) -> Result<(), BoxError> {
        self.answer(AckKind::Ack).await
    }

    /// The server delivers it again after the pause.
    pub(super) async fn give_back(&self, pause: Duration) -> Result<(), BoxError> {
        let pause = pause.min(LONGEST_PAUSE);
        self.answer(AckKind::Nak(Some(pause))).await
    }

    /// Waits for the server's confirmation. The client's `double_ack_with` also takes it for one when the server says that
    /// nobody listens, as while the consumer's leader is being elected.
    async fn answer(&self, kind: AckKind) -> Result<(), BoxError> {
        let reply = self.message.reply.clone();
        let reply = reply.ok_or("the delivery cannot be answered")?;
        let client = self.message.context.client();
        client.request(reply, kind.into()).await?;
        Ok(())
    }
}
