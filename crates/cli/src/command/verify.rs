//! `verify`: captured deliveries to verdicts.

use clap::Args;
use clerk_webhooks::{VerifiedDelivery, Verifier, testing::FixedClock, verify::VerifyError};
use serde::Serialize;

use crate::{
    capture::{CapturedDelivery, Entry},
    failure::{Ending, Failure},
    input::{Arrival, CaptureArgs, SecretArgs},
    output::{Colour, Output, escaped},
};

/// Verify captured deliveries, as a receiver with this secret does
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  clerk webhooks listen --json | tee capture.jsonl
  clerk-webhooks verify capture.jsonl --at signed
  curl -v --data-binary @body.json http://127.0.0.1:3000/ 2> head.txt; clerk-webhooks verify head.txt --body body.json

Exit code: 0 if every delivery is verified, 1 if one is refused, 3 if the input cannot be read.")]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    captures: CaptureArgs,
    /// When the deliveries arrived: `recorded` (if the capture says so, otherwise now), `now`, `signed` (when they were
    /// sent: their age does not matter), or seconds since 1970
    #[arg(long, value_name = "WHEN", default_value = "recorded")]
    at: Arrival,
    #[command(flatten)]
    secret: SecretArgs,
}

/// What `--json` prints of a delivery.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    svix_id: Option<&'a str>,
    event_type: Option<String>,
    verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

pub(crate) fn run(args: &VerifyArgs, output: &mut Output) -> Result<Ending, Failure> {
    let verifier = args.secret.verifier()?;
    let mut all_verified = true;
    for entry in args.captures.entries()? {
        match entry {
            Entry::Delivery(delivery) => {
                let verdict = verify(&verifier, &delivery, args.at);
                all_verified &= verdict.is_ok();
                print(&delivery, &verdict, output)?;
            }
            Entry::Other(line) if output.is_json() => output.line(line)?,
            Entry::Other(_) => {}
        }
    }
    if !all_verified {
        output.refer_to("refused-deliveries")?;
    }
    Ok(Ending::of(all_verified))
}

fn verify(
    verifier: &Verifier,
    delivery: &CapturedDelivery,
    at: Arrival,
) -> Result<VerifiedDelivery, VerifyError> {
    let verifier = match at.of(delivery) {
        Some(arrival) => verifier.clone().with_clock(FixedClock::at(arrival)),
        None => verifier.clone(),
    };
    verifier
        .check_header_pairs(&delivery.headers)?
        .finish(delivery.body.clone())
}

fn print(
    delivery: &CapturedDelivery,
    verdict: &Result<VerifiedDelivery, VerifyError>,
    output: &mut Output,
) -> Result<(), Failure> {
    if output.is_json() {
        return Ok(output.object(&line(delivery, verdict))?);
    }
    let (green, red) = (
        output.paint(Colour::Green, "verified"),
        output.paint(Colour::Red, "refused"),
    );
    let verdict = match verdict {
        Ok(verified) => format!("{green}  {}", verified.secret_label()),
        Err(error) => format!("{red}   {}: {error}", error.kind()),
    };
    Ok(output.line(format!("{}  {verdict}", subject(delivery)))?)
}

fn line<'a>(
    delivery: &'a CapturedDelivery,
    verdict: &'a Result<VerifiedDelivery, VerifyError>,
) -> Line<'a> {
    let error = verdict.as_ref().err();
    Line {
        kind: "verdict",
        svix_id: delivery.claimed_id(),
        event_type: delivery.claimed_type(),
        verified: error.is_none(),
        secret: verdict.as_ref().ok().map(VerifiedDelivery::secret_label),
        reason: error.map(|error| error.kind().code()),
        message: error.map(ToString::to_string),
    }
}

/// The columns that name a delivery.
pub(crate) fn subject(delivery: &CapturedDelivery) -> String {
    let id = escaped(delivery.claimed_id().unwrap_or("-"));
    let event_type = escaped(delivery.claimed_type().as_deref().unwrap_or("-"));
    format!("{id:<31}  {event_type:<30}")
}
