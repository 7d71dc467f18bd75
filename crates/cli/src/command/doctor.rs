//! `doctor`: what is wrong with the wiring of an endpoint.

use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::events::fixture;
use crate::{
    attempt::{milliseconds, runtime},
    doctor::{Examiner, Finding, Outcome, Probe, judge},
    failure::{Ending, Failure},
    input::SecretArgs,
    output::{Colour, Output},
    send::Target,
};

/// An event that no handler knows, so that it changes nothing. Its fields are sorted.
const HARMLESS: &str =
    r#"{"data":{"id":"check_1","object":"check"},"object":"event","type":"clerk_webhooks.check"}"#;

/// Say what is wrong with the wiring of an endpoint
#[derive(Debug, Args)]
#[command(
    after_help = "It sends about ten requests: what an endpoint must refuse (without signature, forged, signed an hour \
ago, GET, 3 MiB) and, with the secret, what it must accept. The genuine delivery has a type of its own, \
`clerk_webhooks.check`, which a handler ignores; --event sends an event of Clerk's instead, which your handler will \
handle.

Examples:
  clerk-webhooks doctor --url http://127.0.0.1:3000/webhooks/clerk
  clerk-webhooks doctor --url https://staging.example.com/webhooks/clerk --secret-env STAGING_SECRET
  clerk-webhooks doctor --url https://example.com/webhooks/clerk --without-secret
  clerk-webhooks --json doctor --url http://127.0.0.1:3000/webhooks/clerk | jq -r 'select(.type == \"finding\").code'

Exit code: 0 if nothing is wrong, 1 if something is, 4 without a connection."
)]
pub(crate) struct DoctorArgs {
    /// The endpoint, as it is registered at Clerk
    #[arg(long, value_name = "URL")]
    url: Target,
    /// Check only what must be refused
    #[arg(long, conflicts_with_all = ["source", "event"])]
    without_secret: bool,
    /// The type of the genuine delivery, which your handler will handle
    #[arg(long, value_name = "TYPE")]
    event: Option<String>,
    /// How long to wait for an answer, in seconds. The sender waits 15
    #[arg(long, value_name = "SECONDS", default_value = "15")]
    time_limit: u64,
    #[command(flatten)]
    secret: SecretArgs,
}

/// What `--json` prints of a probe.
#[derive(Serialize)]
struct ProbeLine {
    #[serde(rename = "type")]
    kind: &'static str,
    probe: &'static str,
    must_be_accepted: bool,
    status: Option<u16>,
    latency_ms: f64,
}

#[derive(Serialize)]
struct FindingLine<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    code: &'static str,
    severity: &'static str,
    what: &'static str,
    evidence: &'a str,
    cure: &'static str,
}

pub(crate) fn run(args: &DoctorArgs, output: &mut Output) -> Result<Ending, Failure> {
    let secret = match args.without_secret {
        true => None,
        false => Some(args.secret.signing_secret()?),
    };
    let event = match &args.event {
        Some(name) => fixture(name)?.1,
        None => HARMLESS.to_owned(),
    };
    let time_limit = Duration::from_secs(args.time_limit);
    let examiner = Examiner::new(args.url.clone(), secret, event, time_limit)?;
    let seen = |probe, outcome: &Outcome| print_probe(probe, outcome, output);
    let examination = runtime()?.block_on(examiner.examine(seen))?;
    let findings = judge(&examination);
    for finding in &findings {
        print_finding(finding, output)?;
    }
    match findings.is_empty() {
        true if output.is_json() => {}
        true => output.line(format!(
            "\n{}",
            output.paint(Colour::Green, "nothing is wrong")
        ))?,
        false => output.refer_to("faults-that-doctor-finds")?,
    }
    Ok(Ending::of(
        findings.iter().all(|finding| finding.fault.is_advice()),
    ))
}

fn print_probe(probe: Probe, outcome: &Outcome, output: &mut Output) -> Result<(), Failure> {
    let status = outcome.status();
    if output.is_json() {
        let line = ProbeLine {
            kind: "probe",
            probe: probe.name(),
            must_be_accepted: probe.must_be_accepted(),
            status,
            latency_ms: milliseconds(outcome.took),
        };
        return Ok(output.object(&line)?);
    }
    let is_right = outcome.is_accepted() == probe.must_be_accepted();
    let colour = if is_right { Colour::Green } else { Colour::Red };
    let status = status.map_or("---".to_owned(), |status| status.to_string());
    let must = if probe.must_be_accepted() {
        "accepted"
    } else {
        "refused"
    };
    Ok(output.line(format!(
        "{:<12}  must be {must:<8}  {}  {:>8.1} ms",
        probe.name(),
        output.paint(colour, &status),
        milliseconds(outcome.took)
    ))?)
}

fn print_finding(finding: &Finding, output: &mut Output) -> Result<(), Failure> {
    let (fault, evidence) = (finding.fault, &finding.evidence);
    if output.is_json() {
        let line = FindingLine {
            kind: "finding",
            code: fault.code(),
            severity: if fault.is_advice() { "advice" } else { "wrong" },
            what: fault.what(),
            evidence,
            cure: fault.cure(),
        };
        return Ok(output.object(&line)?);
    }
    let severity = match fault.is_advice() {
        true => output.paint(Colour::Yellow, "advice"),
        false => output.paint(Colour::Red, "wrong "),
    };
    output.line(format!("\n{severity}  {fault}: {}", fault.what()))?;
    output.line(format!("        evidence: {evidence}"))?;
    output.line(format!("        to do: {}", fault.cure()))?;
    Ok(())
}
