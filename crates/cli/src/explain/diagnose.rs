//! [`explain`]: the verdict, then the proof, then the suspicion.

use std::time::Duration;

use bytes::Bytes;
use clerk_webhooks::{
    SigningSecret, Verifier,
    testing::FixedClock,
    verify::{VerifyError, VerifyErrorKind},
};

use super::{
    body,
    cause::Cause,
    circumstances::Circumstances,
    diagnosis::{Diagnosis, Finding, Verdict},
    evidence,
    header::Head,
    search::Candidate,
    secret,
};
use crate::{
    capture::CapturedDelivery,
    secret::{SecretText, verifier_of},
};

/// How many repairs of headers and body together are tried.
const MAX_REPAIRS: usize = 4;

/// Says what a receiver answers to the delivery, and why it refuses it.
///
/// ```
/// use clerk_webhooks::{SigningSecret, testing::{SignedRequest, fixtures}};
/// use clerk_webhooks_cli::{
///     SecretText, capture::CapturedDelivery, explain::{Cause, Certainty, Circumstances, explain},
/// };
///
/// let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// let request = SignedRequest::new(&SigningSecret::parse(text)?, fixtures::user_created());
/// let with_a_line_break = format!("{}\n", fixtures::user_created().to_json());
/// let delivery = CapturedDelivery::new(request.header_pairs().to_vec(), with_a_line_break);
///
/// let circumstances = Circumstances::of_secrets(vec![SecretText::new("SECRET", text)]);
/// let diagnosis = explain(&delivery, &circumstances);
/// assert_eq!(diagnosis.findings[0].cause, Cause::BodyTrailingWhiteSpace);
/// assert_eq!(diagnosis.findings[0].certainty, Certainty::Proved);
/// # Ok::<(), clerk_webhooks::SecretError>(())
/// ```
#[must_use]
pub fn explain(delivery: &CapturedDelivery, circumstances: &Circumstances) -> Diagnosis {
    let verdict = verdict(delivery, circumstances);
    if matches!(verdict, Verdict::Verified(_)) {
        return Diagnosis {
            verdict,
            findings: Vec::new(),
        };
    }
    let mut findings = proof(delivery, circumstances).unwrap_or_default();
    if findings.is_empty() {
        findings = evidence::suspects(delivery, circumstances, &verdict);
    } else if matches!(verdict, Verdict::NoVerifier(_)) {
        let is_explained = |finding: &Finding| finding.cause.code().starts_with("secret_");
        if !findings.iter().any(is_explained) {
            findings.extend(evidence::bad_secrets(circumstances));
        }
    }
    Diagnosis { verdict, findings }
}

fn verdict(delivery: &CapturedDelivery, circumstances: &Circumstances) -> Verdict {
    let secrets: Result<Vec<_>, _> = circumstances
        .secrets()
        .iter()
        .map(SecretText::parse)
        .collect();
    let verifier = match secrets.map(verifier_of) {
        Ok(Some(verifier)) => at_arrival(verifier, delivery, circumstances),
        Ok(None) => return Verdict::NoVerifier("no secret was given".to_owned()),
        Err(text) => return Verdict::NoVerifier(text),
    };
    match verify(&verifier, &delivery.headers, &delivery.body) {
        Ok(label) => Verdict::Verified(label),
        Err(error) => Verdict::Refused {
            kind: error.kind(),
            text: error.to_string(),
        },
    }
}

/// The causes that have to be undone until the signature matches.
fn proof(delivery: &CapturedDelivery, circumstances: &Circumstances) -> Option<Vec<Finding>> {
    let secrets = signing_secrets(circumstances);
    let verifier = labelled_by_place(&secrets)?.with_tolerance(Duration::MAX);
    let proof = first_match(&verifier, delivery)?;
    let secret = secrets.get(proof.secret)?;
    let mut findings: Vec<Finding> = Vec::new();
    let evidence = format!(
        "with this undone, the signature matches the secret {}",
        secret.label
    );
    for cause in secret.causes.iter().chain(&proof.causes) {
        if !findings.iter().any(|finding| finding.cause == *cause) {
            findings.push(Finding::proved(*cause, &evidence));
        }
    }
    findings.extend(fault_of_time(
        delivery,
        circumstances,
        &proof.head,
        &secret.secret,
    ));
    Some(findings)
}

/// A secret that may have signed the delivery, and what has to be undone in its text.
struct Signer {
    label: String,
    secret: SigningSecret,
    causes: Vec<Cause>,
}

/// The receiver's secrets and the other ones, those with the fewest repairs first.
fn signing_secrets(circumstances: &Circumstances) -> Vec<Signer> {
    let own = circumstances
        .secrets()
        .iter()
        .flat_map(|text| signers(text, &[]));
    let others = circumstances.other_secrets().iter();
    let others = others.flat_map(|text| signers(text, &[Cause::OtherSecret]));
    let mut all: Vec<_> = own.chain(others).collect();
    all.sort_by_key(|signer| signer.causes.len());
    all
}

/// What a text may have been, as far as it is a secret then.
fn signers(text: &SecretText, causes: &[Cause]) -> Vec<Signer> {
    let signer = |candidate: Candidate<secret::Text>| {
        Some(Signer {
            label: text.label().to_owned(),
            secret: SecretText::new(text.label(), candidate.value.as_str())
                .parse()
                .ok()?,
            causes: [causes, &candidate.causes].concat(),
        })
    };
    let repaired = secret::repaired(text.as_str()).into_iter();
    repaired.filter_map(signer).collect()
}

/// A verifier whose labels are the places of the secrets.
fn labelled_by_place(signers: &[Signer]) -> Option<Verifier> {
    let label =
        |(place, signer): (usize, &Signer)| signer.secret.clone().with_label(place.to_string());
    verifier_of(signers.iter().enumerate().map(label).collect())
}

struct Proof {
    secret: usize,
    head: Head,
    causes: Vec<Cause>,
}

/// The first candidate of headers and body whose signature matches, those with the fewest repairs first.
fn first_match(verifier: &Verifier, delivery: &CapturedDelivery) -> Option<Proof> {
    let is_well_formed = |head: &Head| verifier.check_header_pairs(&head.headers).is_ok();
    let mut heads = Head::of(delivery).repaired();
    heads.retain(|head| is_well_formed(&head.value));
    let bodies = body::repaired(&delivery.body);
    let repaired = (0..=MAX_REPAIRS).find_map(|repairs| {
        heads.iter().find_map(|head| {
            let rest = repairs.checked_sub(head.causes.len())?;
            let fitting = bodies.iter().filter(|body| body.causes.len() == rest);
            fitting
                .into_iter()
                .find_map(|body| matching(verifier, head, body))
        })
    });
    repaired.or_else(|| in_another_time_zone(verifier, heads.first()?, bodies.first()?))
}

fn in_another_time_zone(
    verifier: &Verifier,
    head: &Candidate<Head>,
    body: &Candidate<Bytes>,
) -> Option<Proof> {
    head.value
        .in_other_time_zones()
        .into_iter()
        .find_map(|value| {
            let mut causes = head.causes.clone();
            causes.push(Cause::TimestampShifted);
            matching(verifier, &Candidate { value, causes }, body)
        })
}

fn matching(verifier: &Verifier, head: &Candidate<Head>, body: &Candidate<Bytes>) -> Option<Proof> {
    let label = verify(verifier, &head.value.headers, &body.value).ok()?;
    Some(Proof {
        secret: label.parse().ok()?,
        head: head.value.clone(),
        causes: [head.causes.as_slice(), &body.causes].concat(),
    })
}

/// Whether the timestamp of a matching signature is out of the tolerance.
fn fault_of_time(
    delivery: &CapturedDelivery,
    circumstances: &Circumstances,
    head: &Head,
    secret: &SigningSecret,
) -> Option<Finding> {
    let verifier = at_arrival(Verifier::new(secret.clone()), delivery, circumstances);
    let error = verifier.check_header_pairs(&head.headers).err()?;
    let seconds = error.skew_seconds()?.unsigned_abs();
    let text = |relation| match circumstances.arrival_of(delivery) {
        Some(_) => format!(
            "the signature matches; the timestamp was {seconds} s {relation} when it arrived"
        ),
        None => format!("the signature matches; the timestamp is {seconds} s {relation} now"),
    };
    let digits = head.value("timestamp").map_or(0, str::len);
    Some(match error.kind() {
        VerifyErrorKind::TimestampTooOld => Finding::proved(Cause::TimestampOld, text("old")),
        _ if digits > 12 => {
            let evidence = format!("the signature matches; the timestamp has {digits} digits");
            Finding::proved(Cause::TimestampInMilliseconds, evidence)
        }
        _ => Finding::proved(Cause::TimestampInFuture, text("in the future")),
    })
}

fn at_arrival(
    verifier: Verifier,
    delivery: &CapturedDelivery,
    circumstances: &Circumstances,
) -> Verifier {
    match circumstances.arrival_of(delivery) {
        Some(arrival) => verifier.with_clock(FixedClock::at(arrival)),
        None => verifier,
    }
}

/// The label of the secret that matches.
fn verify(
    verifier: &Verifier,
    headers: &[(String, String)],
    body: &Bytes,
) -> Result<String, VerifyError> {
    let delivery = verifier.check_header_pairs(headers)?.finish(body.clone())?;
    Ok(delivery.secret_label().to_owned())
}
