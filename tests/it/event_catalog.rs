//! Compares the types with what Clerk sends: every event type, every property, every enum.
//!
//! `event_contract.txt` lists what Clerk sends. A summary of Clerk's own schema is not part of this
//! repository: if `CLERK_WEBHOOKS_SHARED` is set, it names the folder that holds the summary.

use std::{collections::BTreeSet, fs};

use clerk_webhooks::{ClerkEvent, EventType, event::ObjectType};
use serde_json::{Map, Value, json};

use crate::{by_serde, common};

#[test]
fn every_property_in_our_contract_is_decoded() {
    let contract = Catalog::ours();
    let events: Vec<_> = contract
        .events()
        .map(|(name, _)| EventType::from(name))
        .collect();
    let unlisted = |known: &&EventType| !events.contains(known);
    let missing: Vec<_> = EventType::all().iter().filter(unlisted).collect();
    assert!(missing.is_empty(), "not in event_contract.txt: {missing:?}");
    contract.assert_kept();
}

#[test]
fn every_property_in_clerks_catalogue_is_decoded() {
    if let Some(catalog) = Catalog::clerks() {
        catalog.assert_kept();
        // `subscriptionItem.created` is only in Clerk's TypeScript types.
        assert_eq!(EventType::all().len(), catalog.events().count() + 1);
    }
}

#[test]
fn our_contract_contains_all_of_clerks_catalogue() {
    let Some(catalog) = Catalog::clerks() else {
        return;
    };
    let ours = Catalog::ours();
    let mut missing = Vec::new();
    for (name, schema) in catalog.events() {
        for pick in [<[Value]>::first, <[Value]>::last] {
            let pick = |values: &[Value]| pick(values).cloned();
            let theirs = catalog.event(name, schema, &pick);
            compare(
                &theirs,
                &ours.event(name, schema, &pick),
                name,
                &mut missing,
            );
        }
    }
    assert!(
        missing.is_empty(),
        "not in event_contract.txt:\n{}",
        missing.join("\n")
    );
}

impl Catalog {
    fn assert_kept(&self) {
        let missing = self.unknown_events();
        assert!(missing.is_empty(), "not in the table: {missing:?}");
        let lost = self.lost_properties();
        assert!(lost.is_empty(), "lost or changed:\n{}", lost.join("\n"));
        let unknown = self.values_without_variant();
        assert!(unknown.is_empty(), "values without a variant: {unknown:?}");
    }

    fn unknown_events(&self) -> Vec<&str> {
        let is_known = |name: &&str| EventType::all().contains(&EventType::from(*name));
        let names = self.events().map(|(name, _)| name);
        names.filter(|name| !is_known(name)).collect()
    }

    fn lost_properties(&self) -> Vec<String> {
        let mut lost = Vec::new();
        for (name, schema) in self.events() {
            let event = self.event(name, schema, &|values| values.first().cloned());
            compare(&canonical(&event), &round_trip(&event), name, &mut lost);
        }
        lost
    }

    fn values_without_variant(&self) -> BTreeSet<String> {
        let longest = self.enums().map(Vec::len).max().unwrap();
        let mut unknown = BTreeSet::new();
        for (name, schema) in self.events() {
            for position in 0..longest {
                let pick = |values: &[Value]| values.iter().cycle().nth(position).cloned();
                let debug = format!("{:?}", decode(&self.event(name, schema, &pick)));
                let variants = self
                    .enums()
                    .flatten()
                    .map(|value| format!("Unknown({value})"));
                let found = variants.filter(|variant| debug.contains(variant));
                unknown.extend(found.map(|value| format!("{name}: {value}")));
            }
        }
        unknown
    }
}

#[test]
fn an_unknown_enum_value_survives() {
    let catalog = Catalog::ours();
    let mut lost = Vec::new();
    for (name, schema) in catalog.events() {
        let event = catalog.event(name, schema, &|_| {
            Some(json!("a value of \"2031\" \u{1f600}"))
        });
        compare(&canonical(&event), &round_trip(&event), name, &mut lost);
    }
    assert!(lost.is_empty(), "lost or changed:\n{}", lost.join("\n"));
}

fn decode(event: &Value) -> ClerkEvent {
    by_serde::decode(event.to_string().as_bytes())
        .unwrap_or_else(|error| panic!("{}: {error}", event["type"]))
}

fn round_trip(event: &Value) -> Value {
    serde_json::to_value(decode(event)).unwrap()
}

/// Moves fields that invitations have one level deeper to their documented place.
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

/// Lists the parts of `sent` that `kept` does not have at the same path with the same value.
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
        (Value::String(sent), Value::String(kept))
            if path.ends_with(".object") && same_object(sent, kept) => {}
        (sent, kept) if sent == kept => {}
        (sent, kept) => lost.push(format!("{path}: {sent} became {kept}")),
    }
}

/// Some objects have two names.
fn same_object(sent: &str, kept: &str) -> bool {
    let [sent, kept] = [sent, kept].map(ObjectType::from);
    sent == kept
}

struct Catalog(Value);

impl Catalog {
    fn ours() -> Self {
        let (mut events, mut schemas) = (Map::new(), Map::new());
        let mut schema = "";
        for line in include_str!("event_contract.txt").lines() {
            let is_property = line.starts_with(' ');
            match line.split_whitespace().collect::<Vec<_>>()[..] {
                [] | ["#", ..] => {}
                [name, ref kind @ ..] if is_property => {
                    let object = schemas.entry(schema).or_insert(json!({"properties": {}}));
                    object["properties"][name] = property(&kind.join(" "));
                }
                ["event", name, object] => {
                    events.insert(name.to_owned(), json!({"data": object}));
                }
                ["object", name] => schema = name,
                _ => panic!("event_contract.txt: {line}"),
            }
        }
        Self(json!({"envelope": "WebhookEventPayload", "events": events, "schemas": schemas}))
    }

    fn clerks() -> Option<Self> {
        let file = common::shared_folder()?.join("clerk/catalog.json");
        let text =
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Some(Self(serde_json::from_str(&text).unwrap()))
    }

    /// Event types with the names of their schemas.
    fn events(&self) -> impl Iterator<Item = (&str, &str)> {
        let events = self.0["events"].as_object().unwrap();
        events
            .iter()
            .map(|(name, event)| (name.as_str(), event["data"].as_str().unwrap()))
    }

    /// The values of every enum in the schema.
    fn enums(&self) -> impl Iterator<Item = &Vec<Value>> {
        let schemas = self.0["schemas"].as_object().unwrap().values();
        let properties =
            schemas.flat_map(|schema| schema["properties"].as_object().unwrap().values());
        properties.filter_map(values)
    }

    /// An event with every property of its schema; `pick` chooses from the values of each enum.
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
        if let Some(values) = values(property) {
            return pick(values).unwrap();
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

/// A property of `event_contract.txt`, in the format of the catalogue.
fn property(kind: &str) -> Value {
    if let Some(items) = kind
        .strip_prefix('[')
        .and_then(|kind| kind.strip_suffix(']'))
    {
        return json!({"type": "array", "items": property(items)});
    }
    match kind.split_once(' ') {
        Some(("->", object)) => json!({"type": "object", "ref": object}),
        Some(("enum", values)) => json!({"enum": values.split('|').collect::<Vec<_>>()}),
        _ => json!({"type": match kind {
            "text" => "string",
            "number" => "integer",
            "fraction" => "number",
            "flag" => "boolean",
            "json" => "object",
            other => panic!("event_contract.txt: {other}"),
        }}),
    }
}

/// Chooses one of an enum's values.
type Pick<'a> = dyn Fn(&[Value]) -> Option<Value> + 'a;

fn values(property: &Value) -> Option<&Vec<Value>> {
    property["enum"]
        .as_array()
        .or_else(|| property["known"].as_array())
}
