//! [`Seen`]: what the API was asked.

use std::time::Instant;

/// A request.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When it came.
    pub at: Instant,
    /// Its path and query, as they were sent.
    pub target: String,
    /// The status of the answer.
    pub status: u16,
    /// Whether it came before an earlier 429 allowed it.
    pub too_early: bool,
}
