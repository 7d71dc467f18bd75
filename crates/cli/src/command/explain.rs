//! `explain`: captured deliveries to diagnoses.

use clap::Args;
use serde::Serialize;

use super::verify::subject;
use crate::{
    capture::{CapturedDelivery, Entry},
    explain::{
        Certainty, Circumstances, Diagnosis, Finding, NEXT_STEPS, UNKNOWN, Verdict, explain,
    },
    failure::{Ending, Failure},
    input::{Arrival, CaptureArgs, SecretArgs, texts_of_variable},
    output::{Colour, Output},
};

/// Say why captured deliveries are refused
#[derive(Debug, Args)]
#[command(
    after_help = "Each cause is `proved` (with it undone, the signature matches) or `suspected` (the evidence is \
named). Without evidence nothing is named.

Examples:
  clerk-webhooks explain capture.jsonl --at signed
  clerk-webhooks explain request.txt --other-secret-env STAGING_SECRET
  clerk-webhooks --json explain capture.jsonl | jq '.findings[].cause'

Exit code: 0 if every delivery is verified, 1 if one is refused, 3 if the input cannot be read."
)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    captures: CaptureArgs,
    /// When the deliveries arrived: `recorded` (if the capture says so, otherwise now), `now`, `signed` (when they were
    /// sent: their age does not matter), or seconds since 1970
    #[arg(long, value_name = "WHEN", default_value = "recorded")]
    at: Arrival,
    /// An environment variable with a secret that the receiver does not have, but that may have signed the delivery.
    /// May be repeated
    #[arg(long, value_name = "NAME")]
    other_secret_env: Vec<String>,
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
    reason: Option<&'static str>,
    unknown: bool,
    findings: &'a [Finding],
}

pub(crate) fn run(args: &ExplainArgs, output: &mut Output) -> Result<Ending, Failure> {
    let entries = args.captures.entries()?;
    let circumstances = args.circumstances(&entries)?;
    let mut all_verified = true;
    for entry in &entries {
        match entry {
            Entry::Delivery(delivery) => {
                let diagnosis = diagnose(delivery, &circumstances, args.at);
                all_verified &= diagnosis.is_verified();
                print(delivery, &diagnosis, output)?;
            }
            Entry::Other(line) if output.is_json() => output.line(line)?,
            Entry::Other(_) => {}
        }
    }
    if !all_verified {
        output.refer_to("causes-that-explain-finds")?;
    }
    Ok(Ending::of(all_verified))
}

impl ExplainArgs {
    /// The secrets, and which of the deliveries are genuine.
    fn circumstances(&self, entries: &[Entry]) -> Result<Circumstances, Failure> {
        let mut others = Vec::new();
        for name in &self.other_secret_env {
            others.extend(texts_of_variable(name)?);
        }
        let circumstances =
            Circumstances::of_secrets(self.secret.texts()?).with_other_secrets(others);
        let mut with_verified = circumstances.clone();
        for entry in entries {
            if let Entry::Delivery(delivery) = entry
                && diagnose(delivery, &circumstances, Arrival::Signed).is_verified()
            {
                with_verified.remember_verified(delivery);
            }
        }
        Ok(with_verified)
    }
}

fn diagnose(delivery: &CapturedDelivery, circumstances: &Circumstances, at: Arrival) -> Diagnosis {
    match at.of(delivery) {
        Some(arrival) => explain(delivery, &circumstances.clone().with_arrival(arrival)),
        None => explain(delivery, circumstances),
    }
}

fn print(
    delivery: &CapturedDelivery,
    diagnosis: &Diagnosis,
    output: &mut Output,
) -> Result<(), Failure> {
    if output.is_json() {
        return Ok(output.object(&line(delivery, diagnosis))?);
    }
    let verdict = match &diagnosis.verdict {
        Verdict::Verified(label) => format!("{}  {label}", output.paint(Colour::Green, "verified")),
        Verdict::Refused { kind, .. } => {
            format!("{}   {kind}", output.paint(Colour::Red, "refused"))
        }
        Verdict::NoVerifier(text) => format!("{}   {text}", output.paint(Colour::Red, "refused")),
    };
    output.line(format!("{}  {verdict}", subject(delivery)))?;
    for finding in &diagnosis.findings {
        print_finding(finding, output)?;
    }
    if diagnosis.is_unknown() {
        output.line(format!(
            "  {}    {UNKNOWN}",
            output.paint(Colour::Yellow, "unknown")
        ))?;
        output.line(format!("             to do: {NEXT_STEPS}"))?;
    }
    Ok(())
}

fn print_finding(finding: &Finding, output: &mut Output) -> Result<(), Failure> {
    let certainty = match finding.certainty {
        Certainty::Proved => output.paint(Colour::Green, "proved   "),
        Certainty::Suspected => output.paint(Colour::Yellow, "suspected"),
    };
    let cause = finding.cause;
    output.line(format!("  {certainty}  {cause}: {}", cause.what()))?;
    output.line(format!("             evidence: {}", finding.evidence))?;
    output.line(format!("             to do: {}", cause.cure()))?;
    Ok(())
}

fn line<'a>(delivery: &'a CapturedDelivery, diagnosis: &'a Diagnosis) -> Line<'a> {
    Line {
        kind: "diagnosis",
        svix_id: delivery.claimed_id(),
        event_type: delivery.claimed_type(),
        verified: diagnosis.is_verified(),
        reason: match diagnosis.verdict {
            Verdict::Refused { kind, .. } => Some(kind.code()),
            Verdict::Verified(_) | Verdict::NoVerifier(_) => None,
        },
        unknown: diagnosis.is_unknown(),
        findings: &diagnosis.findings,
    }
}
