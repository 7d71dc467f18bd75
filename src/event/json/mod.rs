//! From JSON text to this crate's types.
//!
//! [`reader`] implements JSON's grammar. [`Read`](read::Read) is what a type does to be read with it. An
//! [`object`] gets `Read` from the same declaration as its struct.

pub(super) mod fault;
pub(super) mod number;
pub(super) mod object;
pub(super) mod read;
pub(super) mod reader;
mod string;
