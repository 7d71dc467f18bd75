//! Decodes and re-serializes Clerk's 45 published examples and the deliveries of a real Svix server.
//!
//! They are not part of this repository: `CLERK_WEBHOOKS_SHARED` names the folder that holds them.

use std::fs;

use clerk_webhooks::{ClerkEvent, EventData, EventType, RawClerkEvent, event::ObjectType};
use serde_json::{Value, json};

use crate::{by_serde, common};

/// Fields of the examples that are read under another name, the canonical one.
const RENAMED: &[(&str, &str)] = &[("sms.created: data.created_at", "data.created_at_ms")];

#[test]
fn every_example_decodes_to_its_own_variant() {
    let Some(examples) = common::published_examples() else {
        return;
    };
    for (name, body) in examples {
        let event = by_serde::decode(&body).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!matches!(event.data, EventData::Unknown(_)), "{name}");
        assert_eq!(event.event_type(), name.as_str());
        assert_eq!(
            event.timestamp.map(|at| at.as_millis()),
            Some(1_716_883_200_000),
            "{name}"
        );
        assert!(event.object_id().is_some_and(|id| !id.is_empty()), "{name}");
    }
}

#[test]
fn the_round_trip_of_every_example_loses_nothing() {
    let Some(examples) = common::published_examples() else {
        return;
    };
    let mut lost = Vec::new();
    for (name, body) in examples {
        let event = by_serde::decode(&body).unwrap();
        let sent: Value = serde_json::from_slice(&body).unwrap();
        let kept = serde_json::to_value(&event).unwrap();
        compare(&sent, &kept, &name, "", &mut lost);

        let again = by_serde::decode(serde_json::to_string(&event).unwrap().as_bytes()).unwrap();
        assert_eq!(serde_json::to_value(&again).unwrap(), kept, "{name}");
    }
    assert!(lost.is_empty(), "lost or changed:\n{}", lost.join("\n"));
}

#[test]
fn field_order_and_entry_point_make_no_difference() {
    let Some(examples) = common::published_examples() else {
        return;
    };
    for (name, body) in examples {
        let event = by_serde::decode(&body).unwrap();
        let raw = RawClerkEvent::from_slice(&body).unwrap();
        for reordered in [
            envelope(&raw, &["data", "type"]),
            envelope(&raw, &["type", "data"]),
        ] {
            assert_eq!(
                by_serde::decode(reordered.as_bytes()).unwrap(),
                event,
                "{name}"
            );
            // serde_json writes metadata again, without white space.
            let value = serde_json::to_value(&event).unwrap();
            let through_serde: [ClerkEvent; 3] = [
                serde_json::from_str(&reordered).unwrap(),
                serde_json::from_slice(reordered.as_bytes()).unwrap(),
                serde_json::from_reader(reordered.as_bytes()).unwrap(),
            ];
            for event in through_serde {
                assert_eq!(serde_json::to_value(&event).unwrap(), value, "{name}");
            }
        }
        assert_eq!(ClerkEvent::try_from(raw).unwrap(), event, "{name}");
    }
}

#[test]
fn an_example_without_its_id_is_refused_with_its_path() {
    let Some(examples) = common::published_examples() else {
        return;
    };
    for (name, body) in examples {
        let mut event: Value = serde_json::from_slice(&body).unwrap();
        event["data"].as_object_mut().unwrap().remove("id");
        let body = serde_json::to_vec(&event).unwrap();
        let error = by_serde::decode(&body).unwrap_err();
        assert_eq!(error.path(), "data.id", "{name}");
        assert_eq!(error.event_type(), Some(&EventType::from(name.as_str())));
        assert!(RawClerkEvent::from_slice(&body).is_ok());
    }
}

/// Any field except those of `is_needed` can be absent or `null`, wherever it is.
#[test]
fn every_other_field_is_optional() {
    let Some(examples) = common::published_examples() else {
        return;
    };
    for (name, body) in examples {
        let event: Value = serde_json::from_slice(&body).unwrap();
        for path in paths(&event["data"]) {
            let needed = is_needed(&name, &path);
            for replacement in [None, Some(Value::Null)] {
                let mut less = event.clone();
                replace(&mut less["data"], &path, replacement);
                let decoded = by_serde::decode(&serde_json::to_vec(&less).unwrap());
                assert_eq!(decoded.is_err(), needed, "{name}: {path:?}: {decoded:?}");
            }
        }
    }
}

/// A value of the wrong JSON type is an error at its own path, except where any JSON is allowed.
#[test]
fn a_wrong_json_type_is_an_error_at_its_path() {
    let Some(examples) = common::published_examples() else {
        return;
    };
    for (name, body) in examples {
        let event: Value = serde_json::from_slice(&body).unwrap();
        for path in paths(&event["data"]) {
            let was = at(&event["data"], &path);
            let wrong = if was.is_string() {
                json!(1)
            } else {
                json!("\u{1f600} secret")
            };
            if was.is_null() || is_free_form(&path) {
                continue;
            }
            let mut changed = event.clone();
            replace(&mut changed["data"], &path, Some(wrong));
            let Err(error) = by_serde::decode(&serde_json::to_vec(&changed).unwrap()) else {
                panic!("{name}: {path:?} was accepted");
            };
            assert_eq!(error.path(), dotted(&path), "{name}");
            assert!(!format!("{error} {error:?}").contains("secret"), "{name}");
        }
    }
}

#[test]
fn every_recorded_delivery_decodes_or_is_not_an_event() {
    let Some(folder) = common::shared_folder() else {
        return;
    };
    let recorded = fs::read_to_string(folder.join("svix/recorded.jsonl")).unwrap();
    let bodies: Vec<Vec<u8>> = recorded.lines().filter_map(body_of).collect();
    assert!(bodies.len() > 100);
    let (mut users, mut refused) = (0, 0);
    for body in bodies {
        match by_serde::decode(&body) {
            Ok(event) => match event.data {
                EventData::UserCreated(user) => {
                    users += usize::from(user.birthday.as_deref() == Some(""));
                }
                other => assert!(matches!(
                    other,
                    EventData::UserUpdated(_) | EventData::UserDeleted(_) | EventData::Unknown(_)
                )),
            },
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        }
    }
    assert!(
        users > 100 && refused > 0,
        "{users} users, {refused} refused"
    );
}

/// Lists the parts of `sent` that `kept` does not have at the same path with the same value.
fn compare(sent: &Value, kept: &Value, name: &str, path: &str, lost: &mut Vec<String>) {
    match (sent, kept) {
        (Value::Object(fields), Value::Object(kept)) => {
            for (field, value) in fields {
                let path = format!("{path}.{field}").trim_start_matches('.').to_owned();
                let known = RENAMED
                    .iter()
                    .find(|(renamed, _)| *renamed == format!("{name}: {path}"));
                match kept
                    .get(known.map_or(field.as_str(), |(_, to)| to.rsplit('.').next().unwrap()))
                {
                    Some(kept) => compare(value, kept, name, &path, lost),
                    None => lost.push(format!("{name}: {path} is lost")),
                }
            }
        }
        (Value::Array(sent), Value::Array(kept)) if sent.len() == kept.len() => {
            for (index, (sent, kept)) in sent.iter().zip(kept).enumerate() {
                compare(sent, kept, name, &format!("{path}[{index}]"), lost);
            }
        }
        (Value::String(sent), Value::String(kept))
            if path.ends_with("object") && same_object(sent, kept) => {}
        (sent, kept) if sent == kept => {}
        (sent, kept) => lost.push(format!("{name}: {path}: {sent} became {kept}")),
    }
}

/// Some objects have two names.
fn same_object(sent: &str, kept: &str) -> bool {
    let [sent, kept] = [sent, kept].map(ObjectType::from);
    sent == kept
}

fn envelope(raw: &RawClerkEvent, order: &[&str]) -> String {
    let mut fields = vec![
        r#""object":"event""#.to_owned(),
        format!(
            r#""instance_id":{}"#,
            serde_json::to_string(&raw.instance_id).unwrap()
        ),
        format!(
            r#""timestamp":{}"#,
            serde_json::to_string(&raw.timestamp).unwrap()
        ),
        format!(
            r#""event_attributes":{}"#,
            serde_json::to_string(&raw.event_attributes).unwrap()
        ),
    ];
    for (position, name) in order.iter().enumerate() {
        let value = match *name {
            "data" => raw.data.as_str().to_owned(),
            _ => format!("{:?}", raw.event_type.as_str()),
        };
        fields.insert(position * 2, format!("{name:?}:{value}"));
    }
    format!("{{{}}}", fields.join(","))
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    Index(usize),
}

/// Every path below `value` that ends in a field, except inside free-form JSON.
fn paths(value: &Value) -> Vec<Vec<Step>> {
    let children: Vec<(Step, &Value)> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (Step::Field(name.clone()), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, value)| (Step::Index(index), value))
            .collect(),
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for (step, child) in children {
        let here = vec![step.clone()];
        let inside = if is_free_form(&here) {
            Vec::new()
        } else {
            paths(child)
        };
        if matches!(step, Step::Field(_)) {
            found.push(here.clone());
        }
        found.extend(inside.into_iter().map(|rest| [here.clone(), rest].concat()));
    }
    found
}

fn is_free_form(path: &[Step]) -> bool {
    let Some(Step::Field(name)) = path.last() else {
        return false;
    };
    matches!(
        name.as_str(),
        "public_metadata" | "private_metadata" | "unsafe_metadata" | "actor" | "data" | "meta"
    )
}

/// Whether an event without this field must be refused.
fn is_needed(name: &str, path: &[Step]) -> bool {
    let path = dotted(path);
    match name.split_once('.').unwrap().0 {
        _ if path == "data.id" => true,
        "organizationMembership" => [
            "data.organization",
            "data.organization.id",
            "data.public_user_data.user_id",
        ]
        .contains(&path.as_str()),
        "session" => path == "data.user_id",
        _ => false,
    }
}

fn at<'a>(value: &'a Value, path: &[Step]) -> &'a Value {
    path.iter().fold(value, |value, step| match step {
        Step::Field(name) => &value[name],
        Step::Index(index) => &value[*index],
    })
}

fn replace(value: &mut Value, path: &[Step], replacement: Option<Value>) {
    let (last, parents) = path.split_last().unwrap();
    let parent = parents.iter().fold(value, |value, step| match step {
        Step::Field(name) => &mut value[name],
        Step::Index(index) => &mut value[*index],
    });
    let Step::Field(name) = last else {
        panic!("ends in an index")
    };
    let fields = parent.as_object_mut().unwrap();
    match replacement {
        Some(new) => drop(fields.insert(name.clone(), new)),
        None => drop(fields.remove(name)),
    }
}

fn dotted(path: &[Step]) -> String {
    path.iter()
        .fold("data".to_owned(), |path, step| match step {
            Step::Field(name) => format!("{path}.{name}"),
            Step::Index(index) => format!("{path}[{index}]"),
        })
}

fn body_of(line: &str) -> Option<Vec<u8>> {
    let delivery: Value = serde_json::from_str(line).unwrap();
    delivery.get("body_b64")?.as_str().map(from_base64)
}

/// Enough base64 for this file; the tests need no crate for it.
fn from_base64(text: &str) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for symbol in text.bytes().filter(|&symbol| symbol != b'=') {
        let six = alphabet.iter().position(|&known| known == symbol).unwrap();
        bits = (bits << 6) | u32::try_from(six).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).unwrap());
        }
    }
    bytes
}
