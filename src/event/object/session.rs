//! Sessions: `session.created`, `.pending`, `.ended`, `.removed`, `.revoked`.

use serde::{Deserialize, Serialize};

use crate::event::{
    object::{event_object::EventObject, object_type::ObjectType, user::User},
    value::{
        lenient::null_as_default, open_enum::open_enum, raw_json::RawJson, timestamp::Timestamp,
    },
};

/// A user's session on one device.
///
/// ```
/// use clerk_webhooks::event::{Session, SessionStatus};
///
/// let session: Session =
///     serde_json::from_str(r#"{"id": "sess_1", "user_id": "user_1", "status": "ended"}"#)?;
/// assert_eq!(session.status, Some(SessionStatus::Ended));
/// assert!(session.user.is_none() && session.actor.is_null());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Session {
    /// Clerk's id for the session, `sess_...`.
    pub id: String,
    /// `session`.
    pub object: Option<ObjectType>,
    /// Whose session it is, `user_...`.
    pub user_id: String,
    /// The user, whole. In Clerk's schema and examples; absent from every real event seen.
    pub user: Option<Box<User>>,
    /// The browser or app, `client_...`.
    pub client_id: Option<String>,
    /// Who acts as the user, if this is an impersonation; of no fixed shape.
    #[serde(default)]
    pub actor: RawJson,
    /// How it stands.
    pub status: Option<SessionStatus>,
    /// The organization that is active in it, `org_...`.
    pub last_active_organization_id: Option<String>,
    /// When the user was last active in it.
    pub last_active_at: Option<Timestamp>,
    /// The device and place of the last activity.
    pub latest_activity: Option<SessionActivity>,
    /// What the user has yet to do while it is `pending`, each of no fixed shape. Not in Clerk's
    /// schema; sent.
    #[serde(default, deserialize_with = "null_as_default")]
    pub tasks: Vec<RawJson>,
    /// When it expires.
    pub expire_at: Option<Timestamp>,
    /// When it counts as abandoned.
    pub abandon_at: Option<Timestamp>,
    /// When it last changed: what to order events by.
    pub updated_at: Option<Timestamp>,
    /// When the user signed in.
    pub created_at: Option<Timestamp>,
}

/// The device and place of a session's last activity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionActivity {
    /// `session_activity`.
    pub object: Option<ObjectType>,
    /// Clerk's id for it.
    pub id: Option<String>,
    /// Such as `desktop`.
    pub device_type: Option<String>,
    /// Whether the device is a mobile one.
    pub is_mobile: Option<bool>,
    /// Such as `Chrome`.
    pub browser_name: Option<String>,
    /// Such as `128.0.0.0`.
    pub browser_version: Option<String>,
    /// The client's address.
    pub ip_address: Option<String>,
    /// The city to which the address belongs.
    pub city: Option<String>,
    /// The country to which the address belongs, such as `US`.
    pub country: Option<String>,
}

open_enum! {
    /// How a session stands.
    pub enum SessionStatus {
        /// The user left it behind until its time was up.
        Abandoned = "abandoned",
        /// The user is signed in.
        Active = "active",
        /// The user signed out.
        Ended = "ended",
        /// The time allowed for it has passed.
        Expired = "expired",
        /// The user is signed in but has tasks to do first. Not in Clerk's schema; sent.
        Pending = "pending",
        /// The user signed out and the device forgot it.
        Removed = "removed",
        /// Another session took its place.
        Replaced = "replaced",
        /// Your application, or the user from elsewhere, ended it.
        Revoked = "revoked",
    }
}

impl EventObject for Session {
    fn id(&self) -> &str {
        &self.id
    }

    fn user_id(&self) -> Option<&str> {
        Some(&self.user_id)
    }

    fn organization_id(&self) -> Option<&str> {
        self.last_active_organization_id.as_deref()
    }

    fn updated_at(&self) -> Option<Timestamp> {
        self.updated_at
    }
}
