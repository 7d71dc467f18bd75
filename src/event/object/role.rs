//! Roles and permissions: `role.created`, `.updated`; `permission.created`, `.updated`.

use serde::{Deserialize, Serialize};

use crate::event::{
    object::{event_object::EventObject, object_type::ObjectType},
    value::{lenient::null_as_default, timestamp::Timestamp},
};

/// A role that members of organizations can have.
///
/// ```
/// use clerk_webhooks::event::Role;
///
/// let role: Role = serde_json::from_str(
///     r#"{"id": "role_1", "key": "org:editor", "permissions": [{"key": "org:posts:edit"}]}"#,
/// )?;
/// assert_eq!(role.permissions[0].key.as_deref(), Some("org:posts:edit"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Role {
    /// Clerk's id for the role, `role_...`.
    pub id: String,
    /// `role`.
    pub object: Option<ObjectType>,
    /// What it is called.
    pub name: Option<String>,
    /// What your code checks, such as `org:editor`.
    pub key: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether the user who makes an organization can get it.
    pub is_creator_eligible: Option<bool>,
    /// What it allows.
    #[serde(default, deserialize_with = "null_as_default")]
    pub permissions: Vec<Permission>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed: what to order events by.
    pub updated_at: Option<Timestamp>,
}

/// A permission that a role can give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Permission {
    /// Clerk's id for the permission, `perm_...`.
    ///
    /// Inside a [`Role`] it is `""` if Clerk left it out.
    #[serde(default, deserialize_with = "null_as_default")]
    pub id: String,
    /// `permission`.
    pub object: Option<ObjectType>,
    /// What it is called.
    pub name: Option<String>,
    /// What your code checks, such as `org:posts:edit`.
    pub key: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// `type`: whether it is Clerk's own or yours, such as `custom`.
    #[serde(rename = "type")]
    pub permission_type: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed: what to order events by.
    pub updated_at: Option<Timestamp>,
}

impl EventObject for Role {
    fn id(&self) -> &str {
        &self.id
    }

    fn updated_at(&self) -> Option<Timestamp> {
        self.updated_at
    }
}

impl EventObject for Permission {
    fn id(&self) -> &str {
        &self.id
    }

    fn updated_at(&self) -> Option<Timestamp> {
        self.updated_at
    }
}
