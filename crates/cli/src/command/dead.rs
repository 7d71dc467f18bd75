//! `dead`: the dead letters of a queue.

use std::time::UNIX_EPOCH;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::Value;

use crate::{
    attempt::runtime,
    confirm::confirm,
    failure::{Ending, Failure},
    output::{Colour, Output, escaped, utc},
    queue::{DeadLetter, OpenQueue, QueueArgs},
};

/// How many are read at once: a letter can have 2 MiB.
const PAGE: u32 = 20;

/// List, show, requeue or drop the dead letters of a queue
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  clerk-webhooks dead list --database-url sqlite://queue.db
  clerk-webhooks --json dead list | jq -r .error | sort | uniq -c
  clerk-webhooks dead show msg_2abc
  clerk-webhooks dead requeue --all
  clerk-webhooks dead drop msg_2abc msg_2def --yes

Exit code: 0 if everything is done, 1 if there is no such dead letter, 5 if the queue cannot be used.")]
pub(crate) struct DeadArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the dead letters, the oldest first
    List {
        #[command(flatten)]
        queue: QueueArgs,
    },
    /// Show a dead letter with its event
    Show {
        /// The id of its message
        #[arg(value_name = "ID")]
        message_id: String,
        #[command(flatten)]
        queue: QueueArgs,
    },
    /// Run dead-lettered events again, with all their attempts
    Requeue {
        #[command(flatten)]
        letters: LetterArgs,
        #[command(flatten)]
        queue: QueueArgs,
    },
    /// Delete dead letters for good
    Drop {
        #[command(flatten)]
        letters: LetterArgs,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        queue: QueueArgs,
    },
}

/// Which dead letters.
#[derive(Debug, Args)]
struct LetterArgs {
    /// The ids of their messages
    #[arg(value_name = "ID", required_unless_present = "all")]
    message_ids: Vec<String>,
    /// All that are there when the command starts
    #[arg(long, conflicts_with = "message_ids")]
    all: bool,
}

/// What `--json` prints of a dead letter.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    svix_id: &'a str,
    event_type: Option<&'a str>,
    died_at_ms: u128,
    attempts: u32,
    crashes: u32,
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stored: Option<String>,
}

/// What `--json` prints of a letter that was requeued or dropped.
#[derive(Serialize)]
struct DoneLine<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    svix_id: &'a str,
    found: bool,
}

pub(crate) fn run(args: &DeadArgs, output: &mut Output) -> Result<Ending, Failure> {
    runtime()?.block_on(async {
        match &args.action {
            Action::List { queue } => list(&queue.open().await?, output).await,
            Action::Show { message_id, queue } => {
                show(&queue.open().await?, message_id, output).await
            }
            Action::Requeue { letters, queue } => {
                requeue(&queue.open().await?, letters, output).await
            }
            Action::Drop {
                letters,
                yes,
                queue,
            } => drop(&queue.open().await?, letters, *yes, output).await,
        }
    })
}

async fn list(queue: &OpenQueue, output: &mut Output) -> Result<Ending, Failure> {
    let mut last = None;
    loop {
        let page = queue.dead_letters(last.as_ref(), PAGE).await?;
        for letter in &page {
            print(letter, output)?;
        }
        match page.into_iter().next_back() {
            Some(letter) => last = Some(letter),
            None => return Ok(Ending::Success),
        }
    }
}

async fn show(queue: &OpenQueue, message_id: &str, output: &mut Output) -> Result<Ending, Failure> {
    let Some(letter) = queue.dead_letter(message_id).await? else {
        print_done("shown", message_id, false, output)?;
        return Ok(Ending::Refused);
    };
    let event = letter.event();
    if output.is_json() {
        let line = Line {
            event: event.as_ref(),
            stored: event.is_none().then(|| stored(&letter)),
            ..line(&letter, event.as_ref())
        };
        output.object(&line)?;
        return Ok(Ending::Success);
    }
    let (id, crashes) = (escaped(letter.message_id()), letter.crashes());
    output.line(format!("message id  {id}"))?;
    output.line(format!("died at     {}", died_at(&letter)))?;
    output.line(format!(
        "attempts    {}, of which {crashes} crashed",
        letter.attempts()
    ))?;
    output.line(format!("error       {}\n", escaped(letter.error())))?;
    match event {
        Some(event) => {
            for line in format!("{event:#}").lines() {
                output.line(escaped(line))?;
            }
        }
        None => output.line(format!("not an event: {}", escaped(&stored(&letter))))?,
    }
    Ok(Ending::Success)
}

async fn requeue(
    queue: &OpenQueue,
    letters: &LetterArgs,
    output: &mut Output,
) -> Result<Ending, Failure> {
    let mut all_found = true;
    for id in letters.ids(queue).await? {
        let found = queue.requeue(&id).await?;
        all_found &= found;
        print_done("requeued", &id, found, output)?;
    }
    Ok(Ending::of(all_found))
}

async fn drop(
    queue: &OpenQueue,
    letters: &LetterArgs,
    yes: bool,
    output: &mut Output,
) -> Result<Ending, Failure> {
    let ids = letters.ids(queue).await?;
    let question = format!(
        "Delete {} dead letters of queue {queue} for good?",
        ids.len()
    );
    confirm(&question, yes)?;
    let mut all_found = true;
    for id in ids {
        let found = queue.drop(&id).await?;
        all_found &= found;
        print_done("dropped", &id, found, output)?;
    }
    Ok(Ending::of(all_found))
}

impl LetterArgs {
    /// Found before anything is done: an event that fails again is dead-lettered again, and would be found forever.
    async fn ids(&self, queue: &OpenQueue) -> Result<Vec<String>, Failure> {
        if !self.all {
            return Ok(self.message_ids.clone());
        }
        let mut ids = Vec::new();
        let mut last = None;
        loop {
            let page = queue.dead_letters(last.as_ref(), PAGE).await?;
            ids.extend(page.iter().map(|letter| letter.message_id().to_owned()));
            match page.into_iter().next_back() {
                Some(letter) => last = Some(letter),
                None => return Ok(ids),
            }
        }
    }
}

fn print(letter: &DeadLetter, output: &mut Output) -> Result<(), Failure> {
    let event = letter.event();
    let line = line(letter, event.as_ref());
    if output.is_json() {
        return Ok(output.object(&line)?);
    }
    let (id, event_type) = (
        escaped(line.svix_id),
        escaped(line.event_type.unwrap_or("-")),
    );
    let (died_at, error) = (died_at(letter), escaped(line.error));
    let attempts = line.attempts;
    Ok(output.line(format!(
        "{died_at}  {id:<31}  {event_type:<30}  {attempts:>3} attempts  {error}"
    ))?)
}

fn line<'a>(letter: &'a DeadLetter, event: Option<&'a Value>) -> Line<'a> {
    let since_1970 = letter.died_at().duration_since(UNIX_EPOCH);
    Line {
        kind: "dead_letter",
        svix_id: letter.message_id(),
        event_type: event.and_then(|event| event.get("type")?.as_str()),
        died_at_ms: since_1970.unwrap_or_default().as_millis(),
        attempts: letter.attempts(),
        crashes: letter.crashes(),
        error: letter.error(),
        event: None,
        stored: None,
    }
}

fn died_at(letter: &DeadLetter) -> String {
    utc(letter.died_at())
}

fn stored(letter: &DeadLetter) -> String {
    String::from_utf8_lossy(letter.stored()).into_owned()
}

fn print_done(
    kind: &'static str,
    message_id: &str,
    found: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    if output.is_json() {
        let line = DoneLine {
            kind,
            svix_id: message_id,
            found,
        };
        return Ok(output.object(&line)?);
    }
    let outcome = match found {
        true => output.paint(Colour::Green, kind),
        false => output.paint(Colour::Red, "no such dead letter"),
    };
    Ok(output.line(format!("{:<31}  {outcome}", escaped(message_id)))?)
}
