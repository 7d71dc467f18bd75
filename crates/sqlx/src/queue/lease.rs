//! The data that is written to the queue's table and read from it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// An event to store.
#[derive(Debug)]
pub struct Push {
    pub(crate) queue: Arc<str>,
    pub(crate) message_id: String,
    /// In milliseconds since 1970. `None` means at once.
    pub(crate) due_at: Option<i64>,
    pub(crate) body: String,
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
    in_transaction: AtomicBool,
}

impl Lease {
    pub(crate) fn new(
        engine: &'static str,
        queue: Arc<str>,
        owner: Arc<str>,
        (message_id, attempt): (String, i64),
    ) -> Self {
        Self {
            engine,
            queue,
            message_id,
            owner,
            attempt,
            in_transaction: AtomicBool::new(false),
        }
    }

    /// From now on only the row says whether the event is done.
    pub(crate) fn is_being_ended_in_a_transaction(&self) {
        self.in_transaction.store(true, Ordering::Relaxed);
    }

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

impl Outcome {
    pub(crate) fn state(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Again { .. } => "waiting",
            Self::Dead { .. } => "dead",
        }
    }

    pub(crate) fn pause(&self) -> Duration {
        match self {
            Self::Again { pause, .. } => *pause,
            Self::Done | Self::Dead { .. } => Duration::ZERO,
        }
    }

    pub(crate) fn error(&self) -> Option<&str> {
        match self {
            Self::Done => None,
            Self::Again { error, .. } | Self::Dead { error, .. } => Some(error),
        }
    }
}

/// The end of a lease.
#[derive(Debug, Clone)]
pub struct End {
    pub(crate) lease: Arc<Lease>,
    pub(crate) outcome: Outcome,
}

impl End {
    /// The number of attempts to record.
    pub(crate) fn attempts(&self) -> i64 {
        match self.outcome {
            Outcome::Dead { attempts, .. } => attempts,
            Outcome::Done | Outcome::Again { .. } => self.lease.attempt,
        }
    }
}

/// Which events to lease.
#[derive(Debug)]
pub struct LeaseRequest<'a> {
    pub(crate) queue: &'a str,
    /// How often they have crashed, at least and at most.
    pub(crate) crashes: (i64, i64),
    pub(crate) at_most: i64,
    pub(crate) owner: &'a str,
    /// In milliseconds.
    pub(crate) lasts: i64,
}

/// A leased row: message id, attempts including this one, crashes, body.
pub(crate) type LeasedRow = (String, i64, i64, String);
/// The next row to look at: its state, milliseconds until it is due or its lease ends, crashes.
pub(crate) type NextRow = (String, i64, i64);
/// A dead letter's row: message id, attempts, crashes, error, milliseconds since 1970, body.
pub(crate) type DeadRow = (String, i64, i64, String, i64, String);
