//! The commands, one file each.

pub(crate) mod completions;
pub(crate) mod dead;
pub(crate) mod doctor;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod listen;
pub(crate) mod mirror;
pub(crate) mod queue;
pub(crate) mod replay;
pub(crate) mod sign;
pub(crate) mod trigger;
pub(crate) mod verify;
