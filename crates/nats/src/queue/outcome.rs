//! How an attempt ends.

use std::time::Duration;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    Done,
    /// It failed.
    Again {
        pause: Duration,
        error: String,
    },
    Dead {
        attempts: u32,
        error: String,
    },
    /// It did not begin: it is not due, or has to run alone.
    Postponed(Duration),
}

impl Outcome {
    /// What recording it is called in the log.
    pub(super) fn recording(&self) -> &'static str {
        match self {
            Self::Done => "acknowledge an event",
            Self::Again { .. } | Self::Postponed(_) => "give an event back",
            Self::Dead { .. } => "dead-letter an event",
        }
    }
}
