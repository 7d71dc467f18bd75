//! [`OpenQueue`]: one face of the engines.

use std::{error::Error, fmt, iter, time::Duration};

use clerk_webhooks_nats::queue::Queue as NatsQueue;
use clerk_webhooks_sqlx::queue::Queue as SqlQueue;
use serde::Serialize;
use sqlx::{Postgres, Sqlite};

use super::dead_letter::DeadLetter;
use crate::failure::Failure;

/// A queue of the service, opened for an operator. A clone is the same queue.
#[derive(Clone)]
pub(crate) struct OpenQueue {
    engine: Engine,
    name: String,
}

#[derive(Clone)]
pub(super) enum Engine {
    Sqlite(SqlQueue<Sqlite>),
    Postgres(SqlQueue<Postgres>),
    Nats(Box<NatsQueue>),
}

/// How many events are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    /// Due now or later.
    pub(crate) waiting: u64,
    /// In a worker's hands.
    pub(crate) running: u64,
    /// Dead-lettered.
    pub(crate) dead: u64,
}

/// The same call on each engine.
macro_rules! on_engine {
    ($queue:expr, $engine:ident => $call:expr) => {
        match &$queue.engine {
            Engine::Sqlite($engine) => $call.map_err(|error| failed(&$queue.name, &error)),
            Engine::Postgres($engine) => $call.map_err(|error| failed(&$queue.name, &error)),
            Engine::Nats($engine) => $call.map_err(|error| failed(&$queue.name, &error)),
        }
    };
}

impl OpenQueue {
    pub(super) fn new(engine: Engine, name: String) -> Self {
        Self { engine, name }
    }

    /// How many events wait, run, or are dead-lettered.
    pub(crate) async fn counts(&self) -> Result<Counts, Failure> {
        on_engine!(self, queue => queue.counts().await.map(|counts| Counts {
            waiting: counts.waiting,
            running: counts.running,
            dead: counts.dead,
        }))
    }

    /// Up to `limit` dead letters, the oldest first. Begins after the dead letter `after`, or with the oldest. It stays the
    /// place to go on from, even when it is no longer there.
    pub(crate) async fn dead_letters(
        &self,
        after: Option<&DeadLetter>,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, Failure> {
        on_engine!(self, queue => {
            let after = after.and_then(|letter| letter.try_into().ok());
            let letters = queue.dead_letters(after, limit).await;
            letters.map(|letters| letters.into_iter().map(DeadLetter::from).collect())
        })
    }

    /// The dead letter of a message, or `None`.
    pub(crate) async fn dead_letter(
        &self,
        message_id: &str,
    ) -> Result<Option<DeadLetter>, Failure> {
        on_engine!(self, queue => {
            let letter = queue.dead_letter(message_id).await;
            letter.map(|letter| letter.map(DeadLetter::from))
        })
    }

    /// Lets a dead-lettered event run again. Returns `false` when there is no dead letter with this id.
    pub(crate) async fn requeue(&self, message_id: &str) -> Result<bool, Failure> {
        on_engine!(self, queue => queue.requeue_dead_letter(message_id).await)
    }

    /// Deletes a dead letter. Returns `false` when there is no dead letter with this id.
    pub(crate) async fn drop(&self, message_id: &str) -> Result<bool, Failure> {
        on_engine!(self, queue => queue.drop_dead_letter(message_id).await)
    }

    /// Deletes the ids of messages that were processed at least `older_than` ago. `None` on NATS, whose server forgets
    /// them by itself.
    pub(crate) async fn purge(&self, older_than: Duration) -> Result<Option<u64>, Failure> {
        let purged = match &self.engine {
            Engine::Sqlite(queue) => queue.purge(older_than).await,
            Engine::Postgres(queue) => queue.purge(older_than).await,
            Engine::Nats(_) => return Ok(None),
        };
        let purged = purged.map_err(|error| failed(&self.name, &error))?;
        Ok(Some(purged))
    }
}

/// Name and place, without a password: `clerk` at `sqlite://app.db`.
impl fmt::Display for OpenQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// What an engine says, and why.
pub(super) fn failed(queue: &str, error: &dyn Error) -> Failure {
    // The causes follow.
    let text = error
        .to_string()
        .replace("; see the source of this error", "");
    let text = text.trim_end_matches(": see the source of this error");
    let mut causes: Vec<String> = Vec::new();
    for cause in iter::successors(error.source(), |&cause| cause.source()) {
        let cause = cause.to_string();
        // Many errors print their source themselves.
        if !causes.last().is_some_and(|last| last.ends_with(&cause)) {
            causes.push(cause);
        }
    }
    let causes = match causes.is_empty() {
        true => String::new(),
        false => format!(" ({})", causes.join(": ")),
    };
    Failure::Database(format!("queue {queue}: {text}{causes}"))
}
