//! `trigger`: signs events and sends them.

mod args;
mod plan;
mod report;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use fastrand::Rng;
use tokio::sync::mpsc;

pub(crate) use self::args::TriggerArgs;
use self::{
    plan::{Planned, plan},
    report::Report,
};
use crate::{
    attempt::{Attempt, attempt, runtime},
    failure::{Ending, Failure},
    output::Output,
    secret::random_secret,
    send::{Client, Target, request},
};

pub(crate) fn run(args: &TriggerArgs, output: &mut Output) -> Result<Ending, Failure> {
    let secret = match args.forge {
        true => {
            random_secret(&mut Rng::new()).map_err(|error| Failure::Input(error.to_string()))?
        }
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
    let mut ended = Vec::with_capacity(concurrency);
    loop {
        tokio::select! {
            count = done.recv_many(&mut ended, concurrency) => {
                if count == 0 {
                    return report.finish(output);
                }
                for (planned, attempt) in ended.drain(..) {
                    report.add(&planned, &attempt, output)?;
                }
            }
            _ = &mut interrupt => {
                report.finish(output).ok();
                return Ok(Ending::Interrupted);
            }
        }
    }
}
