//! [`Session`]: `session.created`, `.pending`, `.ended`, `.removed`, `.revoked`.

use serde::{Deserialize, Serialize};

use crate::event::{
    json::object::object,
    object::{event_object::EventObject, object_type::ObjectType, user::User},
    value::{
        lenient::null_as_default, open_enum::open_enum, raw_json::RawJson, timestamp::Timestamp,
    },
};

object! {
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
        /// When the session is considered abandoned.
        pub abandon_at: Option<Timestamp>,
        /// The person who impersonates the user, if there is one. It has no fixed structure.
        #[serde(default)]
        pub actor: RawJson,
        /// The id of the browser or app, `client_...`.
        pub client_id: Option<String>,
        /// When the user signed in.
        pub created_at: Option<Timestamp>,
        /// When the session expires.
        pub expire_at: Option<Timestamp>,
        /// Clerk's id, `sess_...`.
        pub id: String,
        /// When the user was last active in the session.
        pub last_active_at: Option<Timestamp>,
        /// The id of the active organization, `org_...`.
        pub last_active_organization_id: Option<String>,
        /// The device and location of the last activity.
        pub latest_activity: Option<SessionActivity>,
        /// The object type, `session`.
        pub object: Option<ObjectType>,
        /// Current status.
        pub status: Option<SessionStatus>,
        /// What the user must still do while the session is `pending`. The tasks have no fixed structure.
        /// Clerk sends them, but its schema does not have them.
        #[serde(default, deserialize_with = "null_as_default")]
        pub tasks: Vec<RawJson>,
        /// When the session last changed. Use it to order events.
        pub updated_at: Option<Timestamp>,
        /// The complete user. Clerk's schema and examples have it, but no recorded event does.
        pub user: Option<Box<User>>,
        /// The user's id, `user_...`.
        pub user_id: String,
    }
}

object! {
    /// The device and location of a session's last activity.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct SessionActivity {
        /// Name of the browser, such as `Chrome`.
        pub browser_name: Option<String>,
        /// Version of the browser, such as `128.0.0.0`.
        pub browser_version: Option<String>,
        /// The city of the IP address.
        pub city: Option<String>,
        /// The country of the IP address, such as `US`.
        pub country: Option<String>,
        /// Kind of device, such as `desktop`.
        pub device_type: Option<String>,
        /// Clerk's id.
        pub id: Option<String>,
        /// The client's IP address.
        pub ip_address: Option<String>,
        /// Whether the device is mobile.
        pub is_mobile: Option<bool>,
        /// The object type, `session_activity`.
        pub object: Option<ObjectType>,
    }
}

open_enum! {
    /// The status of a session.
    pub enum SessionStatus {
        /// It was not used until it expired.
        Abandoned = "abandoned",
        /// The user is signed in.
        Active = "active",
        /// The user signed out.
        Ended = "ended",
        /// Its lifetime is over.
        Expired = "expired",
        /// The user is signed in but must complete tasks first. Clerk sends it, but its schema does not
        /// have it.
        Pending = "pending",
        /// It was removed from the device after the user signed out.
        Removed = "removed",
        /// Another session replaced it.
        Replaced = "replaced",
        /// Your application, or the user from another device, ended it.
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
