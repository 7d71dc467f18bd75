//! Clerk's objects inside user-defined types: in every enum and struct form of serde, and from a `Value`.

use clerk_webhooks::{
    ClerkEvent, EventType, RawClerkEvent,
    event::{OrganizationInvitation, PaymentAttempt, RawJson, Role, Session, Timestamp, User},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::by_serde;

/// Has every kind of value that a buffering deserializer could change.
const USER: &str = r#"{
    "id": "user_1",
    "created_at": 1716883200000,
    "locked": false,
    "username": "j\u00e4ne \"j\"",
    "public_metadata": {"plan": "pro", "seats": 3, "ratio": 0.5,
        "big": 18446744073709551615, "list": [null, {}]},
    "unsafe_metadata": {},
    "email_addresses": [{
        "id": "idn_1", "email_address": "jane@example.org", "linked_to": [],
        "verification": {"status": "verified", "strategy": "from_oauth_google",
            "error": {"code": "c", "meta": {"a": [1]}}}
    }]
}"#;
const SESSION: &str = r#"{
    "id": "sess_1", "user_id": "user_1", "actor": {"sub": "user_9", "n": 1.25}, "status": "pending",
    "tasks": [{"key": "choose-organization"}, "free"], "user": {"first_name": "no id"}
}"#;
const PAYMENT: &str = r#"{"id": "pa_1", "subscription_items": [
    {"credit": {"cycle_remaining_percent": 0.5, "cycle_days_total": 30}},
    {"id": null, "credit": {"cycle_remaining_percent": 1}}
]}"#;
const INVITATION: &str = r#"{"id": "orginv_1", "expire_at": 1717487999000, "expires_at": null,
    "data": {"user_id": "user_1", "public_organization_data": {"id": "org_1"}}}"#;
const ROLE: &str = r#"{"id": "role_1", "permissions": [{"key": "org:a:b"}, {"id": "perm_1"}]}"#;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "type", content = "data")]
enum Adjacent<T> {
    #[serde(rename = "it")]
    It(T),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "kind")]
enum Internal<T> {
    #[serde(rename = "it")]
    It(T),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Untagged<T> {
    Number(u8),
    It(T),
}

#[derive(Debug, PartialEq, Deserialize)]
struct Flattened<T> {
    mine: u8,
    #[serde(flatten)]
    it: T,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Beside<T> {
    #[serde(flatten)]
    envelope: Envelope,
    data: T,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Envelope {
    r#type: String,
}

#[test]
fn every_object_decodes_in_every_shape() {
    in_every_shape::<User>(USER);
    in_every_shape::<Session>(SESSION);
    in_every_shape::<PaymentAttempt>(PAYMENT);
    in_every_shape::<OrganizationInvitation>(INVITATION);
    in_every_shape::<Role>(ROLE);
}

#[test]
fn a_whole_event_decodes_in_every_shape() {
    let event =
        format!(r#"{{"data": {USER}, "type": "user.updated", "timestamp": 1716883200123}}"#);
    by_serde::decode(event.as_bytes()).unwrap();
    in_every_shape::<ClerkEvent>(&event);
    in_every_shape::<RawClerkEvent>(&event);
}

#[test]
fn metadata_survives_buffering_as_the_same_value() {
    let Untagged::It(user) = serde_json::from_str::<Untagged<User>>(USER).unwrap() else {
        panic!("a number")
    };
    let sent: Value = serde_json::from_str::<Value>(USER).unwrap()["public_metadata"].take();
    assert_eq!(user.public_metadata.parse::<Value>().unwrap(), sent);
    assert_eq!(user.unsafe_metadata.as_str(), "{}");
    assert!(user.private_metadata.is_null());
}

#[test]
fn an_event_keeps_the_text_of_metadata_as_sent() {
    let body = format!(r#"{{"data": {USER}, "type": "user.updated"}}"#);
    let event = by_serde::decode(body.as_bytes()).unwrap();
    let metadata = event.data.as_user().unwrap().public_metadata.as_str();
    assert!(metadata.starts_with(r#"{"plan": "pro", "#) && metadata.ends_with("{}]}"));
    assert!(USER.contains(metadata));
}

#[test]
fn a_missing_id_is_empty_inside_another_object_and_an_error_in_an_event() {
    let session: Session = serde_json::from_str(SESSION).unwrap();
    assert_eq!(session.user.unwrap().id, "");
    let payment: PaymentAttempt = serde_json::from_str(PAYMENT).unwrap();
    assert!(
        payment
            .subscription_items
            .iter()
            .all(|item| item.id.is_empty())
    );
    let role: Role = serde_json::from_str(ROLE).unwrap();
    assert_eq!(
        [&role.permissions[0].id, &role.permissions[1].id],
        ["", "perm_1"]
    );
    for id in ["", r#""id": null"#, r#""id": """#] {
        for event_type in [
            "user.created",
            "permission.created",
            "subscriptionItem.created",
        ] {
            let body = format!(r#"{{"data": {{{id}}}, "type": "{event_type}"}}"#);
            let error = by_serde::decode(body.as_bytes()).unwrap_err();
            assert_eq!(error.path(), "data.id", "{body}");
        }
    }
}

#[test]
fn a_whole_event_must_be_an_object_in_every_shape() {
    for text in [
        r#"["user.created", {"id": "user_1"}, null, null, null]"#,
        r#"{"type": "user.created", "data": ["user_1"]}"#,
        r#"{"type": "user.created", "data": null}"#,
        r#"{"type": "user.created"}"#,
        r#"{"type": null, "data": {}}"#,
        r#"{"data": {"id": "user_1"}}"#,
        "null",
        "1",
    ] {
        assert!(by_serde::decode(text.as_bytes()).is_err(), "{text}");
        assert!(
            RawClerkEvent::from_slice(text.as_bytes()).is_err(),
            "{text}"
        );
        assert!(serde_json::from_str::<ClerkEvent>(text).is_err(), "{text}");
        assert!(
            serde_json::from_str::<RawClerkEvent>(text).is_err(),
            "{text}"
        );
        let value: Value = serde_json::from_str(text).unwrap();
        assert!(
            serde_json::from_value::<ClerkEvent>(value).is_err(),
            "{text}"
        );
    }
}

#[test]
fn an_error_through_serde_does_not_print_values() {
    let text = r#"{"type": "user.created", "data": {"id": "user_1", "locked": "secret"}}"#;
    let error = serde_json::from_str::<ClerkEvent>(text)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`data.locked` of this `user.created` event"),
        "{error}"
    );
    assert!(!error.contains("secret"), "{error}");
}

#[test]
fn an_event_and_its_raw_form_serialize_to_the_same_value() {
    let text = r#"{"data":{"id":"x"},"type":"future.event","timestamp":1716883200}"#;
    let typed = serde_json::to_value(by_serde::decode(text.as_bytes()).unwrap()).unwrap();
    let raw = serde_json::to_value(RawClerkEvent::from_slice(text.as_bytes()).unwrap()).unwrap();
    assert_eq!(typed, raw);
    let expected = json!({
        "object": "event", "type": "future.event", "data": {"id": "x"}, "timestamp": 1_716_883_200,
        "instance_id": null, "event_attributes": null,
    });
    assert_eq!(raw, expected);
}

#[test]
fn small_values_work_as_fields_and_as_map_keys() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Row {
        at: Option<Timestamp>,
        event_type: EventType,
        #[serde(default)]
        rest: RawJson,
    }
    let row: Row = serde_json::from_value(json!({"at": null, "event_type": "a.b"})).unwrap();
    assert_eq!(
        row,
        Row {
            at: None,
            event_type: EventType::from("a.b"),
            rest: RawJson::NULL
        }
    );
    assert_eq!(
        serde_json::to_value(&row).unwrap(),
        json!({"at": null, "event_type": "a.b", "rest": null})
    );
}

/// Decodes directly, from a `Value`, and inside every kind of type, with the tag before and after.
fn in_every_shape<T>(text: &str)
where
    T: DeserializeOwned + Serialize + std::fmt::Debug + PartialEq,
{
    let plain: T = serde_json::from_str(text).unwrap();
    let same = |shape: &str, other: T| {
        assert_eq!(
            serde_json::to_value(&other).unwrap(),
            serde_json::to_value(&plain).unwrap(),
            "{shape}"
        );
    };
    let inside = text
        .trim()
        .strip_prefix('{')
        .unwrap()
        .strip_suffix('}')
        .unwrap();

    same(
        "value",
        serde_json::from_value(serde_json::from_str(text).unwrap()).unwrap(),
    );
    same(
        "borrowed value",
        T::deserialize(&serde_json::from_str::<Value>(text).unwrap()).unwrap(),
    );
    same("reader", serde_json::from_reader(text.as_bytes()).unwrap());
    for adjacent in [
        format!(r#"{{"type": "it", "data": {text}}}"#),
        format!(r#"{{"data": {text}, "type": "it"}}"#),
    ] {
        let Adjacent::It(it) = serde_json::from_str(&adjacent).unwrap();
        same("adjacently tagged", it);
        let beside: Beside<T> = serde_json::from_str(&adjacent).unwrap();
        same("beside a flattened envelope", beside.data);
    }
    for internal in [
        format!(r#"{{"kind": "it", {inside}}}"#),
        format!(r#"{{{inside}, "kind": "it"}}"#),
    ] {
        let Internal::It(it) = serde_json::from_str(&internal).unwrap();
        same("internally tagged", it);
    }
    let Untagged::It(it) = serde_json::from_str(text).unwrap() else {
        panic!("a number")
    };
    same("untagged", it);
    let flattened: Flattened<T> =
        serde_json::from_str(&format!(r#"{{{inside}, "mine": 1}}"#)).unwrap();
    same("flattened", flattened.it);
}
