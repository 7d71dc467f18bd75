//! From bytes to an event.
//!
//! [`reader`] knows JSON's grammar and [`deserializer`] is serde's view of it. The usual event is read in
//! [`one_pass`]. Every other one is read in two steps: the [`envelope`] with `data` as a piece of the
//! text, then the [`data`] by the event's type. Only when something fails is the text read again, to
//! [`locate`] the fault.

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
