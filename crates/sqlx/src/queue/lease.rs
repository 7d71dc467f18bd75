//! What is written to the queue's table: new events, and how attempts ended.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::{
    engine::{
        Engine,
        Value::{self, Number, NumberOrNull, Text, TextOrNull},
    },
    millis::millis,
};

/// A change of one row.
#[derive(Debug)]
pub(crate) enum Write {
    Push(Push),
    End(End),
}

impl Write {
    /// Returns whether the event is new, or the lease was still held.
    pub(crate) async fn run<DB: Engine>(
        &self,
        connection: &mut DB::Connection,
    ) -> sqlx::Result<bool> {
        let affected = match self {
            Self::Push(push) => DB::execute(connection, DB::PUSH, &push.values()).await?,
            Self::End(end) => DB::execute(connection, DB::END, &end.values()).await?,
        };
        Ok(affected == 1)
    }
}

/// An event to store.
#[derive(Debug)]
pub(crate) struct Push {
    pub(crate) queue: Arc<str>,
    pub(crate) message_id: String,
    /// In milliseconds since 1970. `None` means at once.
    pub(crate) due_at: Option<i64>,
    pub(crate) body: String,
}

impl Push {
    fn values(&self) -> [Value<'_>; 4] {
        [
            Text(&self.queue),
            Text(&self.message_id),
            NumberOrNull(self.due_at),
            Text(&self.body),
        ]
    }
}

/// The right to end one attempt of an event.
#[derive(Debug)]
pub(crate) struct Lease {
    /// sqlx's name of the engine.
    pub(crate) engine: &'static str,
    pub(crate) queue: Arc<str>,
    pub(crate) message_id: String,
    /// The worker's unique name.
    pub(crate) owner: Arc<str>,
    /// The number of the attempt, from 1.
    pub(crate) attempt: i64,
    /// Whether the handler tried to end it in a transaction. From then on only the row says whether the event is done.
    pub(crate) in_transaction: AtomicBool,
}

impl Lease {
    pub(crate) fn was_ended_in_a_transaction(&self) -> bool {
        self.in_transaction.load(Ordering::Relaxed)
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    Done,
    Again { pause: Duration, error: String },
    Dead { attempts: i64, error: String },
}

/// The end of a lease.
#[derive(Debug, Clone)]
pub(crate) struct End {
    pub(crate) lease: Arc<Lease>,
    pub(crate) outcome: Outcome,
}

impl End {
    fn values(&self) -> [Value<'_>; 8] {
        let pause = match self.outcome {
            Outcome::Again { pause, .. } => pause,
            Outcome::Done | Outcome::Dead { .. } => Duration::ZERO,
        };
        let (lease, [state, attempts, error]) = (&self.lease, self.recorded());
        [
            state,
            Number(millis(pause)),
            attempts,
            error,
            Text(&lease.queue),
            Text(&lease.message_id),
            Text(&lease.owner),
            Number(lease.attempt),
        ]
    }

    /// The parameters of `HAS_ENDED`.
    pub(crate) fn has_ended(&self) -> [Value<'_>; 5] {
        let [state, attempts, error] = self.recorded();
        let message = Text(&self.lease.message_id);
        [Text(&self.lease.queue), message, state, attempts, error]
    }

    /// The row's state, attempts and error.
    fn recorded(&self) -> [Value<'_>; 3] {
        let (state, attempts, error) = match &self.outcome {
            Outcome::Done => ("done", self.lease.attempt, None),
            Outcome::Again { error, .. } => ("waiting", self.lease.attempt, Some(error)),
            Outcome::Dead { attempts, error } => ("dead", *attempts, Some(error)),
        };
        [
            Text(state),
            Number(attempts),
            TextOrNull(error.map(String::as_str)),
        ]
    }
}
