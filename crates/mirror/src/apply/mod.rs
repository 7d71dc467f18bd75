//! Applies objects and deletions to the tables.

pub(crate) mod change;
pub(crate) mod event;
pub(crate) mod lock;
pub(crate) mod run;
