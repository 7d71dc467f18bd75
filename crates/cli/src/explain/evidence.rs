//! What points to a cause that cannot be proved.

use bytes::Bytes;
use clerk_webhooks::verify::VerifyErrorKind;
use serde::de::IgnoredAny;

use super::{
    body,
    cause::Cause,
    circumstances::Circumstances,
    diagnosis::{Finding, Verdict},
    header::{Head, PARTS},
    signature,
};
use crate::{capture::CapturedDelivery, secret::SecretText};

/// What the evidence points to; nothing without evidence.
pub(super) fn suspects(
    delivery: &CapturedDelivery,
    circumstances: &Circumstances,
    verdict: &Verdict,
) -> Vec<Finding> {
    let secrets = bad_secrets(circumstances);
    if !secrets.is_empty() {
        return secrets;
    }
    let Verdict::Refused { kind, text } = verdict else {
        return Vec::new();
    };
    let head = Head::of(delivery);
    if let Some(fault) = bad_headers(&head, *kind, text) {
        return vec![fault];
    }
    let body = bad_body(delivery);
    let found = [
        for_another_endpoint(delivery, circumstances),
        from_another_instance(delivery, circumstances),
        out_of_time(delivery, circumstances, *kind, text),
    ];
    body.into_iter()
        .chain(found.into_iter().flatten())
        .collect()
}

/// The receiver's secrets that no receiver starts with.
pub(super) fn bad_secrets(circumstances: &Circumstances) -> Vec<Finding> {
    let fault = |text: &SecretText| {
        let evidence = text.parse().err()?;
        let starts_with = |prefixes: &[&str]| {
            let start = text
                .as_str()
                .trim_start_matches(|letter: char| !letter.is_ascii_alphanumeric());
            prefixes.iter().any(|prefix| start.starts_with(prefix))
        };
        let cause = if starts_with(&["sk_", "pk_"]) {
            Cause::SecretApiKey
        } else if starts_with(&["whsk_", "whpk_"]) {
            Cause::SecretAsymmetric
        } else {
            Cause::SecretMalformed
        };
        Some(Finding::suspected(cause, evidence))
    };
    circumstances.secrets().iter().filter_map(fault).collect()
}

fn bad_headers(head: &Head, kind: VerifyErrorKind, text: &str) -> Option<Finding> {
    if let Some(evidence) = missing_headers(head) {
        return Some(Finding::suspected(Cause::HeadersLost, evidence));
    }
    let versions: Vec<_> = signature::versions(head.value("signature")?).collect();
    if versions.contains(&"v1a") && !versions.contains(&"v1") {
        let evidence = "every signature is of version `v1a`";
        return Some(Finding::suspected(Cause::Ed25519Endpoint, evidence));
    }
    let cause = match kind {
        VerifyErrorKind::DuplicateHeader => Cause::HeaderDuplicated,
        VerifyErrorKind::MalformedId => Cause::MessageIdChanged,
        VerifyErrorKind::MalformedTimestamp => Cause::TimestampReformatted,
        VerifyErrorKind::MalformedSignature => Cause::SignatureUnreadable,
        _ => return None,
    };
    Some(Finding::suspected(cause, text))
}

fn missing_headers(head: &Head) -> Option<String> {
    let missing = PARTS.iter().filter(|part| head.value(part).is_none());
    let names: Vec<_> = missing.map(|part| format!("`svix-{part}`")).collect();
    (!names.is_empty()).then(|| format!("there is no {}", names.join(" and no ")))
}

fn bad_body(delivery: &CapturedDelivery) -> Vec<Finding> {
    let length = delivery.body.len();
    let announced = announced_length(delivery).filter(|announced| *announced != length);
    let lengths = announced
        .map(|announced| format!("; the head announces {announced} bytes, the body has {length}"))
        .unwrap_or_default();
    let suspect = |cause, what: &str| Finding::suspected(cause, format!("{what}{lengths}"));
    let of_length = announced.map(|announced| causes_of_length(&delivery.body, announced));
    match of_length.filter(|causes| !causes.is_empty()) {
        Some(causes) => {
            let what = "with this undone, the body has the length that the head announces";
            causes
                .into_iter()
                .map(|cause| suspect(cause, what))
                .collect()
        }
        None => {
            let fault = fault_of_content(delivery, announced);
            fault
                .map(|(cause, what)| suspect(cause, what))
                .into_iter()
                .collect()
        }
    }
}

fn announced_length(delivery: &CapturedDelivery) -> Option<usize> {
    delivery.header("content-length")?.trim().parse().ok()
}

/// What has to be undone until the body is JSON of this length. Line breaks and escapes that are put back show
/// nothing: there is nearly always one that fills a small gap.
fn causes_of_length(body: &Bytes, length: usize) -> Vec<Cause> {
    let is_filled = |causes: &[Cause]| {
        causes.contains(&Cause::BodyLostWhiteSpace) || causes.contains(&Cause::BodyEscapesChanged)
    };
    let mut bodies = body::repaired(body).into_iter();
    let fitting = bodies.find(|body| {
        body.value.len() == length && !is_filled(&body.causes) && is_json(&body.value)
    });
    fitting.map(|body| body.causes).unwrap_or_default()
}

/// `announced` is the length that the head announces, if the body has another.
fn fault_of_content(
    delivery: &CapturedDelivery,
    announced: Option<usize>,
) -> Option<(Cause, &'static str)> {
    let body = &delivery.body;
    if body.is_empty() {
        return Some((Cause::BodyLost, "the body has no bytes"));
    }
    if let Some(evidence) = printed_object(body) {
        return Some((Cause::BodyParsed, evidence));
    }
    let is_short = announced.is_some_and(|length| body.len() < length);
    if is_cut(body) || (is_short && !is_json(body)) {
        return Some((Cause::BodyTruncated, "the body ends in the middle"));
    }
    if str::from_utf8(body).is_ok_and(|text| text.contains('\u{fffd}')) {
        return Some((Cause::BodyReplacementCharacters, "the body contains U+FFFD"));
    }
    if is_said_to_be_compressed(delivery) && is_json(body) {
        return Some((
            Cause::BodyDecompressed,
            "there is a `content-encoding`, and the body is plain JSON",
        ));
    }
    let is_other_json = announced.is_some() && is_json(body);
    is_other_json.then_some((Cause::BodyReserialised, "the body is whole JSON"))
}

/// What `JSON.parse` or its like leaves when it is turned into text.
fn printed_object(body: &[u8]) -> Option<&'static str> {
    let body = body.trim_ascii();
    if body.starts_with(b"[object ") {
        return Some("the body is `[object Object]`, which JavaScript prints");
    }
    if body.starts_with(b"{'") || body.starts_with(b"b'") || body.starts_with(b"b\"") {
        return Some("the body has single quotation marks, as Python prints");
    }
    if body.starts_with(b"map[") || body.starts_with(b"{\"data\"=>") || body.starts_with(b"{data=")
    {
        return Some("the body is a map as Go, Ruby or Java print it");
    }
    None
}

fn is_cut(body: &[u8]) -> bool {
    let starts_as_json = body.trim_ascii_start().starts_with(b"{");
    let parsed = serde_json::from_slice::<IgnoredAny>(body);
    starts_as_json && parsed.is_err_and(|error| error.is_eof())
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

fn is_said_to_be_compressed(delivery: &CapturedDelivery) -> bool {
    let encoding = delivery.header("content-encoding");
    encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity"))
}

/// The sender gives a message the same id and body for every endpoint, and signs it for each.
fn for_another_endpoint(
    delivery: &CapturedDelivery,
    circumstances: &Circumstances,
) -> Option<Finding> {
    let body = circumstances.verified_body(delivery.claimed_id()?)?;
    let evidence = "a delivery with the same message id and the same body is verified";
    (*body == delivery.body).then(|| Finding::suspected(Cause::SecretOfAnotherEndpoint, evidence))
}

fn from_another_instance(
    delivery: &CapturedDelivery,
    circumstances: &Circumstances,
) -> Option<Finding> {
    let instance = delivery.claimed_instance()?;
    let known = circumstances.verified_instances();
    let is_other = !known.is_empty() && !known.contains(&instance);
    let evidence = "its `instance_id` is not that of the deliveries that are verified";
    is_other.then(|| Finding::suspected(Cause::SecretOfAnotherInstance, evidence))
}

/// Only if it is known when the delivery arrived: every old capture is stale now.
fn out_of_time(
    delivery: &CapturedDelivery,
    circumstances: &Circumstances,
    kind: VerifyErrorKind,
    text: &str,
) -> Option<Finding> {
    circumstances.arrival_of(delivery)?;
    let cause = match kind {
        VerifyErrorKind::TimestampTooOld => Cause::TimestampOld,
        VerifyErrorKind::TimestampTooNew => Cause::TimestampInFuture,
        _ => return None,
    };
    Some(Finding::suspected(cause, text))
}
