//! What a set of events leaves.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    history::Event,
    tables::{TABLES, Table},
};

/// The objects that a set of events leaves, whatever the order in which they were learned.
///
/// A deletion is final for its id. Otherwise the later `updated_at` wins, where an object without one has the event's
/// timestamp; on a tie the later timestamp of the event; on a tie the message id. An object whose parent is deleted is
/// gone.
#[derive(Debug, Default)]
pub struct Model {
    newest: BTreeMap<(&'static str, String), (Rank, Value)>,
    deleted: BTreeSet<(&'static str, String)>,
}

type Rank = (i64, i64, String);

impl Model {
    /// What these events leave.
    #[must_use]
    pub fn of(events: &[Event]) -> Self {
        let mut model = Self::default();
        events.iter().for_each(|event| model.learn(event));
        model
    }

    /// Takes in one event.
    pub fn learn(&mut self, event: &Event) {
        let event_type = event.body["type"].as_str().unwrap_or_default();
        let Some((subject, verb)) = event_type.split_once('.') else {
            return;
        };
        let Some(table) = TABLES.iter().find(|table| table.event == subject) else {
            return;
        };
        let (object, sent_at) = (&event.body["data"], event.body["timestamp"].as_i64());
        let sent_at = sent_at.unwrap_or(0);
        if verb == "deleted" {
            self.deleted.insert((table.name, text(&object["id"])));
            return;
        }
        for item in object["items"].as_array().into_iter().flatten() {
            let mut item = item.clone();
            item["subscription_id"] = object["id"].clone();
            item["payer"] = object["payer"].clone();
            if item["updated_at"].is_null() {
                item["updated_at"] = object["updated_at"].clone();
            }
            self.offer("subscription_items", item, sent_at, &event.message_id);
        }
        self.offer(table.name, object.clone(), sent_at, &event.message_id);
    }

    fn offer(&mut self, table: &'static str, object: Value, sent_at: i64, message_id: &str) {
        let at = object["updated_at"].as_i64().unwrap_or(sent_at);
        let rank = (at, sent_at, message_id.to_owned());
        let key = (table, text(&object["id"]));
        if self.newest.get(&key).is_none_or(|(held, _)| *held < rank) {
            self.newest.insert(key, (rank, object));
        }
    }

    /// The objects of a table by id, as Clerk has them.
    #[must_use]
    pub fn objects(&self, table: &Table) -> BTreeMap<&str, &Value> {
        let is_of_table = |(name, id): &(&str, String)| {
            *name == table.name && !self.deleted.contains(&(table.name, id.clone()))
        };
        let has_parents = |object: &Value| {
            let is_deleted = |(pointer, parent): &(&str, &'static str)| {
                let id = object.pointer(pointer).map(text).unwrap_or_default();
                self.deleted.contains(&(*parent, id))
            };
            !table.parents.iter().any(is_deleted)
        };
        let objects = self.newest.iter().filter(|(key, _)| is_of_table(key));
        let objects = objects.filter(|(_, (_, object))| has_parents(object));
        objects
            .map(|((_, id), (_, object))| (id.as_str(), object))
            .collect()
    }

    /// The rows of a table by id: the values of the columns that the model knows, and the object without what is
    /// private.
    #[must_use]
    pub fn rows(&self, table: &Table) -> BTreeMap<String, (Vec<Option<String>>, Value)> {
        let row = |object: &Value| {
            let fields = table.fields.iter();
            let values = fields
                .map(|field| object.pointer(field.pointer).and_then(scalar))
                .collect();
            (values, without_private(object))
        };
        self.objects(table)
            .into_iter()
            .map(|(id, object)| (id.to_owned(), row(object)))
            .collect()
    }

    /// The rows of a list of users, such as `email_addresses`: the user, the element, and its value in `field`.
    #[must_use]
    pub fn parts(&self, list: &str, field: &str) -> BTreeSet<(String, String, Option<String>)> {
        let users = self.objects(&TABLES[0]).into_values();
        let of_user = |user: &Value| {
            let elements = user[list].as_array().into_iter().flatten();
            let row = |element: &Value| {
                (
                    text(&user["id"]),
                    text(&element["id"]),
                    scalar(&element[field]),
                )
            };
            elements.map(row).collect::<Vec<_>>()
        };
        users.flat_map(of_user).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The history has private metadata in objects and in the organizations of memberships.
fn without_private(object: &Value) -> Value {
    let mut object = object.clone();
    for pointer in ["", "/organization"] {
        if let Some(Value::Object(holder)) = object.pointer_mut(pointer) {
            holder.remove("private_metadata");
        }
    }
    object
}
