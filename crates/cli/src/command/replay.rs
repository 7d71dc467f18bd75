//! `replay`: sends captured deliveries again.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use clerk_webhooks::SigningSecret;
use serde::Serialize;
use tokio::time::sleep;

use super::verify::subject;
use crate::{
    attempt::{Attempt, attempt, request_again, runtime},
    capture::CapturedDelivery,
    failure::{Ending, Failure},
    input::{Arrival, CaptureArgs, SecretArgs, sent_at},
    output::{Output, escaped},
    progress::Progress,
    send::{Client, Target},
};

/// From so many on, progress is shown.
const MANY: usize = 20;

/// Send captured deliveries again: same message ids, bodies, order and pace; fresh timestamp and signature
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  clerk-webhooks replay capture.jsonl --to http://127.0.0.1:3000/webhooks/clerk
  clerk-webhooks replay capture.jsonl --speed 10 --to http://127.0.0.1:3000/webhooks/clerk
  clerk-webhooks replay capture.jsonl --speed max --resume replayed --to https://staging.example.com/webhooks/clerk
  clerk-webhooks replay capture.jsonl --as-is --to http://127.0.0.1:3000/webhooks/clerk

Exit code: 0 if every delivery is accepted (2xx), 1 if one is not, 4 without an answer; 130 after Ctrl-C.")]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    captures: CaptureArgs,
    /// Where to send them
    #[arg(long, value_name = "URL")]
    to: Target,
    /// How many times faster than recorded, or `max` for no pauses
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = parse_speed)]
    speed: f64,
    /// Send the recorded headers unchanged; needs no secret
    #[arg(long)]
    as_is: bool,
    /// A file that remembers how many deliveries were answered: the next run goes on from there
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// How long to wait for an answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "15")]
    time_limit: u64,
    #[command(flatten)]
    secret: SecretArgs,
}

fn parse_speed(text: &str) -> Result<f64, String> {
    let factor = match text {
        "max" => Ok(f64::INFINITY),
        _ => text.parse().map_err(|_| ()),
    };
    let factor = factor.ok().filter(|factor: &f64| *factor > 0.0);
    factor.ok_or_else(|| "use a number above 0, or `max`".to_owned())
}

pub(crate) fn run(args: &ReplayArgs, output: &mut Output) -> Result<Ending, Failure> {
    let secret = match args.as_is {
        true => None,
        false => Some(args.secret.signing_secret()?),
    };
    let deliveries = args.captures.deliveries()?;
    let first = args.resume.as_deref().map_or(Ok(0), read_place)?;
    let replay = Replay {
        args,
        secret,
        client: Client::default(),
    };
    runtime()?.block_on(async {
        tokio::select! {
            ending = replay.send_all(&deliveries, first, output) => ending,
            _ = tokio::signal::ctrl_c() => Ok(Ending::Interrupted),
        }
    })
}

struct Replay<'a> {
    args: &'a ReplayArgs,
    secret: Option<SigningSecret>,
    client: Client,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    svix_id: Option<&'a str>,
    event_type: Option<String>,
    status: Option<u16>,
    latency_ms: f64,
    accepted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl Replay<'_> {
    async fn send_all(
        &self,
        deliveries: &[CapturedDelivery],
        first: usize,
        output: &mut Output,
    ) -> Result<Ending, Failure> {
        let mut progress = Progress::new(deliveries.len(), MANY);
        let mut all_accepted = true;
        let time_limit = Duration::from_secs(self.args.time_limit);
        for (place, delivery) in deliveries.iter().enumerate().skip(first) {
            let before = place.checked_sub(1).filter(|before| *before >= first);
            let before = before.and_then(|before| deliveries.get(before));
            sleep(before.map_or(Duration::ZERO, |before| self.pause(before, delivery))).await;
            let request = request_again(&self.args.to, self.secret.as_ref(), delivery);
            let attempt = attempt(&self.client, &self.args.to, &request, time_limit).await;
            all_accepted &= attempt.is_accepted();
            progress.clear();
            print(delivery, &attempt, output)?;
            if let Err(error) = &attempt.answer {
                return Err(Failure::Network(format!(
                    "stopped at delivery {}: {error}",
                    place + 1
                )));
            }
            self.save_place(place + 1)?;
            progress.show(place + 1);
        }
        progress.clear();
        Ok(Ending::of(all_accepted))
    }

    /// The time between two deliveries, by their arrival, otherwise by their timestamps.
    fn pause(&self, before: &CapturedDelivery, next: &CapturedDelivery) -> Duration {
        let arrival = |delivery| Arrival::Recorded.of(delivery);
        let recorded = arrival(before).zip(arrival(next));
        let times = recorded.or_else(|| sent_at(before).zip(sent_at(next)));
        let pause = times.and_then(|(before, next)| next.duration_since(before).ok());
        pause.unwrap_or_default().div_f64(self.args.speed)
    }

    fn save_place(&self, place: usize) -> Result<(), Failure> {
        let Some(file) = &self.args.resume else {
            return Ok(());
        };
        let saved = fs::write(file, format!("{place}\n"));
        saved.map_err(|error| Failure::Input(format!("cannot write {}: {error}", file.display())))
    }
}

/// How many deliveries earlier runs sent.
fn read_place(file: &Path) -> Result<usize, Failure> {
    match fs::read_to_string(file) {
        Ok(text) => text.trim().parse().map_err(|_| {
            let hint = "is not a file of --resume: it holds one number";
            Failure::Input(format!("{} {hint}", file.display()))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(Failure::unreadable(file.display(), error)),
    }
}

fn print(
    delivery: &CapturedDelivery,
    attempt: &Attempt,
    output: &mut Output,
) -> Result<(), Failure> {
    let error = attempt.answer.as_ref().err().map(String::as_str);
    if output.is_json() {
        let line = Line {
            kind: "replayed",
            svix_id: delivery.claimed_id(),
            event_type: delivery.claimed_type(),
            status: attempt.status(),
            latency_ms: attempt.milliseconds(),
            accepted: attempt.is_accepted(),
            error,
        };
        return Ok(output.object(&line)?);
    }
    let outcome = attempt.outcome(attempt.is_accepted(), output);
    let line = format!(
        "{}  {outcome}  {}",
        subject(delivery),
        escaped(error.unwrap_or_default())
    );
    Ok(output.line(line.trim_end())?)
}
