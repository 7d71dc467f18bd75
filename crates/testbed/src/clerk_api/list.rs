//! [`List`]: the objects of one list, in the order of their creation.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

/// When an object was created, and its id.
type Place = (i64, String);

#[derive(Debug, Default)]
pub(super) struct List {
    objects: BTreeMap<Place, Value>,
    places: HashMap<String, Place>,
}

impl List {
    pub(super) fn put(&mut self, object: Value) {
        let id = object["id"].as_str().unwrap_or_default().to_owned();
        let place = (
            object["created_at"].as_i64().unwrap_or_default(),
            id.clone(),
        );
        if let Some(before) = self.places.insert(id, place.clone()) {
            self.objects.remove(&before);
        }
        self.objects.insert(place, object);
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Value> {
        let place = self.places.remove(id)?;
        self.objects.remove(&place)
    }

    pub(super) fn get(&self, id: &str) -> Option<&Value> {
        self.objects.get(self.places.get(id)?)
    }

    pub(super) fn len(&self) -> usize {
        self.objects.len()
    }

    /// The objects from the oldest to the newest.
    pub(super) fn oldest_first(&self) -> impl DoubleEndedIterator<Item = &Value> {
        self.objects.values()
    }

    /// Those behind an object, in either direction; `None` if there is no such object.
    pub(super) fn behind(
        &self,
        id: &str,
        newest_first: bool,
    ) -> Option<Box<dyn Iterator<Item = &Value> + '_>> {
        let place = self.places.get(id)?;
        Some(match newest_first {
            true => Box::new(self.objects.range(..place).rev().map(|(_, object)| object)),
            false => {
                let behind = self.objects.range(place..).skip(1);
                Box::new(behind.map(|(_, object)| object))
            }
        })
    }
}
