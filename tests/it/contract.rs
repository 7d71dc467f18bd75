//! The verification contract, row by row, through the public `Verifier`: each row accepts at its edge
//! and refuses just beyond.

use std::time::{Duration, UNIX_EPOCH};

use clerk_webhooks::{
    SigningSecret, VerifiedDelivery, Verifier,
    testing::{FixedClock, SignedRequest},
    verify::{VerifyError, VerifyErrorKind},
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::common::{OTHER_SECRET, SECRET, other_secret, secret};

const NOW: u32 = 1_614_265_330;
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";

fn verifier() -> Verifier {
    Verifier::new(secret()).with_clock(FixedClock::at_unix_seconds(NOW))
}

fn headers(values: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        let name: HeaderName = name.parse().unwrap();
        (name, HeaderValue::from_bytes(value.as_bytes()).unwrap())
    };
    values.iter().map(pair).collect()
}

/// A delivery of that time, rightly signed.
fn delivery_at(seconds: u64) -> SignedRequest {
    SignedRequest::new(&secret(), "{}")
        .with_message_id(ID)
        .with_sent_at(UNIX_EPOCH + Duration::from_secs(seconds))
}

fn verify(request: &SignedRequest) -> Result<VerifiedDelivery, VerifyError> {
    verifier().verify(&request.headers(), request.body().clone())
}

#[track_caller]
fn assert_refused(result: Result<VerifiedDelivery, VerifyError>, kind: VerifyErrorKind) {
    assert_eq!(result.unwrap_err().kind(), kind);
}

#[test]
fn public_vectors_hold() {
    let cases = [
        (
            SECRET,
            ID,
            NOW,
            r#"{"test": 2432232314}"#,
            "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
        (
            SECRET,
            ID,
            NOW,
            "",
            "v48jdbgvh29KJz2Qc+ghw8G6vG3nAKnujWBg8oM/62A=",
        ),
        (
            SECRET,
            ID,
            NOW,
            "héllo, 🦀 world!",
            "97lN0xDmMiBOfUlhcvdbJPqKzUcBmyfgBUIzq1ocPOk=",
        ),
        (
            OTHER_SECRET,
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            r#"{"email":"test@example.com","username":"test_user"}"#,
            "tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ),
        (
            "4j7OxQ4wlv1GmkZ9qLjoFjEFXjpzvHkr",
            "msg_24Ky2257Hzd0tgc5bWs8TwK9Kod",
            1_643_393_361,
            concat!(
                r#"{"event_type": "TRANSFER_PROCESSED", "#,
                r#""transfer_id": "dptx_ckyypz30n000101kgzgnrtqlf", "#,
                r#""company_id": "cuacc_ckqckhadg000601r95ox48c2s"}"#
            ),
            "6mFFi/Bg0gw1Yz2KJwZSVq6Bh+XzllS7JVltAlZ8yCU=",
        ),
    ];
    for (secret, id, time, body, signature) in cases {
        let verifier = Verifier::new(SigningSecret::parse(secret).unwrap())
            .with_clock(FixedClock::at_unix_seconds(time));
        let (time, signature) = (time.to_string(), format!("v1,{signature}"));
        for family in ["svix", "webhook"] {
            let (id_name, time_name) = (format!("{family}-id"), format!("{family}-timestamp"));
            let signature_name = format!("{family}-signature");
            let pairs = [
                (&*id_name, id),
                (&*time_name, &*time),
                (&*signature_name, &*signature),
            ];
            let verified = verifier.verify(&headers(&pairs), body.into()).unwrap();
            assert_eq!(verified.message_id(), id);
            assert_eq!(verified.raw_body(), body);
            let changed = verifier.verify(&headers(&pairs), format!("{body} ").into());
            assert_refused(changed, VerifyErrorKind::NoMatchingSignature);
        }
    }
}

#[test]
fn the_tolerance_is_300_seconds_either_side_inclusive() {
    let now = u64::from(NOW);
    verify(&delivery_at(now - 300)).unwrap();
    verify(&delivery_at(now + 300)).unwrap();
    assert_refused(
        verify(&delivery_at(now - 301)),
        VerifyErrorKind::TimestampTooOld,
    );
    assert_refused(
        verify(&delivery_at(now + 301)),
        VerifyErrorKind::TimestampTooNew,
    );
}

#[test]
fn past_and_future_tolerance_are_configured_apart() {
    let now = u64::from(NOW);
    let strict = verifier()
        .with_tolerance_past(Duration::from_secs(10))
        .with_tolerance_future(Duration::from_secs(2));
    let verify = |seconds| {
        let request = delivery_at(seconds);
        strict.verify(&request.headers(), request.body().clone())
    };
    verify(now - 10).unwrap();
    verify(now + 2).unwrap();
    let too_old = verify(now - 11).unwrap_err();
    assert_eq!(
        (too_old.kind(), too_old.skew_seconds()),
        (VerifyErrorKind::TimestampTooOld, Some(11))
    );
    let too_new = verify(now + 3).unwrap_err();
    assert_eq!(
        (too_new.kind(), too_new.skew_seconds()),
        (VerifyErrorKind::TimestampTooNew, Some(-3))
    );
}

#[test]
fn a_timestamp_with_a_sign_is_refused() {
    let signed = delivery_at(NOW.into());
    let mut with_plus = signed.headers();
    with_plus.insert("svix-timestamp", format!("+{NOW}").parse().unwrap());
    let result = verifier().verify(&with_plus, signed.body().clone());
    assert_refused(result, VerifyErrorKind::MalformedTimestamp);
}

#[test]
fn the_signed_text_splits_in_one_way_only() {
    // `a.1614265330` over `x` signs the same bytes as id `a`, time 1614265330, body `1614265330.x`.
    let signed = SignedRequest::new(&secret(), format!("{NOW}.x"))
        .with_message_id("a")
        .with_sent_at(UNIX_EPOCH + Duration::from_secs(NOW.into()));
    verify(&signed).unwrap();
    let mut shifted = signed.headers();
    shifted.insert("svix-id", format!("a.{NOW}").parse().unwrap());
    let result = verifier().verify(&shifted, "x".into());
    assert_refused(result, VerifyErrorKind::MalformedId);
}

#[test]
fn an_id_may_have_256_bytes() {
    let longest = delivery_at(NOW.into()).with_message_id("m".repeat(256));
    verify(&longest).unwrap();
    let longer = delivery_at(NOW.into()).with_message_id("m".repeat(257));
    assert_refused(verify(&longer), VerifyErrorKind::MalformedId);
}

#[test]
fn the_family_is_chosen_as_a_unit() {
    let svix = delivery_at(NOW.into());
    let webhook = svix.clone().with_standard_webhooks_names();
    verify(&webhook).unwrap();

    let mut with_decoys = svix.headers();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        with_decoys.insert(name, "decoy".parse().unwrap());
    }
    verifier()
        .verify(&with_decoys, svix.body().clone())
        .unwrap();

    let mut mixed = svix.headers();
    let signature = mixed.remove("svix-signature").unwrap();
    mixed.insert("webhook-signature", signature);
    let result = verifier().verify(&mixed, svix.body().clone());
    assert_refused(result, VerifyErrorKind::MissingHeader);
}

#[test]
fn id_and_timestamp_come_exactly_once() {
    let signed = delivery_at(NOW.into());
    for name in ["svix-id", "svix-timestamp"] {
        let mut twice = signed.headers();
        let same = twice[name].clone();
        twice.append(name, same);
        let result = verifier().verify(&twice, signed.body().clone());
        assert_refused(result, VerifyErrorKind::DuplicateHeader);
    }
}

#[test]
fn any_of_several_secrets_may_match_and_says_which() {
    let rotating = verifier().with_secret(other_secret().with_label("old"));
    let judge = |request: SignedRequest| {
        let verified = rotating.verify(&request.headers(), request.body().clone());
        verified.map(|verified| verified.secret_label().to_owned())
    };
    assert_eq!(judge(delivery_at(NOW.into())).unwrap(), "secret");
    let old = SignedRequest::new(&other_secret(), "{}")
        .with_sent_at(UNIX_EPOCH + Duration::from_secs(NOW.into()));
    assert_eq!(judge(old.clone()).unwrap(), "old");
    assert_eq!(judge(old.with_secret(&secret())).unwrap(), "secret");
    let stranger = SigningSecret::parse("whsec_4j7OxQ4wlv1GmkZ9qLjoFjEFXjpzvHkr").unwrap();
    let forged = SignedRequest::new(&stranger, "{}")
        .with_sent_at(UNIX_EPOCH + Duration::from_secs(NOW.into()));
    assert_eq!(
        judge(forged).unwrap_err().kind(),
        VerifyErrorKind::NoMatchingSignature
    );
}

#[test]
fn a_malformed_entry_never_spoils_a_good_one() {
    for wrong in [
        "v1,", "v1,abc", "v1a,xyz", "garbage", "v1,====", "\u{ff}", ",,,",
    ] {
        let request = delivery_at(NOW.into()).with_wrong_signature(wrong);
        let mut headers = request.headers();
        let (_, value) = &request.header_pairs()[2];
        headers.insert(
            "svix-signature",
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
        verifier().verify(&headers, request.body().clone()).unwrap();
        let alone = request.unsigned();
        let (_, value) = &alone.header_pairs()[2];
        headers.insert(
            "svix-signature",
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
        let result = verifier().verify(&headers, alone.body().clone());
        assert_refused(result, VerifyErrorKind::MalformedSignature);
    }
}

#[test]
fn a_signature_is_base64_of_exactly_32_bytes() {
    for entry in [
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE",
        "v1,g0hM9SsE-OTPJTGt_tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE==",
        "v1,g0hM",
    ] {
        let pairs = [
            ("svix-id", ID),
            ("svix-timestamp", "1614265330"),
            ("svix-signature", entry),
        ];
        let result = verifier().verify(&headers(&pairs), r#"{"test": 2432232314}"#.into());
        assert_refused(result, VerifyErrorKind::MalformedSignature);
    }
}

#[test]
fn bodies_are_bytes_and_are_not_parsed() {
    for body in [&b""[..], b"\0", b"\xff\xfe", b"not json", b"\xef\xbf\xbd"] {
        let request = SignedRequest::new(&secret(), body)
            .with_sent_at(UNIX_EPOCH + Duration::from_secs(NOW.into()));
        assert_eq!(verify(&request).unwrap().raw_body(), body);
        let replaced = String::from_utf8_lossy(body).into_owned().into_bytes();
        if replaced != body {
            let result = verifier().verify(&request.headers(), replaced.into());
            assert_refused(result, VerifyErrorKind::NoMatchingSignature);
        }
    }
}

#[test]
fn of_several_faults_the_first_in_order_is_named() {
    let judge = |pairs: &[(&str, &str)]| {
        let rejection = verifier().check_header_pairs(pairs).unwrap_err();
        rejection.kind()
    };
    let id = ("svix-id", ID);
    let (bad_id, bad_time) = (("svix-id", "a.b"), ("svix-timestamp", "soon"));
    let (stale, fresh) = (("svix-timestamp", "1"), ("svix-timestamp", "1614265330"));
    let bad_signature = ("svix-signature", "v1,x");
    assert_eq!(
        judge(&[bad_id, bad_id, bad_time]),
        VerifyErrorKind::MissingHeader
    );
    assert_eq!(
        judge(&[bad_id, id, bad_time, bad_signature]),
        VerifyErrorKind::DuplicateHeader
    );
    assert_eq!(
        judge(&[bad_id, bad_time, bad_signature]),
        VerifyErrorKind::MalformedId
    );
    assert_eq!(
        judge(&[id, bad_time, bad_signature]),
        VerifyErrorKind::MalformedTimestamp
    );
    assert_eq!(
        judge(&[id, stale, bad_signature]),
        VerifyErrorKind::TimestampTooOld
    );
    assert_eq!(
        judge(&[id, fresh, bad_signature]),
        VerifyErrorKind::MalformedSignature
    );
}

#[test]
fn nothing_secret_is_printed() {
    let verifier = verifier().with_secret(other_secret());
    let request = SignedRequest::new(&secret(), "the payload").with_age(Duration::ZERO);
    let live = Verifier::new(secret());
    let pending = live.check_headers(&request.headers()).unwrap();
    assert_eq!(pending.message_id(), request.header_pairs()[0].1);
    let pending_debug = format!("{pending:?}");
    let two = request.clone().with_secret(&other_secret());
    let two_pending = live.check_headers(&two.headers()).unwrap();
    assert!(pending_debug.contains("signatures: 1"), "{pending_debug}");
    assert!(format!("{two_pending:?}").contains("signatures: 2"));
    let verified = pending.finish(request.body().clone()).unwrap();
    let printed = format!("{verifier:?} {:?} {pending_debug} {verified:?}", secret());
    for hidden in [&SECRET[6..], &OTHER_SECRET[6..], "the payload"] {
        assert!(!printed.contains(hidden), "{printed}");
    }
    for shown in [
        "body_bytes: 11",
        "SigningSecret { label: None",
        r##"label: Some("secret#2")"##,
    ] {
        assert!(printed.contains(shown), "{printed}");
    }
}
