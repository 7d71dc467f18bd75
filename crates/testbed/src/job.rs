//! The instructions for a handler of the testbed's servers, sent in the message itself.

use std::{
    fs::File,
    io::{self, ErrorKind},
    path::Path,
    process,
    time::Duration,
};

use clerk_webhooks::WebhookError;
use fastrand::Rng;
use serde::{Deserialize, Serialize};

use crate::sender::Message;

/// A whole event, whose data says how long the work takes and how it fails.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Job {
    /// How long the handler works: half of it before its effect, half after.
    pub work: Duration,
    /// How the first runs fail, before their effect. The run after them succeeds.
    pub failures: Vec<Failure>,
    /// Whether the handler waits, before its effect, until there is a file `{message id}.go` beside the
    /// ledger.
    pub waits: bool,
    /// Whether the handler also has an effect in the database: in the transaction of the inbox, or in the one that
    /// completes the event.
    pub in_database: bool,
}

/// How a handler fails.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Failure {
    /// It returns an error that means "again".
    Error,
    /// It returns an error that means "never again".
    Permanent,
    /// It panics.
    Panic,
    /// It ends its whole process.
    Abort,
    /// As `Abort`; with [`in_database`](Job::in_database) between the event's completion and the commit.
    AbortBeforeCommit,
    /// As `Abort`; with [`in_database`](Job::in_database) just after the commit.
    AbortAfterCommit,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    data: &'a Job,
}

/// The message of a job, as its handler gets it.
#[derive(Debug, Deserialize)]
pub struct Event {
    /// What to do.
    pub data: Job,
}

impl Job {
    /// The body of its message.
    ///
    /// # Errors
    ///
    /// Never, as far as is known.
    pub fn body(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&Body {
            r#type: "testbed.job",
            data: self,
        })
    }

    /// A message for each job, with ids as Svix makes them; the same ids from the same seed.
    ///
    /// # Errors
    ///
    /// Never, as far as is known.
    pub fn messages(seed: u64, jobs: &[Self]) -> serde_json::Result<Vec<Message>> {
        let bodies: Vec<_> = jobs.iter().map(Self::body).collect::<Result<_, _>>()?;
        Ok(Message::several(seed, bodies.len(), |n| bodies[n].clone()))
    }

    /// The first of its failures that no run of this message in any process has used yet. `folder` keeps the used ones.
    ///
    /// # Errors
    ///
    /// When the folder cannot be written to.
    pub fn next_failure(&self, folder: &Path, message_id: &str) -> io::Result<Option<Failure>> {
        for (number, failure) in self.failures.iter().enumerate() {
            // Making a file is atomic, and outlives us.
            let taken = File::create_new(folder.join(format!("{message_id}.{number}")));
            match taken {
                Ok(_) => return Ok(Some(*failure)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

impl Failure {
    /// A temporary failure: an error or a panic.
    pub fn passing(rng: &mut Rng) -> Self {
        if rng.bool() { Self::Error } else { Self::Panic }
    }

    /// Makes the failure happen.
    ///
    /// # Panics
    ///
    /// When the failure is a panic.
    #[must_use]
    pub fn happen(self) -> WebhookError {
        match self {
            Self::Error => WebhookError::retry("as it was told to"),
            Self::Permanent => WebhookError::permanent("as it was told to"),
            Self::Panic => panic!("as it was told to"),
            Self::Abort | Self::AbortBeforeCommit | Self::AbortAfterCommit => process::abort(),
        }
    }
}
