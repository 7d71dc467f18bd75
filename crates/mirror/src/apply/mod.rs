//! Applies objects and deletions to the tables.

pub(crate) mod change;
pub(crate) mod delete;
pub(crate) mod event;
pub(crate) mod lock;
pub(crate) mod run;
pub(crate) mod state;
pub(crate) mod tombstone;
pub(crate) mod write;
