//! The core's own tests of the event model, word for word.

#[path = "../../../tests/it/by_serde.rs"]
mod by_serde;
#[path = "../../../tests/it/common.rs"]
mod common;
#[path = "../../../tests/it/eras/mod.rs"]
mod eras;
#[path = "../../../tests/it/json.rs"]
mod json;

#[path = "../../../tests/it/event_catalog.rs"]
mod event_catalog;
#[path = "../../../tests/it/event_embedding.rs"]
mod event_embedding;
#[path = "../../../tests/it/event_eras.rs"]
mod event_eras;
#[path = "../../../tests/it/event_examples.rs"]
mod event_examples;
#[path = "../../../tests/it/event_hostile_keys.rs"]
mod event_hostile_keys;
#[path = "../../../tests/it/event_properties.rs"]
mod event_properties;
#[path = "../../../tests/it/fixtures.rs"]
mod fixtures;

/// Without this the package would test what the core tests already.
#[test]
fn all_features_are_on() {
    let text = r#"{"b":1.10,"a":12345678901234567890123}"#;
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(value.to_string(), text);
    let raw = r#"{"$serde_json::private::RawValue":"[1]"}"#;
    let value: serde_json::Value = serde_json::from_str(raw).unwrap();
    assert_eq!(value.to_string(), "[1]");
}
