//! From an event to what it does to the tables.

use std::collections::BTreeMap;

use clerk_webhooks::{EventType, RawClerkEvent};
use serde_json::Value;

use crate::{
    json,
    object::{Object, contained_in, id_of, remove_private_metadata},
    schema::{table::Table, tables::TABLES},
    settings::Settings,
    version::Origin,
};

/// One step of what an event or a page does.
#[derive(Debug)]
pub(crate) enum Operation {
    /// Each object has another id.
    Write {
        table: &'static Table,
        objects: Vec<Object>,
    },
    Delete {
        table: &'static Table,
        id: String,
    },
}

/// What an event does, its own object first. Nothing, if no table is about it.
///
/// # Errors
///
/// The reason why its object cannot be stored.
pub(crate) fn operations_of(
    event: &RawClerkEvent,
    message_id: &str,
    settings: &Settings,
) -> Result<Vec<Operation>, &'static str> {
    let Some((table, is_deletion)) = table_of(&event.event_type) else {
        return Ok(Vec::new());
    };
    let is_of_use = match is_deletion {
        true => settings.keeps_a_trace_of(table),
        false => settings.keeps(table),
    };
    if !is_of_use {
        return Ok(Vec::new());
    }
    let object = json::parse(event.data.as_str()).ok_or("its data is not JSON")?;
    if is_deletion {
        let id = id_of(&object).ok_or(NO_ID)?.to_owned();
        return Ok(vec![Operation::Delete { table, id }]);
    }
    let timestamp = event.timestamp.map(|timestamp| timestamp.as_millis());
    let origin = Origin::event(timestamp, message_id);
    let operations = writes(table, vec![object], &origin, settings);
    match operations.first() {
        Some(Operation::Write { objects, .. }) if !objects.is_empty() => Ok(operations),
        _ => Err(NO_ID),
    }
}

const NO_ID: &str = "its object has no usable id";

/// What it takes to write objects and the objects inside them. Objects without a usable id are left out.
pub(crate) fn writes(
    table: &'static Table,
    objects: Vec<Value>,
    origin: &Origin,
    settings: &Settings,
) -> Vec<Operation> {
    let mut operations = Vec::new();
    let mut inner: BTreeMap<&str, (&'static Table, Vec<Value>)> = BTreeMap::new();
    let mut newest: BTreeMap<String, Object> = BTreeMap::new();
    for mut object in objects {
        if !settings.keeps_private_metadata() {
            remove_private_metadata(&mut object);
        }
        for contained in table.contained {
            if settings.keeps(contained.table) {
                let found = inner.entry(contained.table.name);
                let (_, found) = found.or_insert((contained.table, Vec::new()));
                found.extend(contained_in(&object, contained));
            }
        }
        if let Some(object) = Object::new(table, object, origin) {
            let held = newest.get(&object.id).map(|held| &held.version);
            if held < Some(&object.version) {
                newest.insert(object.id.clone(), object);
            }
        }
    }
    let objects = newest.into_values().collect();
    operations.push(Operation::Write { table, objects });
    for (table, objects) in inner
        .into_values()
        .filter(|(_, objects)| !objects.is_empty())
    {
        operations.extend(writes(table, objects, origin, settings));
    }
    operations
}

/// The table of an event's object, and whether the event deletes it.
fn table_of(event_type: &EventType) -> Option<(&'static Table, bool)> {
    if matches!(event_type, EventType::Unknown(_)) {
        return None;
    }
    let (subject, verb) = event_type.as_str().split_once('.')?;
    let table = TABLES
        .into_iter()
        .find(|table| table.event == Some(subject))?;
    Some((table, verb == "deleted"))
}
