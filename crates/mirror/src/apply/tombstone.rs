//! What is kept of an object that has no row.

use serde_json::{Map, Value};

use crate::{schema::table::Table, version::Version};

/// The record of a tombstone.
///
/// With [`Version::FINAL`], the object is deleted. With another version, it belongs to an object that is deleted: a
/// newer version may belong to one that is not.
pub(crate) fn tombstone(table: &Table, id: &str, version: &Version) -> Value {
    let mut record = Map::new();
    record.insert("table_name".to_owned(), table.name.into());
    record.insert("id".to_owned(), id.into());
    version.write_to(&mut record);
    Value::Object(record)
}

/// JSON text, as a statement's parameter.
pub(crate) fn list<T: Into<Value>>(elements: impl IntoIterator<Item = T>) -> String {
    Value::Array(elements.into_iter().map(Into::into).collect()).to_string()
}
