//! [`State`]: the objects that the API serves.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

use super::list::List;

/// Makes the JSON of the user of this number.
type MakeUser = Box<dyn Fn(u64) -> String + Send>;

/// What the API serves. A test changes it as its users would.
#[derive(Default)]
pub struct State {
    lists: BTreeMap<String, List>,
    pub(super) generated: Option<Generated>,
}

/// Users that are made when they are asked for: a million of them need no memory.
pub(super) struct Generated {
    pub(super) count: u64,
    pub(super) make: MakeUser,
}

impl State {
    /// Adds an object to a list, or replaces the one with its id. The list is named by its path, such as `users` or
    /// `billing/subscription_items`. A subscription is in `subscriptions`, with the `user_id` or `organization_id` of
    /// its `payer`.
    pub fn put(&mut self, list: &str, object: Value) {
        self.lists.entry(list.to_owned()).or_default().put(object);
    }

    /// Removes an object.
    pub fn remove(&mut self, list: &str, id: &str) -> Option<Value> {
        self.lists.get_mut(list)?.remove(id)
    }

    /// The objects of a list, the oldest first.
    pub fn objects(&self, list: &str) -> impl Iterator<Item = &Value> {
        let list = self.lists.get(list).into_iter();
        list.flat_map(|list| list.oldest_first())
    }

    /// Serves so many users instead of the list. The id of the user of number 7 must be `user_00000007`.
    pub fn generate_users(&mut self, count: u64, make: impl Fn(u64) -> String + Send + 'static) {
        let make = Box::new(make);
        self.generated = Some(Generated { count, make });
    }

    pub(super) fn list(&self, list: &str) -> Option<&List> {
        self.lists.get(list)
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.lists.iter().map(|(name, list)| (name, list.len()));
        f.debug_map().entries(counts).finish()
    }
}
