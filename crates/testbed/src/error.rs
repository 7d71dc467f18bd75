//! The testbed's error. It fails the test, and its text is the reason.

/// Any error: says what happened and what to do.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
