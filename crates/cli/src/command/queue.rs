//! `queue`: counts of a queue, and purge.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::{
    attempt::runtime,
    confirm::confirm,
    failure::{Ending, Failure},
    output::Output,
    queue::{Counts, QueueArgs},
};

/// Count the events of a queue, or purge what it remembers
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  clerk-webhooks queue stats --database-url sqlite://queue.db
  clerk-webhooks --json queue stats | jq .dead
  clerk-webhooks queue purge --older-than 14 --yes

Exit code: 0 if it is done, 5 if the queue cannot be used.")]
pub(crate) struct QueueCommandArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Count the events that wait, run, or are dead-lettered
    Stats {
        #[command(flatten)]
        queue: QueueArgs,
    },
    /// Delete the ids of messages that were processed long ago, as workers do each hour
    ///
    /// Ids are kept to recognize duplicates: a message whose id is deleted runs again if it is delivered again. Clerk
    /// retries for 28 hours, and people resend by hand. Dead letters stay. NATS forgets ids by itself.
    Purge {
        /// How long ago, in days
        #[arg(long, value_name = "DAYS", default_value = "7")]
        older_than: u32,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        queue: QueueArgs,
    },
}

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// What `--json` prints.
#[derive(Serialize)]
struct StatsLine {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Serialize)]
struct PurgedLine {
    #[serde(rename = "type")]
    kind: &'static str,
    messages: u64,
}

pub(crate) fn run(args: &QueueCommandArgs, output: &mut Output) -> Result<Ending, Failure> {
    let done = async {
        match &args.action {
            Action::Stats { queue } => stats(queue, output).await,
            Action::Purge {
                older_than,
                yes,
                queue,
            } => purge(queue, *older_than, *yes, output).await,
        }
    };
    runtime()?.block_on(done)?;
    Ok(Ending::Success)
}

async fn stats(args: &QueueArgs, output: &mut Output) -> Result<(), Failure> {
    let queue = args.open().await?;
    let counts = queue.counts().await?;
    if output.is_json() {
        let kind = "queue";
        return Ok(output.object(&StatsLine { kind, counts })?);
    }
    output.line(format!("waiting  {}", counts.waiting))?;
    output.line(format!("running  {}", counts.running))?;
    output.line(format!("dead     {}", counts.dead))?;
    if counts == Counts::default() {
        output.line(format!(
            "queue {queue} is empty: is this the name that the service uses?"
        ))?;
    }
    Ok(())
}

async fn purge(
    args: &QueueArgs,
    older_than: u32,
    yes: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let queue = args.open().await?;
    let question = format!(
        "Delete the ids of messages that queue {queue} processed more than {older_than} days ago?"
    );
    confirm(&question, yes)?;
    let nothing = || {
        Failure::Usage(
            "a queue on NATS has nothing to purge: the server forgets message ids by itself"
                .to_owned(),
        )
    };
    let messages = queue.purge(DAY * older_than).await?.ok_or_else(nothing)?;
    match output.is_json() {
        true => output.object(&PurgedLine {
            kind: "purged",
            messages,
        })?,
        false => output.line(format!("deleted the ids of {messages} messages"))?,
    }
    Ok(())
}
