//! What is written to the queue's table: new events, and how attempts ended.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use crate::{
    engine::{
        Engine, Sql,
        Value::{self, Number, NumberOrNull, Text, TextOrNull},
        sealed::Dialect as _,
    },
    millis::millis,
    statements::{Statement, Statements as _},
};

/// A change of one row.
pub(crate) enum Write {
    /// Stores an event.
    Push {
        queue: Arc<str>,
        message_id: String,
        /// In milliseconds since 1970. `None` means at once.
        due_at: Option<i64>,
        body: String,
    },
    End(End),
}

impl Write {
    pub(crate) fn statement<DB: Engine>(&self) -> Statement {
        match self {
            Self::Push { .. } => Sql::<DB>::PUSH,
            Self::End(_) => Sql::<DB>::END,
        }
    }

    /// Returns whether the event is new, or the lease was still held.
    pub(crate) async fn run<DB: Engine>(
        &self,
        connection: &mut DB::Connection,
    ) -> sqlx::Result<bool> {
        let values: &[Value<'_>] = match self {
            Self::Push {
                queue,
                message_id,
                due_at,
                body,
            } => &[
                Text(queue),
                Text(message_id),
                NumberOrNull(*due_at),
                Text(body),
            ],
            Self::End(end) => &end.values(),
        };
        let statement = self.statement::<DB>().text;
        Ok(Sql::<DB>::execute(connection, statement, values).await? == 1)
    }
}

/// The right to run and end one attempt of an event. No `Debug`, since the body holds personal data.
pub(crate) struct Lease {
    /// sqlx's name of the engine.
    pub(crate) engine: &'static str,
    pub(crate) queue: Arc<str>,
    pub(crate) message_id: String,
    /// The worker's unique name.
    pub(crate) owner: Arc<str>,
    /// The number of the attempt, from 1.
    pub(crate) attempt: i64,
    pub(crate) crashes: i64,
    /// The event as JSON.
    pub(crate) body: String,
    /// Whether the handler tried to end it in a transaction. From then on only the row says whether the event is done.
    pub(crate) in_transaction: AtomicBool,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    Done,
    Again { pause: Duration, error: String },
    Dead { attempts: i64, error: String },
}

/// The end of a lease.
#[derive(Clone)]
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
