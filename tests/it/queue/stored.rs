//! The form in which an event is stored.

use clerk_webhooks::{
    ClerkEvent, RawClerkEvent, VerifiedDelivery, Verifier,
    queue::QueuedEvent,
    testing::{SignedRequest, fixtures},
};
use serde_json::{Value, json};

use crate::common::{published_examples, secret};

fn verified(body: impl Into<bytes::Bytes>) -> VerifiedDelivery {
    let request = SignedRequest::new(&secret(), body).with_message_id("msg_1");
    let verifier = Verifier::new(secret().with_label("current"));
    verifier
        .verify(&request.headers(), request.body().clone())
        .unwrap()
}

#[track_caller]
fn comes_back(event: &QueuedEvent) -> Value {
    let stored = serde_json::to_string(event).unwrap();
    let found: QueuedEvent = serde_json::from_str(&stored).unwrap();
    assert_eq!(&found, event);
    // Another way in: engines may hold the parsed value.
    let value: Value = serde_json::from_str(&stored).unwrap();
    let found: QueuedEvent = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(&found, event);
    value
}

#[test]
fn a_text_is_stored_as_text() {
    let body = "{\"type\":\"user.deleted\", \"data\":{\"id\":\"user_\u{e9}\\u0000\"}}\n";
    let event = QueuedEvent::from(&verified(body)).with_attempt(3);
    let stored = comes_back(&event);
    assert_eq!(stored["body"], body);
    assert_eq!(stored["message_id"], "msg_1");
    assert_eq!(stored["secret_label"], "current");
    assert_eq!(stored["attempt"], 3);
    assert!(stored["attempted_at"].is_u64());
    assert_eq!(stored.as_object().unwrap().len(), 5);
}

#[test]
fn what_is_not_utf_8_is_stored_as_base64() {
    let body: &[u8] = &[0xff, 0x00, b'{', 0xfe];
    let event = QueuedEvent::from(&verified(body));
    let stored = comes_back(&event);
    assert_eq!(stored["body_base64"], "/wB7/g==");
    assert_eq!(stored.get("body"), None);
    assert!(event.decode::<ClerkEvent>().is_err());
}

#[test]
fn an_empty_body_comes_back() {
    let stored = comes_back(&QueuedEvent::from(&verified("")));
    assert_eq!(stored["body"], "");
}

#[test]
fn every_published_example_comes_back_and_decodes() {
    let Some(examples) = published_examples() else {
        return;
    };
    for (name, body) in examples {
        let event = QueuedEvent::from(&verified(body.clone()));
        comes_back(&event);
        let decoded: ClerkEvent = event.decode().unwrap();
        assert_eq!(decoded.event_type().as_str(), name);
        let raw: RawClerkEvent = event.decode().unwrap();
        assert_eq!(raw.event_type.as_str(), name);
    }
}

#[test]
fn what_is_not_an_event_of_a_queue_is_refused() {
    let whole = json!({
        "message_id": "msg_1", "attempted_at": 1, "secret_label": "", "attempt": 1, "body": "{}",
    });
    let with = |field: &str, value: Value| {
        let mut changed = whole.clone();
        changed[field] = value;
        serde_json::from_value::<QueuedEvent>(changed)
    };
    assert!(with("a_field_of_tomorrow", json!(1)).is_ok());
    let both = with("body_base64", json!("e30=")).unwrap_err();
    assert_eq!(both.to_string(), "both `body` and `body_base64`");
    let neither = with("body", Value::Null).unwrap_err();
    assert_eq!(neither.to_string(), "missing field `body`");
    let far = with("attempted_at", json!(u64::MAX)).unwrap_err();
    assert_eq!(far.to_string(), "`attempted_at` is too far ahead");
    let mut changed = whole.clone();
    changed["body"] = Value::Null;
    changed["body_base64"] = json!("not base64!");
    let garbled = serde_json::from_value::<QueuedEvent>(changed).unwrap_err();
    assert_eq!(garbled.to_string(), "`body_base64` is not base64");
}

#[test]
fn debug_prints_no_payload() {
    let event = QueuedEvent::from(&verified(fixtures::user_created().email("ada@example.com")));
    let printed = format!("{event:?}");
    assert!(!printed.contains("ada"), "{printed}");
    assert!(printed.contains("body_bytes"), "{printed}");
}
