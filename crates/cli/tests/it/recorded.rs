//! Deliveries that a real Svix server sent, damaged in ten ways: the right cause is named.

use std::{collections::BTreeMap, fs, io::Write as _};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use clerk_webhooks_cli::{
    SecretText,
    capture::{CapturedDelivery, Entry, read},
    explain::{Cause, Circumstances, Diagnosis, explain},
};
use flate2::{Compression, write::GzEncoder};
use serde::Deserialize;

use crate::common;

#[derive(Deserialize)]
struct Recorded {
    secret: String,
    received_at_ms: u64,
    head_b64: String,
    body_b64: String,
}

impl Recorded {
    fn all() -> Option<Vec<Self>> {
        let file =
            fs::read_to_string(common::shared_folder()?.join("svix/recorded.jsonl")).unwrap();
        Some(
            file.lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect(),
        )
    }

    /// Read as a file with a head and a body.
    fn delivery(&self) -> CapturedDelivery {
        let head = BASE64_STANDARD.decode(&self.head_b64).unwrap();
        let body = BASE64_STANDARD.decode(&self.body_b64).unwrap();
        let entries = read(&[head, body].concat().into(), None).unwrap();
        let [Entry::Delivery(delivery)] = &entries[..] else {
            panic!("one delivery");
        };
        let mut delivery = delivery.clone();
        delivery.received_at_ms = Some(self.received_at_ms);
        delivery
    }

    fn is_symmetric(&self) -> bool {
        self.secret.starts_with("whsec_")
    }

    fn explain(&self, delivery: &CapturedDelivery) -> Diagnosis {
        let secret = if self.is_symmetric() {
            &self.secret
        } else {
            common::SECRET
        };
        explain(
            delivery,
            &Circumstances::of_secrets(vec![SecretText::new("SECRET", secret)]),
        )
    }
}

/// Damages a body. The cause may have several right names: a body that was never compact is not printed prettily.
type Damage = (&'static str, &'static [Cause], fn(&[u8]) -> Option<Vec<u8>>);

const DAMAGES: [Damage; 10] = [
    (
        "pretty-printed",
        &[Cause::BodyPrettyPrinted, Cause::BodyReserialised],
        |body| pretty(body, "\n"),
    ),
    (
        "pretty-printed with CRLF",
        &[
            Cause::BodyPrettyPrinted,
            Cause::BodyLineEndings,
            Cause::BodyReserialised,
        ],
        |body| pretty(body, "\r\n"),
    ),
    (
        "line break at the end",
        &[Cause::BodyTrailingWhiteSpace],
        |body| Some([body, b"\n"].concat()),
    ),
    ("byte order mark", &[Cause::BodyByteOrderMark], |body| {
        Some([b"\xef\xbb\xbf", body].concat())
    }),
    ("base64", &[Cause::BodyBase64], |body| {
        Some(BASE64_STANDARD.encode(body).into())
    }),
    ("form", &[Cause::BodyFormEncoded], |body| {
        Some(form(body).into())
    }),
    ("compressed", &[Cause::BodyCompressed], |body| {
        Some(gzip(body))
    }),
    ("encoded twice", &[Cause::BodyInText], |body| {
        Some(serde_json::to_vec(str::from_utf8(body).ok()?).unwrap())
    }),
    ("in an envelope", &[Cause::BodyInEnvelope], |body| {
        let body = str::from_utf8(body).ok()?;
        Some(
            serde_json::json!({ "body": body, "isBase64Encoded": false })
                .to_string()
                .into(),
        )
    }),
    ("cut", &[Cause::BodyTruncated, Cause::BodyLost], |body| {
        Some(body[..body.len() * 2 / 3].to_vec())
    }),
];

/// `serde_json`'s own printer, on its own value: it also sorts the fields.
fn pretty(body: &[u8], line_break: &str) -> Option<Vec<u8>> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    Some(pretty.replace('\n', line_break).into())
}

fn form(body: &[u8]) -> String {
    let encode = |byte: &u8| match byte {
        byte if byte.is_ascii_alphanumeric() => char::from(*byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    format!("payload={}", body.iter().map(encode).collect::<String>())
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn what_a_real_sender_sent_is_verified() {
    let Some(all) = Recorded::all() else { return };
    assert_eq!(all.len(), 158);
    for recorded in all {
        let diagnosis = recorded.explain(&recorded.delivery());
        match recorded.is_symmetric() {
            true => assert!(diagnosis.is_verified(), "{diagnosis:?}"),
            // One has a second signature, with a key that was not recorded.
            false if has_v1(&recorded.delivery()) => assert!(diagnosis.is_unknown()),
            false => assert_eq!(diagnosis.findings[0].cause, Cause::Ed25519Endpoint),
        }
    }
}

fn has_v1(delivery: &CapturedDelivery) -> bool {
    let signatures = delivery
        .header("svix-signature")
        .or(delivery.header("webhook-signature"));
    signatures.unwrap().contains("v1,")
}

#[derive(Default)]
struct Tally {
    right: usize,
    wrong: usize,
    unknown: usize,
    unchanged: usize,
}

/// At least 95 % of what is damaged is named rightly, at most 1 % wrongly.
#[test]
fn what_damaged_a_real_delivery_is_named() {
    let Some(all) = Recorded::all() else { return };
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for recorded in &all {
        let genuine = recorded.delivery();
        for (name, causes, damage) in DAMAGES {
            let tally = tallies.entry(name).or_default();
            let damaged = damage(&genuine.body).filter(|damaged| genuine.body != damaged);
            let Some(damaged) = damaged else {
                tally.unchanged += 1;
                continue;
            };
            let mut delivery = genuine.clone();
            delivery.body = Bytes::from(damaged);
            let found = recorded.explain(&delivery).findings;
            let is_right = |cause: Cause| match has_v1(&delivery) {
                true => causes.contains(&cause),
                false => cause == Cause::Ed25519Endpoint,
            };
            match found
                .iter()
                .map(|finding| finding.cause)
                .collect::<Vec<_>>()
                .as_slice()
            {
                [] => tally.unknown += 1,
                causes if causes.iter().all(|cause| is_right(*cause)) => tally.right += 1,
                causes => {
                    tally.wrong += 1;
                    println!("{name}: {causes:?}");
                }
            }
        }
    }
    let sum = |count: fn(&Tally) -> usize| tallies.values().map(count).sum::<usize>();
    for (name, tally) in &tallies {
        let Tally {
            right,
            wrong,
            unknown,
            unchanged,
        } = tally;
        println!(
            "{name}: {right} right, {wrong} wrong, {unknown} unknown, {unchanged} not damaged"
        );
    }
    let (right, wrong, unknown) = (
        sum(|tally| tally.right),
        sum(|tally| tally.wrong),
        sum(|tally| tally.unknown),
    );
    let damaged = right + wrong + unknown;
    println!("{damaged} damaged: {right} right, {wrong} wrong, {unknown} unknown");
    assert!(damaged >= 1_500, "{damaged}");
    assert!(right * 100 >= damaged * 95, "{right} of {damaged}");
    assert!(wrong * 100 <= damaged, "{wrong} of {damaged}");
}
