//! Applies a delivery to the tables.

use std::fmt;

use clerk_webhooks::VerifiedClerkEvent;

use crate::{Database, row::Row};

/// Updates the tables with one delivery.
///
/// # Errors
///
/// If the database fails. Then nothing has changed.
pub async fn sync(database: &Database, event: &VerifiedClerkEvent) -> sqlx::Result<Outcome> {
    match Row::from_event(event) {
        Some(row) => database.apply(event.message_id(), &row).await,
        None => Ok(Outcome::Ignored),
    }
}

/// The outcome of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A new row, for an unknown object.
    Created,
    /// An updated row: the state is newer, or has the same time.
    Updated,
    /// A tombstone.
    Deleted,
    /// Nothing: the row is newer, or a tombstone.
    Stale,
    /// Nothing: the message is a duplicate.
    Duplicate,
    /// Nothing: this type of event has no table.
    Ignored,
}

impl Outcome {
    /// The outcome in one word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Stale => "stale",
            Self::Duplicate => "duplicate",
            Self::Ignored => "ignored",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
