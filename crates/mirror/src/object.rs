//! From Clerk's object to the rows of its tables.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    engine::{Record, kind::Kind},
    schema::table::{Column, Contained, OBJECT, Parent, Part, Source, Table},
    version::{Origin, Version, millis},
};

/// An object of Clerk's as the scripts read it.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) id: String,
    pub(crate) version: Version,
    /// The table's columns and their values, and the lists of its parts.
    pub(crate) record: Record,
    /// Tables and ids of the objects without which this one does not exist.
    pub(crate) parents: Vec<(&'static str, String)>,
}

/// Clerk's own are some 32 bytes.
const LONGEST_ID: usize = 255;

impl Object {
    /// `None` if it is not an object, or has no usable id.
    pub(crate) fn new(table: &Table, object: Value, origin: &Origin) -> Option<Self> {
        let id = id_of(&object)?.to_owned();
        let version = origin.version(timestamp(object.get("updated_at")));
        let mut record = columns(table.columns, &object);
        let parent = |parent: &Parent| {
            let id = record.get(parent.column)?.as_str()?;
            Some((parent.table, id.to_owned()))
        };
        let parents = table.parents.iter().filter_map(parent).collect();
        for part in table.parts {
            record.insert(part.list.to_owned(), elements(part, &object));
        }
        record.insert("id".to_owned(), id.clone().into());
        record.insert(OBJECT.to_owned(), object);
        version.write_to(&mut record);
        Some(Self {
            id,
            version,
            record: Record(record),
            parents,
        })
    }

    /// Clerk's JSON.
    pub(crate) fn json(&self) -> &Value {
        self.record.0.get(OBJECT).unwrap_or(&Value::Null)
    }
}

/// The id of an object, if it is one.
pub(crate) fn id_of(object: &Value) -> Option<&str> {
    let id = object.get("id")?.as_str()?;
    (1..=LONGEST_ID).contains(&id.len()).then_some(id)
}

/// The elements of a list, the first with each id. One without an id is left out.
fn elements(part: &Part, object: &Value) -> Value {
    let elements = object.get(part.list).and_then(Value::as_array);
    let mut by_id = BTreeMap::new();
    for element in elements.into_iter().flatten() {
        if let Some(id) = id_of(element) {
            by_id.entry(id).or_insert_with(|| {
                let mut fields = columns(part.columns, element);
                fields.insert("id".to_owned(), id.into());
                Value::Object(fields)
            });
        }
    }
    by_id.into_values().collect()
}

/// The objects inside this one.
pub(crate) fn contained_in(object: &Value, contained: &Contained) -> Vec<Value> {
    let inner = match object.get(contained.field) {
        Some(Value::Array(list)) => list.clone(),
        Some(one @ Value::Object(_)) => vec![one.clone()],
        _ => Vec::new(),
    };
    let complete = |mut inner: Value| {
        let fields = inner.as_object_mut()?;
        for (name, of_outer) in contained.inherited {
            let has_value = fields.get(*name).is_some_and(|value| !value.is_null());
            if let (false, Some(value)) = (has_value, object.get(*of_outer)) {
                fields.insert((*name).to_owned(), value.clone());
            }
        }
        // It is as new as the object around it.
        if fields.get("updated_at").is_none_or(Value::is_null) {
            let updated_at = object.get("updated_at").cloned().unwrap_or_default();
            fields.insert("updated_at".to_owned(), updated_at);
        }
        Some(inner)
    };
    inner.into_iter().filter_map(complete).collect()
}

/// Removes `private_metadata`, also of the objects inside. Users' own metadata stays as it is.
pub(crate) fn remove_private_metadata(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("private_metadata");
            let metadata = ["public_metadata", "unsafe_metadata"];
            fields
                .iter_mut()
                .filter(|(name, _)| !metadata.contains(&name.as_str()))
                .for_each(|(_, value)| remove_private_metadata(value));
        }
        Value::Array(elements) => elements.iter_mut().for_each(remove_private_metadata),
        _ => {}
    }
}

fn columns(columns: &[Column], object: &Value) -> Map<String, Value> {
    let value = |column: &Column| {
        let value = match column.source {
            Source::Path(paths) => paths.split('|').find_map(|path| at_path(object, path)),
            Source::Element { list, id, field } => element(object, list, id)?.get(field),
        };
        storable(column.kind, value?)
    };
    let column = |column: &Column| {
        let value = value(column).unwrap_or_default();
        (column.name.to_owned(), value)
    };
    columns.iter().map(column).collect()
}

fn at_path<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    let found = path
        .split('.')
        .try_fold(object, |object, field| object.get(field));
    found.filter(|value| !value.is_null())
}

fn element<'a>(object: &'a Value, list: &str, id: &str) -> Option<&'a Value> {
    let id = object.get(id)?.as_str()?;
    let elements = object.get(list)?.as_array()?;
    elements
        .iter()
        .find(|element| element.get("id").and_then(Value::as_str) == Some(id))
}

/// The value as its column stores it; `None` for null.
fn storable(kind: Kind, value: &Value) -> Option<Value> {
    match kind {
        // Clerk writes "" for an id that is not there.
        Kind::Key => {
            let key = value.as_str()?;
            (1..=Kind::LONGEST_KEY)
                .contains(&key.len())
                .then(|| key.into())
        }
        Kind::Text => value.as_str().map(Value::from),
        Kind::Integer => integer(value).map(Value::from),
        Kind::Boolean => value.as_bool().map(Value::from),
        Kind::Timestamp => timestamp(Some(value)).map(Value::from),
        Kind::Json => (value.is_object() || value.is_array()).then(|| value.clone()),
    }
}

fn timestamp(value: Option<&Value>) -> Option<i64> {
    millis(integer(value?)?)
}

/// JSON has no integer type: `7.0` is one.
fn integer(value: &Value) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let exact = |number: &f64| number.fract() == 0.0 && number.abs() <= EXACT;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is a whole number below 2^53"
    )]
    let whole = |number: f64| number as i64;
    value
        .as_i64()
        .or_else(|| value.as_f64().filter(exact).map(whole))
}
