//! The values in the fields of Clerk's objects: timestamps, numbers, open enums and raw JSON.

pub(crate) mod integer;
pub(crate) mod json_number;
pub(crate) mod lenient;
pub(crate) mod open_enum;
pub(crate) mod raw_json;
pub(crate) mod redacted;
pub(crate) mod timestamp;
pub(crate) mod tree;
