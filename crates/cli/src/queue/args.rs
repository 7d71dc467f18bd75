//! Which queue.

use std::env;

use clap::Args;

use super::{engine::OpenQueue, open::open};
use crate::failure::Failure;

/// Where URLs of databases usually are.
const VARIABLE: &str = "DATABASE_URL";

/// The queue that a command works on.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Queue")]
pub(crate) struct QueueArgs {
    /// The database of the queue: `sqlite://FILE`, `postgres://...` or `nats://...` [default: `DATABASE_URL` of the
    /// environment, which keeps a password out of your shell's history]
    // Not parsed by clap, whose errors quote the value.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// The queue's name, as the service gives it to `Queue::new`
    #[arg(long, value_name = "NAME", default_value = "clerk")]
    queue: String,
    /// The name of the queue's streams on NATS
    #[arg(long, value_name = "NAME", default_value = "clerk_queue")]
    stream: String,
}

impl QueueArgs {
    /// Whether the arguments name a database, without a look at the environment.
    #[allow(dead_code, reason = "`listen` asks")]
    pub(crate) fn is_given(&self) -> bool {
        self.database_url.is_some()
    }

    /// Opens the queue. It must exist: no database, table or stream is made.
    pub(crate) async fn open(&self) -> Result<OpenQueue, Failure> {
        let not_given = || {
            Failure::Usage(format!(
                "which database? Set {VARIABLE}, or give --database-url sqlite://FILE, postgres://... or nats://..."
            ))
        };
        let url = self
            .database_url
            .clone()
            .or_else(|| env::var(VARIABLE).ok());
        open(&url.ok_or_else(not_given)?, &self.queue, &self.stream).await
    }
}
