//! From bytes to an event.
//!
//! [`reader`] implements JSON's grammar, and [`deserializer`] implements serde's `Deserializer` with it.
//! [`one_pass`] decodes the usual event. Any other event takes two steps: first the [`envelope`], which
//! keeps `data` as a slice of the text, then the [`data`], whose type the envelope names. If decoding
//! fails, the text is read again to [`locate`] the fault.

mod data;
mod deserializer;
pub(crate) mod envelope;
pub(crate) mod error;
mod event;
mod fault;
mod locate;
mod one_pass;
pub(crate) mod own_type;
mod path;
mod raw_json;
mod reader;
mod string;
mod utf8;
