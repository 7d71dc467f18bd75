//! Decodes events a second time, by what serde derives. The tests and a fuzz target compare the results.
//!
//! This crate's own reader decodes a body; `serde_json` decodes a type that contains one of its objects.

#![allow(unreachable_pub, reason = "a fuzz target uses it too")]

use clerk_webhooks::{
    ClerkEvent, EventType,
    event::{
        DecodeError, DeletedObject, Email, EventAttributes, Organization, OrganizationDomain,
        OrganizationInvitation, OrganizationMembership, PaymentAttempt, Permission, Role, Session,
        SmsMessage, Subscription, SubscriptionItem, Timestamp, User, WaitlistEntry,
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

#[derive(Deserialize)]
struct Event<T> {
    data: T,
    instance_id: Option<String>,
    timestamp: Option<Timestamp>,
    event_attributes: Option<EventAttributes>,
    #[serde(rename = "type")]
    event_type: String,
}

#[derive(Deserialize)]
struct TypeOnly {
    #[serde(rename = "type")]
    event_type: String,
}

/// Decodes a body, and panics if serde does not agree about it.
#[track_caller]
pub fn decode(body: &[u8]) -> Result<ClerkEvent, DecodeError> {
    let event = ClerkEvent::from_slice(body);
    if let Ok(text) = str::from_utf8(body) {
        assert_agrees(text, event.as_ref());
    }
    event
}

/// Panics if serde does not agree about the event in this text.
///
/// It need not agree about JSON that `serde_json` always refuses, such as half a surrogate pair in a field
/// that nobody reads, nor about a struct as an array, which serde accepts.
#[track_caller]
fn assert_agrees(text: &str, event: Result<&ClerkEvent, &DecodeError>) {
    let Ok(json) = serde_json::from_str::<Value>(text) else {
        return;
    };
    let by_serde = by_serde(text);
    match (event, by_serde) {
        (Ok(event), Some(Some(expected))) => {
            let event = serde_json::to_value(event).unwrap();
            assert_eq!(event, expected, "{text}");
        }
        (Err(error), Some(Some(expected))) => {
            let is_array = value_at(&json, error.path()).is_some_and(Value::is_array);
            let lacks_id = error.path() == "data.id" && expected["data"]["id"] == "";
            assert!(is_array || lacks_id, "{error}: {text}");
        }
        (Ok(_), Some(None)) => panic!("serde refuses {text}"),
        (Err(_), Some(None)) | (_, None) => {}
    }
}

/// `None` if the text has no known type; then `None` if serde refuses it.
fn by_serde(text: &str) -> Option<Option<Value>> {
    let TypeOnly { event_type } = serde_json::from_str(text).ok()?;
    if let EventType::Unknown(_) = EventType::from(event_type.as_str()) {
        return None;
    }
    let (object, verb) = event_type.split_once('.')?;
    let is_whole = object == "organizationMembership";
    Some(match object {
        _ if verb == "deleted" && !is_whole => as_event::<DeletedObject>(text),
        "email" => as_event::<Email>(text),
        "organization" => as_event::<Organization>(text),
        "organizationDomain" => as_event::<OrganizationDomain>(text),
        "organizationInvitation" => as_event::<OrganizationInvitation>(text),
        "organizationMembership" => as_event::<OrganizationMembership>(text),
        "paymentAttempt" => as_event::<PaymentAttempt>(text),
        "permission" => as_event::<Permission>(text),
        "role" => as_event::<Role>(text),
        "session" => as_event::<Session>(text),
        "sms" => as_event::<SmsMessage>(text),
        "subscription" => as_event::<Subscription>(text),
        "subscriptionItem" => as_event::<SubscriptionItem>(text),
        "user" => as_event::<User>(text),
        "waitlistEntry" => as_event::<WaitlistEntry>(text),
        _ => return None,
    })
}

/// The event as `ClerkEvent` serializes it.
fn as_event<T: DeserializeOwned + Serialize>(text: &str) -> Option<Value> {
    let event: Event<T> = serde_json::from_str(text).ok()?;
    let event_type = EventType::from(event.event_type.as_str());
    let event = serde_json::json!({
        "object": "event",
        "type": event_type,
        "instance_id": event.instance_id,
        "timestamp": event.timestamp,
        "event_attributes": event.event_attributes,
        "data": event.data,
    });
    Some(event)
}

/// The value at a path of a [`DecodeError`], such as `data.email_addresses[0]`.
fn value_at<'a>(json: &'a Value, path: &str) -> Option<&'a Value> {
    let pointer = path.replace(['.', '['], "/").replace(']', "");
    json.pointer(&format!("/{pointer}"))
}
