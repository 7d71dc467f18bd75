//! The waitlist: `waitlistEntry.created`, `.updated`.

use serde::{Deserialize, Serialize};

use crate::event::{
    object::{event_object::EventObject, invitation::Invitation, object_type::ObjectType},
    value::{open_enum::open_enum, timestamp::Timestamp},
};

/// Someone who waits to be let into an application.
///
/// ```
/// use clerk_webhooks::event::{WaitlistEntry, WaitlistEntryStatus};
///
/// let entry: WaitlistEntry = serde_json::from_str(
///     r#"{"id": "waitlist_1", "email_address": "jane@example.org", "status": "pending"}"#,
/// )?;
/// assert_eq!(entry.status, Some(WaitlistEntryStatus::Pending));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WaitlistEntry {
    /// Clerk's id for the entry.
    pub id: String,
    /// `waitlist_entry`, in some events `waitlistEntry`.
    pub object: Option<ObjectType>,
    /// Who waits.
    pub email_address: Option<String>,
    /// How it stands.
    pub status: Option<WaitlistEntryStatus>,
    /// Whether it can no longer be changed.
    pub is_locked: Option<bool>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed: what to order events by.
    pub updated_at: Option<Timestamp>,
    /// The invitation that answers it, once there is one.
    pub invitation: Option<Invitation>,
}

open_enum! {
    /// How a waitlist entry stands.
    pub enum WaitlistEntryStatus {
        /// The invited user has signed up.
        Completed = "completed",
        /// An invitation was sent.
        Invited = "invited",
        /// Nothing is decided.
        Pending = "pending",
        /// It was turned down.
        Rejected = "rejected",
    }
}

impl EventObject for WaitlistEntry {
    fn id(&self) -> &str {
        &self.id
    }

    fn updated_at(&self) -> Option<Timestamp> {
        self.updated_at
    }
}
