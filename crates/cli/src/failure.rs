//! How a command ends.

use std::{fmt, io};

/// How a command ended that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Exit code 0.
    Success,
    /// A delivery was refused, a receiver did not answer as it should, or there is no such dead letter: exit code 1.
    Refused,
    /// Ctrl-C: exit code 130, as after the signal.
    Interrupted,
}

impl Ending {
    /// The exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Refused => 1,
            Self::Interrupted => 130,
        }
    }

    /// `Refused` unless `all_right`.
    pub(crate) fn of(all_right: bool) -> Self {
        match all_right {
            true => Self::Success,
            false => Self::Refused,
        }
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments do not fit together: exit code 2, as for all other arguments that are wrong.
    Usage(String),
    /// A file, a secret or a body cannot be read: exit code 3.
    Input(String),
    /// Nothing can be sent to the receiver: exit code 4.
    Network(String),
    /// The queue or its database cannot be used: exit code 5.
    Queue(String),
    /// Whoever read the output has gone (`| head`): exit code 141 without a message, as after SIGPIPE.
    OutputClosed,
}

impl Failure {
    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Input(_) => 3,
            Self::Network(_) => 4,
            Self::Queue(_) => 5,
            Self::OutputClosed => 141,
        }
    }

    /// The message, if there is someone to read it.
    pub(crate) fn message(&self) -> Option<&str> {
        match self {
            Self::Usage(message)
            | Self::Input(message)
            | Self::Network(message)
            | Self::Queue(message) => Some(message),
            Self::OutputClosed => None,
        }
    }

    /// A file or stream that cannot be read.
    pub(crate) fn unreadable(name: impl fmt::Display, error: impl fmt::Display) -> Self {
        Self::Input(format!("cannot read {name}: {error}"))
    }
}

/// The output cannot be written.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::Input(format!("cannot write the output: {error}")),
        }
    }
}
