//! From a delivery to what it did.

use std::fmt;

use clerk_webhooks::VerifiedClerkEvent;

use crate::{Database, row::Row};

/// Brings the tables up to date with one delivery.
///
/// # Errors
///
/// If the database fails; then nothing has changed.
pub async fn sync(database: &Database, event: &VerifiedClerkEvent) -> sqlx::Result<Outcome> {
    match Row::from_event(event) {
        Some(row) => database.apply(event.message_id(), &row).await,
        None => Ok(Outcome::Ignored),
    }
}

/// What a delivery did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A row for an object that was unknown.
    Created,
    /// A newer state, or another one of the same time.
    Updated,
    /// A tombstone.
    Deleted,
    /// Nothing: the row is newer, or a tombstone.
    Stale,
    /// Nothing: this message has been here before.
    Duplicate,
    /// Nothing: no table is about this type of event.
    Ignored,
}

impl Outcome {
    /// In a word.
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
