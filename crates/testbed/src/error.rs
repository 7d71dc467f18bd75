//! What goes wrong in a testbed fails the test, with its text.

/// Any error: says what happened and what to do.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
