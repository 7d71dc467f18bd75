//! Operations for operators: counts and dead letters.

use std::time::{Duration, SystemTime};

use async_nats::jetstream::{
    ErrorCode,
    context::ConsumerInfoErrorKind,
    message::StreamMessage,
    stream::{DeleteMessageErrorKind, Info, LastRawMessageErrorKind, RawMessageError, Stream},
};
use clerk_webhooks::queue::{QueueDepth, QueueMetrics};
use futures_util::TryStreamExt as _;

use super::{
    dead_letter::DeadLetter,
    queue::{Queue, REQUEUED},
};
use crate::error::NatsError;

/// How many events of a queue are in each state. Processed events are not counted: the server does not keep them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Events that no worker has got yet.
    pub waiting: u64,
    /// Events that a worker has got: they run, or wait for their next attempt. The server does not tell these two apart.
    pub running: u64,
    /// Dead-lettered events.
    pub dead: u64,
}

/// # Operations
impl Queue {
    /// How many events wait, run, or are dead-lettered.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked.
    pub async fn counts(&self) -> Result<Counts, NatsError> {
        let (waiting, running) = match self.events.consumer_info(&*self.token).await {
            Ok(info) => (info.num_pending, info.num_ack_pending as u64),
            // No worker has run yet.
            Err(error) if error.kind() == ConsumerInfoErrorKind::NotFound => {
                let waiting = count(&self.events, &self.subject).await;
                (waiting.map_err(NatsError::of("count its events"))?, 0)
            }
            Err(error) => return Err(NatsError::of("count its events")(error)),
        };
        Ok(Counts {
            waiting,
            running,
            dead: self.count_dead().await?,
        })
    }

    /// Sets the gauges of the queue: how many events are in each state, and how long the oldest event that no worker
    /// has got yet has waited. Does nothing unless feature `metrics` of `clerk-webhooks` is on.
    ///
    /// Each worker calls it every 15 seconds. Call it from a process without a worker too: the gauges are then right
    /// even when no worker runs. The server does not tell which retries are due, so they do not count as waiting.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked.
    pub async fn record_metrics(&self) -> Result<(), NatsError> {
        if !QueueMetrics::IS_ON {
            return Ok(());
        }
        let Counts {
            waiting,
            running,
            dead,
        } = self.counts().await?;
        self.metrics.set_depth(QueueDepth {
            waiting,
            running,
            dead,
            oldest_due: match waiting {
                0 => Duration::ZERO,
                _ => self.oldest_waiting().await?,
            },
        });
        Ok(())
    }

    /// The age of the first event that no worker has got yet.
    async fn oldest_waiting(&self) -> Result<Duration, NatsError> {
        let delivered = match self.events.consumer_info(&*self.token).await {
            Ok(info) => info.delivered.stream_sequence,
            Err(error) if error.kind() == ConsumerInfoErrorKind::NotFound => 0,
            Err(error) => return Err(NatsError::of("look for its oldest event")(error)),
        };
        let message = self.events.raw_message_builder().sequence(delivered + 1);
        match message.next_by_subject(&*self.subject).send().await {
            // Whichever crate the client's time is of.
            Ok(message) => Ok(SystemTime::now()
                .duration_since(SystemTime::from(message.time))
                .unwrap_or_default()),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
                Ok(Duration::ZERO)
            }
            Err(error) => Err(NatsError::of("look for its oldest event")(error)),
        }
    }

    /// How many events are dead-lettered. Use it for an alarm: the count is durable, so a crash loses no dead letter.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked.
    pub async fn count_dead(&self) -> Result<u64, NatsError> {
        let counted = count(&self.dead, &self.dead_filter()).await;
        counted.map_err(NatsError::of("count its dead letters"))
    }

    /// Up to `limit` dead letters, the oldest first. Begins after the dead letter `after`, or with the oldest. Takes one
    /// request to the server for each.
    ///
    /// ```
    /// use std::time::SystemTime;
    ///
    /// use clerk_webhooks_nats::{NatsError, queue::Queue};
    ///
    /// /// All at once, after whatever failed has been repaired.
    /// async fn requeue_all(queue: &Queue) -> Result<(), NatsError> {
    ///     let (begun, mut last) = (SystemTime::now(), None);
    ///     loop {
    ///         let page = queue.dead_letters(last.as_ref(), 100).await?;
    ///         for letter in &page {
    ///             if letter.died_at > begun {
    ///                 return Ok(()); // it failed again
    ///             }
    ///             println!("{}: {}", letter.message_id, letter.error);
    ///             queue.requeue_dead_letter(&letter.message_id).await?;
    ///         }
    ///         let Some(letter) = page.into_iter().next_back() else {
    ///             return Ok(());
    ///         };
    ///         last = Some(letter);
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// When the server cannot be asked.
    pub async fn dead_letters(
        &self,
        after: Option<&DeadLetter>,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, NatsError> {
        let mut letters = Vec::new();
        let mut next = after.map_or(0, |letter| letter.sequence) + 1;
        while letters.len() < limit as usize {
            let message = self.dead.raw_message_builder().sequence(next);
            let message = message.next_by_subject(self.dead_filter()).send().await;
            let Some(letter) = found(message).map_err(NatsError::of("list its dead letters"))?
            else {
                break;
            };
            next = letter.sequence + 1;
            letters.push(letter);
        }
        Ok(letters)
    }

    /// The dead letter of a message, or `None`.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked.
    pub async fn dead_letter(&self, message_id: &str) -> Result<Option<DeadLetter>, NatsError> {
        let subject = self.dead_subject(message_id);
        let message = self.dead.get_last_raw_message_by_subject(&subject).await;
        found(message).map_err(NatsError::of("read a dead letter"))
    }

    /// Requeues a dead-lettered event: it runs again at once, with all its attempts. Returns `false` when there is no
    /// dead letter with this id.
    ///
    /// It is stored under a new id of the server's, since the old one is a duplicate inside the duplicate window. If a
    /// call fails halfway, repeat it: the event is requeued once.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked.
    pub async fn requeue_dead_letter(&self, message_id: &str) -> Result<bool, NatsError> {
        let Some(letter) = self.dead_letter(message_id).await? else {
            return Ok(false);
        };
        let (id, sequence) = (self.message_id_header(message_id), letter.sequence);
        let id = format!("{id}{REQUEUED}{sequence}");
        let stored = self.store(&id, None, letter.stored.clone()).await;
        let is_new = stored.map_err(NatsError::of("requeue a dead letter"))?;
        // By its number: the event may have run and died again.
        Ok(self.delete(&letter).await? || is_new)
    }

    /// Deletes a dead letter. Returns `false` when there is no dead letter with this id.
    ///
    /// The server keeps the message's id for the rest of the duplicate window: until then, the same message is a
    /// duplicate. Use [`requeue_dead_letter`](Self::requeue_dead_letter) to run the event again.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked.
    pub async fn drop_dead_letter(&self, message_id: &str) -> Result<bool, NatsError> {
        match self.dead_letter(message_id).await? {
            Some(letter) => self.delete(&letter).await,
            None => Ok(false),
        }
    }

    async fn delete(&self, letter: &DeadLetter) -> Result<bool, NatsError> {
        match self.dead.delete_message(letter.sequence).await {
            Ok(deleted) => Ok(deleted),
            Err(error) => match error.kind() {
                // Somebody else was faster.
                DeleteMessageErrorKind::JetStream(cause)
                    if [
                        ErrorCode::NO_MESSAGE_FOUND,
                        ErrorCode::STREAM_MESSAGE_DELETE_FAILED,
                    ]
                    .contains(&cause.error_code()) =>
                {
                    Ok(false)
                }
                _ => Err(NatsError::of("delete a dead letter")(error)),
            },
        }
    }

    fn dead_filter(&self) -> String {
        format!("{}.{}.*", self.streams.dead(), self.token)
    }
}

fn found(
    message: Result<StreamMessage, RawMessageError>,
) -> Result<Option<DeadLetter>, RawMessageError> {
    match message {
        Ok(message) => Ok(Some(DeadLetter::stored_as(message))),
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// How many messages a stream has under the subjects that match.
async fn count(
    stream: &Stream<Info>,
    subjects: &str,
) -> Result<u64, async_nats::jetstream::stream::InfoError> {
    let counted = stream.info_with_subjects(subjects).await?;
    let add = |sum, (_, count)| async move { Ok(sum + count as u64) };
    counted.try_fold(0, add).await
}
