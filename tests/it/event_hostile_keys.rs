//! Metadata from users with keys to which features of `serde_json` give a special meaning.
//!
//! `serde_json::Value` obeys one key with the feature `raw_value`, and the other with
//! `arbitrary_precision`. This crate enables neither, but another dependency may.
//! `interop/serde-json-features` runs this file with both.

use std::collections::HashMap;

use clerk_webhooks::{
    ClerkEvent, RawClerkEvent, SigningSecret, VerifiedClerkEvent, Verifier,
    event::{RawJson, User},
    testing::SignedRequest,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::by_serde;

/// Metadata that a user can write in the browser.
const METADATA: [&str; 7] = [
    r#"{"$serde_json::private::RawValue":"x"}"#,
    r#"{"$serde_json::private::RawValue":"[1]"}"#,
    r#"{"$serde_json::private::RawValue":1}"#,
    r#"{"a":[{"$serde_json::private::RawValue":"x","b":1}]}"#,
    r#"{"$serde_json::private::Number":"x"}"#,
    r#"{"$serde_json::private::Number":1,"b":2}"#,
    r#"{"a":{"$serde_json::private::Number":null}}"#,
];

/// The object that represents the number 1 if `arbitrary_precision` is enabled.
const NUMBER: &str = r#"{"$serde_json::private::Number":"1"}"#;

#[derive(Deserialize)]
#[serde(tag = "type", content = "data")]
enum Adjacent {
    #[serde(rename = "user.updated")]
    UserUpdated(User),
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Internal {
    #[serde(rename = "user.updated")]
    UserUpdated { data: User },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Untagged {
    Event { data: User },
}

#[derive(Deserialize)]
struct Flattened {
    #[serde(flatten)]
    event: HashMap<String, RawJson>,
}

#[test]
fn an_event_with_hostile_keys_decodes_and_serializes() {
    for metadata in METADATA.into_iter().chain([NUMBER]) {
        let body = body(metadata);
        let event: VerifiedClerkEvent = deliver(&body);
        let user = event.data.as_user().unwrap();
        assert_eq!(user.unsafe_metadata.as_str(), metadata);
        assert_eq!(user.banned, Some(true));

        let raw = RawClerkEvent::from_slice(body.as_bytes()).unwrap();
        for value in [
            serde_json::to_value(&*event).unwrap(),
            serde_json::to_value(&raw).unwrap(),
        ] {
            assert_eq!(value["data"]["unsafe_metadata"].to_string(), metadata);
        }
        let text = serde_json::to_string(&*event).unwrap();
        assert!(text.contains(metadata), "{text}");
    }
}

#[test]
fn own_types_with_our_objects_decode_hostile_keys() {
    for metadata in METADATA {
        let body = body(metadata);
        let Adjacent::UserUpdated(adjacent) = serde_json::from_str(&body).unwrap();
        let Internal::UserUpdated { data: internal } = serde_json::from_str(&body).unwrap();
        let Untagged::Event { data: untagged } = serde_json::from_str(&body).unwrap();
        for user in [adjacent, internal, untagged] {
            assert_eq!(user.unsafe_metadata.as_str(), metadata);
        }
        let flattened: Flattened = serde_json::from_str(&body).unwrap();
        let data: HashMap<String, RawJson> = flattened.event["data"].parse().unwrap();
        assert_eq!(data["unsafe_metadata"].as_str(), metadata);
        let event = by_serde::decode(body.as_bytes()).unwrap();
        let through_serde: ClerkEvent = serde_json::from_str(&body).unwrap();
        assert_eq!(event, through_serde);
        let user = through_serde.data.as_user().unwrap();
        assert_eq!(user.unsafe_metadata.as_str(), metadata);
    }
}

/// The documentation of `RawJson` describes this.
#[test]
fn only_serde_reads_the_arbitrary_precision_key_as_a_number() {
    let number = if arbitrary_precision_is_on() {
        "1"
    } else {
        NUMBER
    };
    let Adjacent::UserUpdated(user) = serde_json::from_str(&body(NUMBER)).unwrap();
    assert_eq!(user.unsafe_metadata.as_str(), number);
    let Adjacent::UserUpdated(user) = serde_json::from_str(&body("[1.5,7e3]")).unwrap();
    let numbers: Vec<f64> = user.unsafe_metadata.parse().unwrap();
    assert_eq!(numbers, [1.5, 7_000.0]);
}

/// `serde_json` decodes its own `Value`: the result depends on the features of the whole build.
#[test]
fn a_value_obeys_a_key_only_if_another_dependency_enables_the_feature() {
    for metadata in METADATA {
        let is_obeyed = if metadata.contains("RawValue") {
            raw_value_is_on()
        } else {
            arbitrary_precision_is_on()
        };
        let parsed = raw_json(metadata).parse::<Value>();
        if !is_obeyed {
            assert_eq!(parsed.unwrap().to_string(), metadata);
            let event: VerifiedClerkEvent<Value> = deliver(&body(metadata));
            assert_eq!(event["data"]["unsafe_metadata"].to_string(), metadata);
        } else if let Ok(value) = parsed {
            assert_eq!(value.to_string(), "[1]", "{metadata}");
        }
    }
}

/// The tests above adapt to enabled features. This crate itself must not enable one.
#[test]
fn this_crate_enables_neither_feature() {
    let manifest = include_str!("../../Cargo.toml");
    let features = manifest
        .lines()
        .filter(|line| line.starts_with("serde_json = "));
    let features: Vec<_> = features.collect();
    assert_eq!(features.len(), 1, "{features:?}");
    assert!(!features[0].contains("raw_value") && !features[0].contains("arbitrary_precision"));
}

fn raw_value_is_on() -> bool {
    serde_json::from_str::<Value>(METADATA[0]).is_err()
}

fn arbitrary_precision_is_on() -> bool {
    serde_json::from_str::<Value>(NUMBER).is_ok_and(|value| value.is_number())
}

fn body(metadata: &str) -> String {
    format!(
        r#"{{"data":{{"banned":true,"id":"user_1","unsafe_metadata":{metadata}}},"type":"user.updated"}}"#
    )
}

fn raw_json(json: &str) -> RawJson {
    let event = ClerkEvent::from_slice(body(json).as_bytes()).unwrap();
    event.data.as_user().unwrap().unsafe_metadata.clone()
}

fn deliver<T: DeserializeOwned + 'static>(body: &str) -> VerifiedClerkEvent<T> {
    let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let request = SignedRequest::new(&secret, body.to_owned());
    let verifier = Verifier::new(secret);
    let delivery = verifier.verify(&request.headers(), request.body().clone());
    VerifiedClerkEvent::decode(delivery.unwrap()).unwrap()
}
