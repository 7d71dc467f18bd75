//! What holds on both engines.

pub(crate) mod changes;
pub(crate) mod inputs;
pub(crate) mod maintenance;
pub(crate) mod parents;
pub(crate) mod settings;
