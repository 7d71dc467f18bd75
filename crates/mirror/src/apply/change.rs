//! What an event changed.

use clerk_webhooks::event::RawJson;

use super::{event::Operation, run::Outcome};

/// What an event changed in the tables.
///
/// Let your own effects depend on it: they then happen once for each real change, however often and in whatever order
/// the deliveries arrive.
///
/// ```
/// use clerk_webhooks::event::{DecodeError, User};
/// use clerk_webhooks_mirror::Change;
///
/// fn has_new_email(change: &Change) -> Result<bool, DecodeError> {
///     let Change::Updated { before, after } = change else {
///         return Ok(matches!(change, Change::Inserted));
///     };
///     let (before, after): (User, User) = (before.parse()?, after.parse()?);
///     Ok(before.primary_email_address_id != after.primary_email_address_id)
/// }
/// # assert!(has_new_email(&Change::Inserted)?);
/// # Ok::<(), DecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The object has a row now, and had none.
    Inserted,
    /// The object's row is newer now.
    Updated {
        /// The object as it was stored, without its `private_metadata`.
        before: RawJson,
        /// The object as it is stored now.
        after: RawJson,
    },
    /// The object had a row, and has none now: it was deleted, or moved to an organization that is deleted.
    Deleted,
    /// The tables are as new as the event, or newer. Also: an object that nobody has seen was deleted, or one that
    /// belongs to a deleted user or organization was updated.
    Stale,
    /// No table that is kept is about this event, or the event's object has no usable id.
    Ignored,
}

impl Change {
    /// What became of the first operation's object.
    pub(crate) fn of(outcome: Outcome, operations: &[Operation]) -> Self {
        match outcome {
            Outcome::Inserted => Self::Inserted,
            Outcome::Updated(before) => Self::Updated {
                before: raw(&before.unwrap_or_default()),
                after: raw(&operations.first().map_or_else(String::new, json_of)),
            },
            Outcome::Deleted => Self::Deleted,
            Outcome::Stale => Self::Stale,
        }
    }
}

fn json_of(operation: &Operation) -> String {
    match operation {
        Operation::Write { objects, .. } => objects.first().map(|object| object.json().to_string()),
        Operation::Delete { .. } => None,
    }
    .unwrap_or_default()
}

fn raw(json: &str) -> RawJson {
    serde_json::from_str(json).unwrap_or_default()
}
