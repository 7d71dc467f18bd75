//! From a webhook's body to an event.
//!
//! [`event`] has the ways in. An event is its [`envelope`] and its [`data`], whose type the envelope
//! names: both are read in one pass. `serde_json` decodes types that are not from this crate
//! ([`own_type`]).

mod data;
pub(crate) mod envelope;
pub(crate) mod error;
mod event;
pub(crate) mod own_type;
mod path;
mod raw_json;
mod utf8;
