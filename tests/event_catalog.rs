//! Clerk's schema, distilled, against the types: every type of event, every property, every closed list.
//!
//! It is not part of this repository: `CLERK_WEBHOOKS_SHARED` names the folder that holds it.

use std::{fs, io::Write as _, path::PathBuf};

use clerk_webhooks::event::{ClerkEvent, EventType};
use serde_json::{Map, Value, json};

#[test]
fn every_event_of_the_catalogue_is_in_the_table() {
    let Some(catalog) = Catalog::load() else { return };
    let missing: Vec<_> =
        catalog.events().filter(|(name, _)| !EventType::all().contains(&EventType::from(*name))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    // `subscriptionItem.created` is in Clerk's TypeScript types alone.
    assert_eq!(EventType::all().len(), catalog.events().count() + 1);
}

#[test]
fn every_property_survives_the_round_trip() {
    let Some(catalog) = Catalog::load() else { return };
    let mut lost = Vec::new();
    for (name, schema) in catalog.events() {
        let event = catalog.event(name, schema, &mut |_, _| None);
        let decoded = ClerkEvent::from_slice(&serde_json::to_vec(&event).unwrap())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        compare(&event, &serde_json::to_value(&decoded).unwrap(), name, &mut lost);
    }
    assert!(lost.is_empty(), "lost or changed:\n{}", lost.join("\n"));
}

/// `Unknown(` in the debug text means that a word of the schema's has no variant.
#[test]
fn every_word_of_a_list_has_its_variant() {
    let Some(catalog) = Catalog::load() else { return };
    let mut unknown = Vec::new();
    for (name, schema) in catalog.events() {
        for (position, longest) in (0..catalog.longest_list()).enumerate().map(|(at, _)| (at, at)) {
            let mut pick = |property: &Value, list: &'static str| {
                let words = property[list].as_array()?;
                words.get(longest.min(words.len() - 1)).cloned()
            };
            let event = catalog.event(name, schema, &mut pick);
            let decoded = ClerkEvent::from_slice(&serde_json::to_vec(&event).unwrap()).unwrap();
            let text = format!("{decoded:?}");
            for (at, _) in text.match_indices("Unknown(\"") {
                let word: String = text[at..].chars().take(60).collect();
                unknown.push(format!("{name} ({position}): {word}"));
            }
        }
    }
    unknown.dedup();
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
}

#[test]
fn any_other_word_in_a_list_survives() {
    let Some(catalog) = Catalog::load() else { return };
    let mut lost = Vec::new();
    for (name, schema) in catalog.events() {
        let event = catalog.event(name, schema, &mut |property, list| {
            property.get(list).map(|_| json!("a word of \"2031\" \u{1f600}"))
        });
        let decoded = ClerkEvent::from_slice(&serde_json::to_vec(&event).unwrap()).unwrap();
        compare(&event, &serde_json::to_value(&decoded).unwrap(), name, &mut lost);
    }
    assert!(lost.is_empty(), "lost or changed:\n{}", lost.join("\n"));
}

struct Catalog(Value);

impl Catalog {
    fn load() -> Option<Self> {
        let Some(folder) = std::env::var_os("CLERK_WEBHOOKS_SHARED").map(PathBuf::from) else {
            let _ = writeln!(std::io::stderr(), "skipped: CLERK_WEBHOOKS_SHARED is not set");
            return None;
        };
        let file = folder.join("clerk/catalog.json");
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Some(Self(serde_json::from_str(&text).unwrap()))
    }

    /// Types of event with the names of their schemas.
    fn events(&self) -> impl Iterator<Item = (&str, &str)> {
        let events = self.0["events"].as_object().unwrap();
        events.iter().map(|(name, event)| (name.as_str(), event["data"].as_str().unwrap()))
    }

    /// The longest list of words in any schema.
    fn longest_list(&self) -> usize {
        let schemas = self.0["schemas"].as_object().unwrap().values();
        let properties = schemas.flat_map(|schema| schema["properties"].as_object().unwrap().values());
        let lists = properties.flat_map(|property| [&property["enum"], &property["known"]]);
        lists.filter_map(Value::as_array).map(Vec::len).max().unwrap()
    }

    /// An event with every property of its schema.
    fn event(&self, name: &str, schema: &str, pick: &mut Pick<'_>) -> Value {
        let mut event = self.object(self.0["envelope"].as_str().unwrap(), "", pick);
        event["object"] = json!("event");
        event["type"] = json!(name);
        event["data"] = self.object(schema, "data", pick);
        event
    }

    fn object(&self, schema: &str, path: &str, pick: &mut Pick<'_>) -> Value {
        let properties = self.0["schemas"][schema]["properties"].as_object().unwrap();
        let fields: Map<_, _> = properties
            .iter()
            .map(|(name, property)| (name.clone(), self.value(name, property, path, pick)))
            .collect();
        Value::Object(fields)
    }

    fn value(&self, name: &str, property: &Value, path: &str, pick: &mut Pick<'_>) -> Value {
        let path = format!("{path}.{name}");
        if let Some(reference) = property["ref"].as_str() {
            return self.object(reference, &path, pick);
        }
        let chosen = ["enum", "known"].into_iter().find_map(|list| pick(property, list));
        if let Some(word) = chosen.or_else(|| property["enum"].get(0).cloned()) {
            return word;
        }
        match property["type"].as_str().unwrap() {
            "array" => json!([self.value(name, &property["items"], &path, pick), self.value(name, &property["items"], &path, pick)]),
            "boolean" => json!(true),
            "integer" => json!(1_700_000_000_000_i64 + i64::try_from(path.len()).unwrap()),
            "number" => json!(0.25),
            "object" => json!({"from": path, "n": [1, null, {"x": 1.5}]}),
            // Words whose list the schema only describes by a pattern stay out of the variants' test.
            "string" if property.get("pattern").is_some() || property.get("known").is_some() => json!("admin"),
            "string" if matches!(name, "strategy" | "status" | "object") => self.word(name),
            "string" => json!(path),
            other => panic!("{path}: {other}"),
        }
    }
}

/// Chooses a word from one of a property's lists.
type Pick<'a> = dyn FnMut(&Value, &'static str) -> Option<Value> + 'a;
