//! Every cause of `explain`: a broken delivery, and the same one unbroken.

use std::{collections::BTreeSet, io::Write as _};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use clerk_webhooks::testing::{SignedRequest, fixtures};
use clerk_webhooks_cli::{
    SecretText,
    capture::CapturedDelivery,
    explain::{Cause, Certainty, Circumstances, Diagnosis, explain},
};
use flate2::{Compression, write::GzEncoder};

use crate::common::{OTHER_SECRET, SECRET, SENT_AT, secret, sent_at};

/// A delivery that reaches a receiver with a secret.
#[derive(Clone)]
struct Case {
    delivery: CapturedDelivery,
    secret: String,
    other_secrets: Vec<SecretText>,
    verified: Vec<CapturedDelivery>,
    arrival: u64,
}

/// A body with everything that printers write in different ways.
const BODY: &str = r#"{"data":{"first_name":"Zoë 🦀","id":"user_1","note":"<b>&'/\"","n":1.50},"instance_id":"ins_1","object":"event","type":"user.created"}"#;

impl Case {
    fn of_body(body: &str) -> Self {
        let request = SignedRequest::new(&secret(), body.to_owned())
            .with_message_id("msg_2kLncXl2NrWptfa3pbRiX769xG2")
            .with_sent_at(sent_at());
        let mut headers = request.header_pairs().to_vec();
        headers.push(("content-length".to_owned(), body.len().to_string()));
        Self {
            delivery: CapturedDelivery::new(headers, body.to_owned()),
            secret: SECRET.to_owned(),
            other_secrets: Vec::new(),
            verified: Vec::new(),
            arrival: SENT_AT + 1,
        }
    }

    fn genuine() -> Self {
        Self::of_body(BODY)
    }

    /// Signs what the sender puts into its headers.
    fn signed(id: &str, timestamp: &str, body: &str) -> Self {
        let mut case = Self::of_body(body);
        // The signed text is the same: the library signs no text of the caller's for the timestamp.
        let request = SignedRequest::new(&secret(), body.to_owned())
            .with_message_id(id)
            .with_sent_at(
                std::time::UNIX_EPOCH + std::time::Duration::from_secs(timestamp.parse().unwrap()),
            );
        for (name, value) in request.header_pairs() {
            *case.value(&name) = value;
        }
        case
    }

    fn value(&mut self, name: &str) -> &mut String {
        let mut headers = self.delivery.headers.iter_mut();
        &mut headers.find(|(other, _)| other == name).unwrap().1
    }

    fn with_secret(text: impl Into<String>) -> Self {
        Self {
            secret: text.into(),
            ..Self::genuine()
        }
    }

    fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.delivery.body = body.into().into();
        self
    }

    fn changed(change: impl FnOnce(&mut Self)) -> Self {
        let mut case = Self::genuine();
        change(&mut case);
        case
    }

    fn explain(&self) -> Diagnosis {
        let mut circumstances =
            Circumstances::of_secrets(SecretText::several("SECRET", &self.secret))
                .with_other_secrets(self.other_secrets.clone())
                .with_arrival_at_unix_seconds(self.arrival);
        self.verified
            .iter()
            .for_each(|delivery| circumstances.remember_verified(delivery));
        explain(&self.delivery, &circumstances)
    }
}

/// A cause, how certain it is, the broken delivery and the unbroken one.
type Row = (Cause, Certainty, Case, Case);

fn proved(cause: Cause, broken: Case) -> Row {
    (cause, Certainty::Proved, broken, Case::genuine())
}

fn suspected(cause: Cause, broken: Case) -> Row {
    (cause, Certainty::Suspected, broken, Case::genuine())
}

fn secrets() -> Vec<Row> {
    let (start, end) = SECRET.split_at(20);
    let key = SECRET.strip_prefix("whsec_").unwrap();
    let other = Case {
        other_secrets: vec![SecretText::new("OLD", SECRET)],
        ..Case::with_secret(OTHER_SECRET)
    };
    let peer = |change: fn(&mut Case)| {
        let mut case = Case::with_secret(OTHER_SECRET);
        change(&mut case);
        case
    };
    // 26 bytes: `==` at the end.
    let padded = BASE64_STANDARD.encode(b"a key of 25 bytes, padded");
    let of_padded = |text: String| {
        let signing = clerk_webhooks::SigningSecret::parse(&padded).unwrap();
        let request = SignedRequest::new(&signing, BODY).with_sent_at(sent_at());
        let delivery = CapturedDelivery::new(request.header_pairs().to_vec(), BODY);
        Case {
            delivery,
            ..Case::with_secret(text)
        }
    };
    let url_key = BASE64_STANDARD.encode([0xfb; 24]);
    let of_url_key = |text: String| {
        let signing = clerk_webhooks::SigningSecret::parse(&url_key).unwrap();
        let request = SignedRequest::new(&signing, BODY).with_sent_at(sent_at());
        let delivery = CapturedDelivery::new(request.header_pairs().to_vec(), BODY);
        Case {
            delivery,
            ..Case::with_secret(text)
        }
    };
    vec![
        proved(Cause::OtherSecret, other),
        proved(
            Cause::SecretWhiteSpace,
            Case::with_secret(format!("{start}\n  {end}")),
        ),
        proved(
            Cause::SecretWhiteSpace,
            Case::with_secret(format!("\u{feff}{SECRET}\u{200b}")),
        ),
        proved(
            Cause::SecretWhiteSpace,
            Case::with_secret(format!("{SECRET}\\n")),
        ),
        proved(
            Cause::SecretQuoted,
            Case::with_secret(format!("\"{SECRET}\"")),
        ),
        proved(
            Cause::SecretQuoted,
            Case::with_secret(format!("“{SECRET}”")),
        ),
        proved(
            Cause::SecretWithName,
            Case::with_secret(format!("CLERK_WEBHOOK_SIGNING_SECRET={SECRET}")),
        ),
        proved(Cause::SecretPrefixMissing, Case::with_secret(key)),
        proved(
            Cause::SecretPrefixChanged,
            Case::with_secret(format!("WHSEC_{key}")),
        ),
        proved(
            Cause::SecretPrefixChanged,
            Case::with_secret(format!("whsec_{SECRET}")),
        ),
        (
            Cause::SecretPercentEncoded,
            Certainty::Proved,
            of_padded(format!("whsec_{}", padded.replace('=', "%3D"))),
            of_padded(format!("whsec_{padded}")),
        ),
        (
            Cause::SecretUrlSafe,
            Certainty::Proved,
            of_url_key(format!(
                "whsec_{}",
                url_key.replace('+', "-").replace('/', "_")
            )),
            of_url_key(format!("whsec_{url_key}")),
        ),
        (
            Cause::SecretPadding,
            Certainty::Proved,
            of_padded(format!("whsec_{}", padded.strip_suffix('=').unwrap())),
            of_padded(format!("whsec_{padded}")),
        ),
        proved(
            Cause::SecretBase64Twice,
            Case::with_secret(BASE64_STANDARD.encode(SECRET)),
        ),
        suspected(
            Cause::SecretApiKey,
            Case::with_secret("sk_test_4eC39HqLyjWDarjtT1zdp7dc"),
        ),
        suspected(
            Cause::SecretApiKey,
            Case::with_secret("\"sk_test_4eC39HqLyjWDarjtT1zdp7dc\""),
        ),
        suspected(
            Cause::SecretAsymmetric,
            Case::with_secret("whpk_4eC39HqLyjWDarjtT1zdp7dcAAAAAAA"),
        ),
        suspected(Cause::SecretMalformed, Case::with_secret("whsec_short")),
        suspected(
            Cause::SecretOfAnotherEndpoint,
            peer(|case| case.verified = vec![Case::genuine().delivery]),
        ),
        suspected(
            Cause::SecretOfAnotherInstance,
            peer(|case| {
                case.verified = vec![Case::of_body(&BODY.replace("ins_1", "ins_2")).delivery];
            }),
        ),
    ]
}

fn rename(case: &mut Case, rename: impl Fn(&str) -> String) {
    for (name, _) in &mut case.delivery.headers {
        if name.starts_with("svix") {
            *name = rename(name);
        }
    }
}

fn headers() -> Vec<Row> {
    let remove = |name: &'static str| {
        Case::changed(|case| case.delivery.headers.retain(|(other, _)| other != name))
    };
    let change = |name: &'static str, change: fn(&str) -> String| {
        Case::changed(|case| *case.value(name) = change(case.value(name)))
    };
    let each = |change: fn(&str) -> String| {
        Case::changed(|case| {
            for (_, value) in &mut case.delivery.headers {
                *value = change(value);
            }
        })
    };
    let decoys = |count: usize| {
        Case::changed(move |case| {
            let decoy = format!("v1,{} ", BASE64_STANDARD.encode([7; 32])).repeat(count);
            case.value("svix-signature").insert_str(0, &decoy);
        })
    };
    let with_known_id = |mut case: Case| {
        case.delivery.message_id = Case::genuine().delivery.claimed_id().map(str::to_owned);
        case
    };
    vec![
        suspected(Cause::HeadersLost, remove("svix-timestamp")),
        (
            Cause::HeadersLost,
            Certainty::Proved,
            with_known_id(remove("svix-id")),
            with_known_id(Case::genuine()),
        ),
        proved(
            Cause::HeaderNamesRewritten,
            Case::changed(|case| rename(case, |name| name.replace('-', "_"))),
        ),
        proved(
            Cause::HeaderNamesRewritten,
            Case::changed(|case| {
                rename(case, |name| {
                    format!("HTTP_{}", name.replace('-', "_").to_uppercase())
                });
            }),
        ),
        proved(
            Cause::HeaderNamesRewritten,
            Case::changed(|case| rename(case, |name| format!("x-original-{name}"))),
        ),
        proved(
            Cause::HeaderFamiliesMixed,
            Case::changed(|case| {
                rename(case, |name| {
                    if name == "svix-id" {
                        name.to_owned()
                    } else {
                        name.replace("svix", "webhook")
                    }
                });
            }),
        ),
        proved(
            Cause::HeaderDuplicated,
            Case::changed(|case| {
                let id = case.delivery.headers[0].clone();
                case.delivery.headers.push(id);
            }),
        ),
        proved(
            Cause::HeaderJoined,
            change("svix-id", |id| format!("{id}, {id}")),
        ),
        proved(
            Cause::HeaderJoined,
            change("svix-timestamp", |time| format!("{time},{time}")),
        ),
        proved(
            Cause::HeaderValueWrapped,
            each(|value| format!("[\"{value}\"]")),
        ),
        proved(
            Cause::HeaderValuePercentEncoded,
            each(|value| value.replace(',', "%2C").replace('=', "%3D")),
        ),
        (
            Cause::MessageIdChanged,
            Certainty::Proved,
            with_known_id(change("svix-id", |_| "request-7".to_owned())),
            with_known_id(Case::genuine()),
        ),
        suspected(
            Cause::MessageIdChanged,
            change("svix-id", |id| format!("{id}.1")),
        ),
        proved(
            Cause::SignatureRewritten,
            change("svix-signature", |value| value.replace("v1,", "")),
        ),
        proved(
            Cause::SignatureRewritten,
            change("svix-signature", |value| value.replace('=', "")),
        ),
        proved(
            Cause::SignatureRewritten,
            change("svix-signature", |value| value.replace("v1,", "v1=")),
        ),
        (
            Cause::SignaturesTooMany,
            Certainty::Proved,
            decoys(32),
            decoys(31),
        ),
        suspected(
            Cause::SignatureUnreadable,
            change("svix-signature", |value| value[..20].to_owned()),
        ),
        suspected(
            Cause::Ed25519Endpoint,
            change("svix-signature", |_| {
                format!("v1a,{}", BASE64_STANDARD.encode([7; 64]))
            }),
        ),
    ]
}

fn times() -> Vec<Row> {
    let at = |arrival| Case {
        arrival,
        ..Case::genuine()
    };
    let change = |change: fn(&str) -> String| {
        Case::changed(|case| *case.value("svix-timestamp") = change(case.value("svix-timestamp")))
    };
    let in_milliseconds = Case::signed("msg_1", &format!("{SENT_AT}000"), BODY);
    vec![
        (
            Cause::TimestampOld,
            Certainty::Proved,
            at(SENT_AT + 301),
            at(SENT_AT + 300),
        ),
        (
            Cause::TimestampInFuture,
            Certainty::Proved,
            at(SENT_AT - 301),
            at(SENT_AT - 300),
        ),
        (
            Cause::TimestampOld,
            Certainty::Suspected,
            Case {
                arrival: SENT_AT + 301,
                ..Case::with_secret(OTHER_SECRET)
            },
            Case::genuine(),
        ),
        proved(Cause::TimestampInMilliseconds, in_milliseconds),
        proved(
            Cause::TimestampInMilliseconds,
            change(|time| format!("{time}000")),
        ),
        proved(
            Cause::TimestampReformatted,
            change(|time| format!("{time}.0")),
        ),
        proved(
            Cause::TimestampReformatted,
            change(|_| "2026-01-01T00:00:00Z".to_owned()),
        ),
        suspected(
            Cause::TimestampReformatted,
            change(|_| "yesterday".to_owned()),
        ),
        proved(
            Cause::TimestampShifted,
            Case {
                arrival: SENT_AT,
                ..change(|time| (time.parse::<u64>().unwrap() + 7_200).to_string())
            },
        ),
    ]
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn form_encoded(body: &str) -> String {
    let encode = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    body.bytes().map(encode).collect()
}

fn spaced(body: &str) -> String {
    body.replace("\":", "\": ").replace(",\"", ", \"")
}

fn proved_bodies() -> Vec<Row> {
    let body = |cause, body: Vec<u8>| proved(cause, Case::genuine().with_body(body));
    let of = |cause, signed: &str, sent: &str| {
        (
            cause,
            Certainty::Proved,
            Case::of_body(signed).with_body(sent),
            Case::of_body(signed),
        )
    };
    let latin_1: String = BODY.bytes().map(char::from).collect();
    let utf_16: Vec<u8> = format!("\u{feff}{BODY}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let in_text = serde_json::to_string(BODY).unwrap();
    let envelope = |body: &str, is_base64: bool| {
        serde_json::json!({ "version": "2.0", "body": body, "isBase64Encoded": is_base64 })
            .to_string()
    };
    let pretty = "{\n  \"b\": 1,\n  \"a\": [\n    {}\n  ]\n}";
    vec![
        body(Cause::BodyTrailingWhiteSpace, format!("{BODY}\n").into()),
        body(
            Cause::BodyTrailingWhiteSpace,
            format!("  {BODY} \r\n").into(),
        ),
        of(Cause::BodyLostWhiteSpace, "{\"a\":1}\n", "{\"a\":1}"),
        body(Cause::BodyByteOrderMark, format!("\u{feff}{BODY}").into()),
        of(
            Cause::BodyLineEndings,
            pretty,
            &pretty.replace('\n', "\r\n"),
        ),
        of(
            Cause::BodyLineEndings,
            &pretty.replace('\n', "\r\n"),
            pretty,
        ),
        body(Cause::BodyPrettyPrinted, spaced(BODY).into()),
        of(Cause::BodyPrettyPrinted, r#"{"b":1,"a":[{}]}"#, pretty),
        of(Cause::BodyCompacted, pretty, r#"{"b":1,"a":[{}]}"#),
        of(
            Cause::BodyCompacted,
            r#"{"b": 1, "a": [{}]}"#,
            r#"{"b":1,"a":[{}]}"#,
        ),
        of(
            Cause::BodyKeysSorted,
            r#"{"a":{"b":2,"c":1},"d":0}"#,
            r#"{"d":0,"a":{"c":1,"b":2}}"#,
        ),
        body(
            Cause::BodyEscapesChanged,
            BODY.replace('ë', "\\u00eb")
                .replace('🦀', "\\ud83e\\udd80")
                .into(),
        ),
        body(Cause::BodyEscapesChanged, BODY.replace('/', "\\/").into()),
        body(
            Cause::BodyEscapesChanged,
            BODY.replace('<', "\\u003c")
                .replace('>', "\\u003E")
                .replace('&', "\\u0026")
                .into(),
        ),
        of(
            Cause::BodyEscapesChanged,
            r#"{"a":"\u003cb\u003e"}"#,
            r#"{"a":"<b>"}"#,
        ),
        of(
            Cause::BodyEscapesChanged,
            r#"{"a":"Zo\u00eb"}"#,
            r#"{"a":"Zoë"}"#,
        ),
        body(Cause::BodyInText, in_text.clone().into()),
        body(
            Cause::BodyInText,
            in_text.trim_matches('"').to_owned().into(),
        ),
        body(Cause::BodyInEnvelope, envelope(BODY, false).into()),
        body(
            Cause::BodyInEnvelope,
            envelope(&BASE64_STANDARD.encode(BODY), true).into(),
        ),
        body(Cause::BodyBase64, BASE64_STANDARD.encode(BODY).into()),
        body(Cause::BodyFormEncoded, form_encoded(BODY).into()),
        body(
            Cause::BodyFormEncoded,
            format!("payload={}", form_encoded(BODY)).into(),
        ),
        body(
            Cause::BodyFormEncoded,
            format!("{}=", form_encoded(BODY)).into(),
        ),
        body(
            Cause::BodyHtmlEscaped,
            BODY.replace('&', "&amp;")
                .replace('"', "&quot;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .into(),
        ),
        body(Cause::BodyCompressed, gzip(BODY.as_bytes())),
        body(
            Cause::BodyChunkFraming,
            format!(
                "10\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                &BODY[..16],
                BODY.len() - 16,
                &BODY[16..]
            )
            .into(),
        ),
        body(Cause::BodyEncoding, latin_1.into()),
        body(Cause::BodyEncoding, utf_16),
    ]
}

fn suspected_bodies() -> Vec<Row> {
    let body = |cause, body: &str| suspected(cause, Case::genuine().with_body(body));
    let mut compressed = Case::of_body(&BODY.replace("1.50", "1.5"));
    *compressed.value("svix-signature") = format!("v1,{}", BASE64_STANDARD.encode([7; 32]));
    compressed
        .delivery
        .headers
        .push(("content-encoding".to_owned(), "gzip".to_owned()));
    vec![
        body(Cause::BodyTruncated, &BODY[..100]),
        body(Cause::BodyLost, ""),
        body(Cause::BodyParsed, "[object Object]"),
        body(Cause::BodyParsed, "{'type': 'user.created', 'data': {}}"),
        body(Cause::BodyReserialised, &BODY.replace("1.50", "1.5")),
        body(
            Cause::BodyReplacementCharacters,
            &BODY.replace("🦀", "\u{fffd}"),
        ),
        suspected(Cause::BodyDecompressed, compressed),
    ]
}

fn rows() -> Vec<Row> {
    [
        secrets(),
        headers(),
        times(),
        proved_bodies(),
        suspected_bodies(),
    ]
    .concat()
}

#[test]
fn each_cause_is_named_and_nothing_else() {
    for (number, (cause, certainty, broken, _)) in rows().iter().enumerate() {
        let diagnosis = broken.explain();
        let found: Vec<_> = diagnosis
            .findings
            .iter()
            .map(|found| (found.cause, found.certainty))
            .collect();
        assert_eq!(
            found,
            [(*cause, *certainty)],
            "row {number} of {cause}: {diagnosis:?}"
        );
        assert!(!diagnosis.is_verified() && !diagnosis.is_unknown());
    }
}

#[test]
fn each_control_is_verified() {
    for (cause, _, _, control) in rows() {
        assert!(control.explain().is_verified(), "{cause}");
    }
}

#[test]
fn every_cause_has_a_row() {
    let tested: BTreeSet<_> = rows().iter().map(|(cause, ..)| *cause).collect();
    let all: BTreeSet<_> = Cause::ALL.iter().copied().collect();
    assert_eq!(tested, all);
    assert!(all.len() >= 25, "{}", all.len());
}

#[test]
fn codes_are_unique() {
    let codes: BTreeSet<_> = Cause::ALL.iter().map(|cause| cause.code()).collect();
    assert_eq!(codes.len(), Cause::ALL.len());
}

#[test]
fn several_causes_are_all_named() {
    let mut case = Case::with_secret(format!("'{SECRET}'")).with_body(spaced(BODY) + "\n");
    rename(&mut case, |name| name.replace('-', "_"));
    case.arrival = SENT_AT + 3_600;
    let causes: Vec<_> = case
        .explain()
        .findings
        .iter()
        .map(|found| found.cause)
        .collect();
    let expected = [
        Cause::SecretQuoted,
        Cause::HeaderNamesRewritten,
        Cause::BodyPrettyPrinted,
        Cause::TimestampOld,
    ];
    assert_eq!(causes, expected);
}

/// Every event, with a signature that nobody made: nothing points to a cause.
#[test]
fn a_random_forgery_is_unknown() {
    let mut rng = fastrand::Rng::with_seed(17);
    for (event_type, body) in fixtures::all() {
        let mut case = Case::of_body(&body);
        let signature: [u8; 32] = std::array::from_fn(|_| rng.u8(..));
        *case.value("svix-signature") = format!("v1,{}", BASE64_STANDARD.encode(signature));
        let diagnosis = case.explain();
        assert!(diagnosis.is_unknown(), "{event_type}: {diagnosis:?}");
    }
}

/// The signature is right, but for another text: no repair may make it match.
#[test]
fn an_altered_event_is_unknown() {
    let altered = BODY.replace("user_1", "user_2");
    assert!(Case::genuine().with_body(altered).explain().is_unknown());
}

#[test]
fn a_finding_holds_no_secret_and_nothing_of_the_delivery() {
    for (cause, _, broken, _) in rows() {
        let printed = format!("{:?}", broken.explain());
        let signature = broken.delivery.header("svix-signature").unwrap_or("none");
        for hidden in [
            broken.secret.as_str(),
            "MfKQ9r8GKYq",
            "Zoë",
            "user_1",
            signature,
            "4eC39HqL",
        ] {
            assert!(!printed.contains(hidden), "{cause}: {printed}");
        }
    }
}

/// Anybody can send one, and `listen` explains what is refused.
#[test]
fn a_body_that_is_nested_too_deep_is_no_danger() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let body = format!("{}0{}", open.repeat(10_000), close.repeat(10_000));
        assert!(!Case::genuine().with_body(body).explain().is_verified());
    }
}
