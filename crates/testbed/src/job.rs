//! What the handler of `idempotent-server` is told to do, in the message itself.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A whole event, whose data says how long the work takes and how it fails.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Job {
    /// How long the handler works: half of it before its effect, half after.
    pub work: Duration,
    /// How the first runs fail, before their effect; the run after them does not.
    pub failures: Vec<Failure>,
    /// Whether the handler waits, before its effect, until there is a file `{message id}.go` beside the
    /// ledger.
    pub waits: bool,
    /// Whether the handler also has an effect in the database, in the transaction of the inbox.
    pub inbox: bool,
}

/// How a handler fails.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub enum Failure {
    /// It returns an error that means "again".
    Error,
    /// It panics.
    Panic,
}

#[derive(Serialize)]
struct Event<'a> {
    r#type: &'static str,
    data: &'a Job,
}

impl Job {
    /// The body of its message.
    ///
    /// # Errors
    ///
    /// Never, as far as is known.
    pub fn body(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&Event {
            r#type: "testbed.job",
            data: self,
        })
    }
}
