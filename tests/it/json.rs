//! Looking into and changing JSON, for the tests of the event model.

use std::fmt;

use clerk_webhooks::event::ObjectType;
use serde_json::Value;

/// One step into JSON.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Field(String),
    Index(usize),
}

impl Step {
    pub(crate) fn field(&self) -> Option<&str> {
        match self {
            Self::Field(name) => Some(name),
            Self::Index(_) => None,
        }
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => f.write_str(name),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// Every path into `event`, except into what has no fixed shape.
pub(crate) fn paths(event: &Value) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    collect_paths(event, &mut Vec::new(), &mut found);
    found
}

fn collect_paths(value: &Value, path: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    for (step, child) in children(value) {
        path.push(step);
        found.push(path.clone());
        if !is_free_form(path, child) {
            collect_paths(child, path, found);
        }
        path.pop();
    }
}

fn children(value: &Value) -> Vec<(Step, &Value)> {
    match value {
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
    }
}

pub(crate) fn ends_in_field(path: &[Step]) -> bool {
    path.last().and_then(Step::field).is_some()
}

/// Metadata and the like: kept as it is, whatever it is.
pub(crate) fn is_free_form(path: &[Step], value: &Value) -> bool {
    match path.last().and_then(Step::field) {
        Some("public_metadata" | "private_metadata" | "unsafe_metadata") => true,
        Some("actor" | "meta" | "tasks") => true,
        // An event's data is typed, and so is that of an invitation; an e-mail's fills a template.
        Some("data") => path.len() > 1 && value.get("public_organization_data").is_none(),
        _ => false,
    }
}

pub(crate) fn at<'a>(value: &'a Value, path: &[Step]) -> &'a Value {
    path.iter().fold(value, |value, step| match step {
        Step::Field(name) => &value[name],
        Step::Index(index) => &value[*index],
    })
}

pub(crate) fn at_mut<'a>(value: &'a mut Value, path: &[Step]) -> &'a mut Value {
    path.iter().fold(value, |value, step| match step {
        Step::Field(name) => &mut value[name],
        Step::Index(index) => &mut value[*index],
    })
}

/// What of `sent` is not in `kept` by the same path and with the same value.
///
/// A `null` is kept as what stands for absence: `null`, an empty list, and where there is more to
/// it `""` or `true`.
pub(crate) fn lost(sent: &Value, kept: &Value) -> Vec<String> {
    let mut lost = Vec::new();
    compare(sent, kept, &mut Vec::new(), &mut lost);
    lost
}

fn compare(sent: &Value, kept: &Value, path: &mut Vec<Step>, lost: &mut Vec<String>) {
    match (sent, kept) {
        (Value::Null, Value::Null | Value::Bool(true)) => {}
        (Value::Null, Value::Array(items)) if items.is_empty() => {}
        (Value::Null, Value::String(text)) if text.is_empty() => {}
        (Value::Object(_), Value::Object(_)) if !is_free_form(path, sent) => {
            for (step, value) in children(sent) {
                let Step::Field(name) = &step else { continue };
                let found = kept.get(name).unwrap_or(&Value::Null);
                path.push(step.clone());
                compare(value, found, path, lost);
                path.pop();
            }
        }
        (Value::Array(items), Value::Array(found)) if items.len() == found.len() => {
            for (index, (item, found)) in items.iter().zip(found).enumerate() {
                path.push(Step::Index(index));
                compare(item, found, path, lost);
                path.pop();
            }
        }
        (Value::String(sent), Value::String(kept))
            if path.last().and_then(Step::field) == Some("object") && same_object(sent, kept) => {}
        (sent, kept) if sent == kept => {}
        (sent, kept) => lost.push(format!("{path:?}: {sent} became {kept}")),
    }
}

/// Some objects have two names.
fn same_object(sent: &str, kept: &str) -> bool {
    let [sent, kept] = [sent, kept].map(ObjectType::from);
    sent == kept
}
