//! Clerk's schema, distilled, against the types: every type of event, every property, every closed
//! list.
//!
//! It is not part of this repository: `CLERK_WEBHOOKS_SHARED` names the folder that holds it.

mod common;

use std::{collections::BTreeSet, fs};

use clerk_webhooks::{ClerkEvent, EventType};
use serde_json::{Value, json};

#[test]
fn every_event_of_the_catalogue_is_in_the_table() {
    let Some(catalog) = Catalog::load() else {
        return;
    };
    let is_known = |name: &str| EventType::all().contains(&EventType::from(name));
    let missing: Vec<_> = catalog
        .events()
        .filter(|(name, _)| !is_known(name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    // `subscriptionItem.created` is in Clerk's TypeScript types alone.
    assert_eq!(EventType::all().len(), catalog.events().count() + 1);
}

#[test]
fn every_property_survives_the_round_trip() {
    let Some(catalog) = Catalog::load() else {
        return;
    };
    let mut lost = Vec::new();
    for (name, schema) in catalog.events() {
        let event = catalog.event(name, schema, &|words| words.first().cloned());
        compare(&canonical(&event), &round_trip(&event), name, &mut lost);
    }
    assert!(lost.is_empty(), "lost or changed:\n{}", lost.join("\n"));
}

#[test]
fn every_word_of_a_list_has_its_variant() {
    let Some(catalog) = Catalog::load() else {
        return;
    };
    let longest = catalog.lists().map(Vec::len).max().unwrap();
    let mut unknown = BTreeSet::new();
    for (name, schema) in catalog.events() {
        for position in 0..longest {
            let event = catalog.event(name, schema, &|words| {
                words.iter().cycle().nth(position).cloned()
            });
            let debug = format!("{:?}", decode(&event));
            let variants = catalog
                .lists()
                .flatten()
                .map(|word| format!("Unknown({word})"));
            unknown.extend(
                variants
                    .filter(|variant| debug.contains(variant))
                    .map(|word| format!("{name}: {word}")),
            );
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn any_other_word_in_a_list_survives() {
    let Some(catalog) = Catalog::load() else {
        return;
    };
    let mut lost = Vec::new();
    for (name, schema) in catalog.events() {
        let event = catalog.event(name, schema, &|_| {
            Some(json!("a word of \"2031\" \u{1f600}"))
        });
        compare(&canonical(&event), &round_trip(&event), name, &mut lost);
    }
    assert!(lost.is_empty(), "lost or changed:\n{}", lost.join("\n"));
}

fn decode(event: &Value) -> ClerkEvent {
    ClerkEvent::from_slice(event.to_string().as_bytes())
        .unwrap_or_else(|error| panic!("{}: {error}", event["type"]))
}

fn round_trip(event: &Value) -> Value {
    serde_json::to_value(decode(event)).unwrap()
}

/// Moves what invitations hold one level deeper to where it is documented.
fn canonical(event: &Value) -> Value {
    let mut event = event.clone();
    if event["type"]
        .as_str()
        .unwrap()
        .starts_with("organizationInvitation.")
    {
        let Value::Object(deeper) = event["data"]["data"].take() else {
            panic!("no deeper data")
        };
        let data = event["data"].as_object_mut().unwrap();
        data.remove("data");
        data.extend(deeper);
    }
    event
}

/// Lists what of `sent` is not in `kept` by the same path and with the same value.
fn compare(sent: &Value, kept: &Value, path: &str, lost: &mut Vec<String>) {
    match (sent, kept) {
        (Value::Object(sent), Value::Object(kept)) => {
            for (field, value) in sent {
                compare(
                    value,
                    kept.get(field).unwrap_or(&Value::Null),
                    &format!("{path}.{field}"),
                    lost,
                );
            }
        }
        (Value::Array(sent), Value::Array(kept)) if sent.len() == kept.len() => {
            for (index, (sent, kept)) in sent.iter().zip(kept).enumerate() {
                compare(sent, kept, &format!("{path}[{index}]"), lost);
            }
        }
        (sent, kept) if sent == kept => {}
        (sent, kept) => lost.push(format!("{path}: {sent} became {kept}")),
    }
}

struct Catalog(Value);

impl Catalog {
    fn load() -> Option<Self> {
        let file = common::shared_folder()?.join("clerk/catalog.json");
        let text =
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Some(Self(serde_json::from_str(&text).unwrap()))
    }

    /// Types of event with the names of their schemas.
    fn events(&self) -> impl Iterator<Item = (&str, &str)> {
        let events = self.0["events"].as_object().unwrap();
        events
            .iter()
            .map(|(name, event)| (name.as_str(), event["data"].as_str().unwrap()))
    }

    /// Every list of words that the schema closes, or whose known words it names.
    fn lists(&self) -> impl Iterator<Item = &Vec<Value>> {
        let schemas = self.0["schemas"].as_object().unwrap().values();
        let properties =
            schemas.flat_map(|schema| schema["properties"].as_object().unwrap().values());
        properties.filter_map(words)
    }

    /// An event with every property of its schema; `pick` chooses from each list of words.
    fn event(&self, name: &str, schema: &str, pick: &Pick<'_>) -> Value {
        let mut event = self.object(self.0["envelope"].as_str().unwrap(), "", pick);
        event["object"] = json!("event");
        event["type"] = json!(name);
        event["data"] = self.object(schema, "data", pick);
        event
    }

    fn object(&self, schema: &str, path: &str, pick: &Pick<'_>) -> Value {
        let properties = self.0["schemas"][schema]["properties"].as_object().unwrap();
        let field = |(name, property): (&String, &Value)| {
            (
                name.clone(),
                self.value(property, &format!("{path}.{name}"), pick),
            )
        };
        Value::Object(properties.iter().map(field).collect())
    }

    fn value(&self, property: &Value, path: &str, pick: &Pick<'_>) -> Value {
        if let Some(reference) = property["ref"].as_str() {
            return self.object(reference, path, pick);
        }
        if let Some(words) = words(property) {
            return pick(words).unwrap();
        }
        match property["type"].as_str().unwrap() {
            "array" => json!([0, 1].map(|index| self.value(
                &property["items"],
                &format!("{path}[{index}]"),
                pick
            ))),
            "boolean" => json!(true),
            "integer" => json!(1_700_000_000_000_u64 + u64::try_from(path.len()).unwrap()),
            "number" => json!(0.25),
            "object" => json!({"from": path, "values": [1, null, {"x": 1.5}]}),
            "string" => json!(path),
            other => panic!("{path}: {other}"),
        }
    }
}

/// Chooses one of a list's words.
type Pick<'a> = dyn Fn(&[Value]) -> Option<Value> + 'a;

fn words(property: &Value) -> Option<&Vec<Value>> {
    property["enum"]
        .as_array()
        .or_else(|| property["known"].as_array())
}
