//! [`WaitlistEntry`]: `waitlistEntry.created`, `.updated`.

use serde::{Deserialize, Serialize};

use crate::event::{
    json::object::object,
    object::{event_object::EventObject, invitation::Invitation, object_type::ObjectType},
    value::{open_enum::open_enum, timestamp::Timestamp},
};

object! {
    /// A person on the waitlist of an application.
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
        /// When it was created.
        pub created_at: Option<Timestamp>,
        /// The e-mail address of the person.
        pub email_address: Option<String>,
        /// Clerk's id.
        pub id: String,
        /// The invitation, if Clerk has sent one.
        pub invitation: Option<Invitation>,
        /// Whether the entry is locked against changes.
        pub is_locked: Option<bool>,
        /// The object type, `waitlist_entry`.
        pub object: Option<ObjectType>,
        /// Current status.
        pub status: Option<WaitlistEntryStatus>,
        /// When it last changed. Use it to order events.
        pub updated_at: Option<Timestamp>,
    }
}

open_enum! {
    /// The status of a waitlist entry.
    pub enum WaitlistEntryStatus {
        /// The invited user has signed up.
        Completed = "completed",
        /// An invitation was sent.
        Invited = "invited",
        /// It waits for a decision.
        Pending = "pending",
        /// It was rejected.
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
