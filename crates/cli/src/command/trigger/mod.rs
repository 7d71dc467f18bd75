//! `trigger`: signs events and sends them.

mod plan;
mod report;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use clap::Args;
use fastrand::Rng;
use tokio::sync::mpsc;

use self::{
    plan::{Planned, plan},
    report::Report,
};
use crate::{
    attempt::{Attempt, attempt, runtime},
    failure::{Ending, Failure},
    input::SecretArgs,
    output::Output,
    send::{Client, Target, request},
};

/// Sign events and send them to a receiver, as Clerk does
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  clerk-webhooks trigger user.created --to http://127.0.0.1:3000/webhooks/clerk
  clerk-webhooks trigger user.created --set data.first_name=Ada --to http://127.0.0.1:3000/webhooks/clerk
  clerk-webhooks trigger --all --duplicate --shuffle --to https://staging.example.com/webhooks/clerk
  clerk-webhooks trigger user.deleted --repeat 10000 --concurrency 64 --to http://127.0.0.1:3000/webhooks/clerk
  clerk-webhooks trigger --all --forge --to http://127.0.0.1:3000/webhooks/clerk

Exit code: 0 if every answer is as it should be (2xx; with --forge or --stale 4xx), 1 if not, 4 without any answer.")]
pub(crate) struct TriggerArgs {
    /// The types of the events; `clerk-webhooks events` lists them
    #[arg(value_name = "TYPE", required_unless_present_any = ["all", "data"])]
    types: Vec<String>,
    /// Where to send them
    #[arg(long, value_name = "URL")]
    to: Target,
    /// Send one event of every type
    #[arg(long, conflicts_with_all = ["types", "data"])]
    all: bool,
    /// Send the body in this file instead of an event of ours. `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "types")]
    data: Option<PathBuf>,
    /// Change a field, such as `data.first_name=Ada` or `data.banned=true`. May be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// How often each event is sent, each time as a new message
    #[arg(long, value_name = "N", default_value = "1")]
    repeat: usize,
    /// How many are under way at once
    #[arg(long, value_name = "N", default_value = "1")]
    concurrency: usize,
    /// How long to wait for an answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "15")]
    time_limit: u64,
    /// Send each message twice, under the same message id
    #[arg(long)]
    duplicate: bool,
    /// Send in random order
    #[arg(long)]
    shuffle: bool,
    /// Sign with a random secret: the receiver must refuse (4xx)
    #[arg(long, conflicts_with = "stale")]
    forge: bool,
    /// Sign as of one hour ago: the receiver must refuse (4xx)
    #[arg(long)]
    stale: bool,
    #[command(flatten)]
    secret: SecretArgs,
}

pub(crate) fn run(args: &TriggerArgs, output: &mut Output) -> Result<Ending, Failure> {
    let secret = match args.forge {
        true => plan::random_secret(&mut Rng::new())?,
        false => args.secret.signing_secret()?,
    };
    let planned = plan(args)?;
    let report = Report::new(planned.len(), args.forge || args.stale);
    let work = Arc::new(Work {
        client: Client::default(),
        target: args.to.clone(),
        time_limit: Duration::from_secs(args.time_limit),
        signer: plan::Signer::new(secret, args.stale),
        left: Mutex::new(planned.into_iter()),
    });
    runtime()?.block_on(deliver(&work, args.concurrency.max(1), report, output))
}

/// What the senders share.
struct Work {
    client: Client,
    target: Target,
    time_limit: Duration,
    signer: plan::Signer,
    left: Mutex<std::vec::IntoIter<Planned>>,
}

impl Work {
    async fn send_all(self: Arc<Self>, done: mpsc::Sender<(Planned, Attempt)>) {
        let mut rng = Rng::new();
        while let Some(planned) = self.next() {
            let headers = self.signer.headers(&planned);
            let request = request(&self.target, &headers, &planned.body, &mut rng);
            let attempt = attempt(&self.client, &self.target, &request, self.time_limit).await;
            if done.send((planned, attempt)).await.is_err() {
                return;
            }
        }
    }

    fn next(&self) -> Option<Planned> {
        self.left
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .next()
    }
}

/// Sends everything; on Ctrl-C, reports what was sent so far.
async fn deliver(
    work: &Arc<Work>,
    concurrency: usize,
    mut report: Report,
    output: &mut Output,
) -> Result<Ending, Failure> {
    let (sender, mut done) = mpsc::channel(concurrency);
    for _ in 0..concurrency {
        tokio::spawn(work.clone().send_all(sender.clone()));
    }
    drop(sender);
    let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        tokio::select! {
            sent = done.recv() => match sent {
                Some((planned, attempt)) => report.add(&planned, &attempt, output)?,
                None => return report.finish(output),
            },
            _ = &mut interrupt => {
                report.finish(output).ok();
                return Ok(Ending::Interrupted);
            }
        }
    }
}
