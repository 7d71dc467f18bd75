//! What holds on every engine.

pub(crate) mod completing;
pub(crate) mod crashing;
pub(crate) mod operating;
pub(crate) mod recording;
pub(crate) mod retrying;
pub(crate) mod storing;
