//! What holds on every database.

pub(crate) mod inbox;
pub(crate) mod store;
