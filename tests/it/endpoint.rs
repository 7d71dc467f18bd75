//! The endpoint without any framework.

use bytes::{Buf, Bytes};
use clerk_webhooks::{
    Rejection, RejectionKind, VerifiedDelivery, WebhookEndpoint, endpoint::IncomingDelivery,
    testing::SignedRequest, verify::VerifyErrorKind,
};
use http::{HeaderMap, HeaderValue};
use http_body_util::{BodyExt as _, Full, Limited};

use crate::common::{Logs, other_secret, secret};

const PATH: &str = "/webhooks/clerk";

fn endpoint() -> WebhookEndpoint {
    WebhookEndpoint::new(secret()).with_max_body_bytes(100)
}

fn signed(body: &str) -> SignedRequest {
    SignedRequest::new(&secret(), body.to_owned())
}

fn receive(headers: &HeaderMap, chunks: &[&'static str]) -> Result<VerifiedDelivery, Rejection> {
    let mut incoming = endpoint().receive(headers, PATH)?;
    for chunk in chunks {
        incoming.push(Bytes::from_static(chunk.as_bytes()))?;
    }
    incoming.finish()
}

/// What every refusal must be: of this kind, and logged once, even if it becomes a response.
#[track_caller]
fn assert_refused(logs: &Logs, rejection: &Rejection, kind: impl Into<RejectionKind>) {
    let kind = kind.into();
    assert_eq!(rejection.kind(), kind);
    let response = rejection.to_response::<Bytes>();
    assert_eq!(response.status(), kind.status());
    let lines = logs.take();
    assert_eq!(lines.lines().count(), 1, "{lines}");
    for part in [kind.code(), "request_path=\"/webhooks/clerk\""] {
        assert!(lines.contains(part), "{part} in {lines}");
    }
}

#[test]
fn a_body_in_chunks_is_verified() {
    let request = signed("{\"type\":\"user.created\"}");
    let chunks = ["{\"type\"", "", ":\"user.", "created\"}", ""];
    let delivery = receive(&request.headers(), &chunks).unwrap();
    assert_eq!(delivery.raw_body(), request.body());
    assert!(receive(&signed("").headers(), &[]).is_ok());
}

#[test]
fn a_body_of_one_chunk_is_not_copied() {
    let request = signed("{}");
    let mut incoming = endpoint().receive(&request.headers(), PATH).unwrap();
    incoming.push(request.body().clone()).unwrap();
    incoming.push(Bytes::new()).unwrap();
    let delivery = incoming.finish().unwrap();
    assert_eq!(delivery.raw_body().as_ptr(), request.body().as_ptr());
}

#[test]
fn any_buffer_is_a_chunk() {
    let mut incoming = endpoint()
        .receive(&signed("{\"a\":1}").headers(), PATH)
        .unwrap();
    incoming.push(&b"{\""[..]).unwrap();
    incoming.push((&b"a"[..]).chain(&b"\":1"[..])).unwrap();
    incoming.push(Bytes::from_static(b"}")).unwrap();
    assert_eq!(incoming.finish().unwrap().raw_body(), "{\"a\":1}");
}

#[test]
fn every_refusal_is_logged_once_with_the_path() {
    let logs = Logs::capture();
    let none = endpoint().receive(&HeaderMap::new(), PATH).unwrap_err();
    assert_refused(&logs, &none, VerifyErrorKind::MissingHeader);

    let forged = SignedRequest::new(&other_secret(), "{}");
    let forged = receive(&forged.headers(), &["{}"]).unwrap_err();
    assert_refused(&logs, &forged, VerifyErrorKind::NoMatchingSignature);

    let mut incoming = endpoint().receive(&signed("{}").headers(), PATH).unwrap();
    let declared = incoming.expect_bytes(101).unwrap_err();
    assert_refused(&logs, &declared, RejectionKind::BodyTooLarge);

    incoming.push(&[b' '; 100][..]).unwrap();
    let pushed = incoming.push(&b" "[..]).unwrap_err();
    assert_refused(&logs, &pushed, RejectionKind::BodyTooLarge);

    let broken = incoming.fail("reset\nERROR forged");
    assert_refused(&logs, &broken, RejectionKind::BodyReadFailed);
}

#[test]
fn a_declared_length_over_the_limit_is_refused_before_the_body() {
    let logs = Logs::capture();
    for (length, is_refused) in [
        ("100", false),
        ("101", true),
        ("x", false),
        ("18446744073709551615", true),
    ] {
        let mut headers = signed("{}").headers();
        headers.insert("content-length", HeaderValue::from_static(length));
        let pairs = headers.iter();
        let pairs: Vec<_> = pairs
            .map(|(name, value)| (name.as_str().to_uppercase(), value))
            .collect();
        let pairs = pairs
            .iter()
            .map(|(name, value)| (&**name, value.as_bytes()));
        assert_length_refused(&logs, endpoint().receive(&headers, PATH), is_refused);
        assert_length_refused(&logs, endpoint().receive_pairs(pairs, PATH), is_refused);
    }
}

#[track_caller]
fn assert_length_refused(
    logs: &Logs,
    received: Result<IncomingDelivery, Rejection>,
    is_refused: bool,
) {
    assert_eq!(received.is_err(), is_refused);
    if let Err(rejection) = received {
        assert_refused(logs, &rejection, RejectionKind::BodyTooLarge);
    }
}

#[test]
fn headers_are_judged_before_a_declared_length() {
    let stale = signed("{}").with_age(std::time::Duration::from_secs(301));
    let mut headers = stale.headers();
    headers.insert("content-length", HeaderValue::from_static("101"));
    let refused = endpoint().receive(&headers, PATH).unwrap_err();
    assert_eq!(refused.kind(), VerifyErrorKind::TimestampTooOld.into());
}

#[tokio::test]
async fn an_outer_limit_is_too_large() {
    let limited = Limited::new(Full::new(Bytes::from_static(b"xx")), 1);
    let error = limited.collect().await.unwrap_err();
    let incoming = endpoint().receive(&signed("{}").headers(), PATH).unwrap();
    assert_eq!(incoming.fail(error).kind(), RejectionKind::BodyTooLarge);
}

#[test]
fn the_first_malformed_header_is_a_warning_for_all_clones() {
    let logs = Logs::capture();
    let endpoint = endpoint();
    for level in ["WARN", "DEBUG"] {
        endpoint
            .clone()
            .receive(&HeaderMap::new(), PATH)
            .unwrap_err();
        let line = logs.take();
        assert!(line.contains(level), "{level} in {line}");
    }
}

#[test]
fn debug_output_shows_no_secret_and_no_body() {
    let endpoint = endpoint();
    let mut incoming = endpoint.receive(&signed("{}").headers(), PATH).unwrap();
    incoming.push(&b"personal data"[..]).unwrap();
    let printed = format!("{endpoint:?} {incoming:?}");
    assert!(
        printed.contains("max_body_bytes: 100") && printed.contains(PATH),
        "{printed}"
    );
    assert!(
        !printed.contains("personal") && !printed.contains("whsec_"),
        "{printed}"
    );
}
