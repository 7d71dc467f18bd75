//! [`Role`] and [`Permission`]: `role.created`, `.updated`; `permission.created`, `.updated`.

use serde::{Deserialize, Serialize};

use crate::event::{
    json::object::object,
    object::{event_object::EventObject, object_type::ObjectType},
    value::{lenient::null_as_default, timestamp::Timestamp},
};

object! {
    /// A role that members of an organization can have.
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
        /// When it was created.
        pub created_at: Option<Timestamp>,
        /// Description.
        pub description: Option<String>,
        /// Clerk's id, `role_...`.
        pub id: String,
        /// Whether the creator of an organization can get this role.
        pub is_creator_eligible: Option<bool>,
        /// The key that your code checks, such as `org:editor`.
        pub key: Option<String>,
        /// Display name.
        pub name: Option<String>,
        /// The object type, `role`.
        pub object: Option<ObjectType>,
        /// The permissions that the role gives.
        #[serde(default, deserialize_with = "null_as_default")]
        pub permissions: Vec<Permission>,
        /// When it last changed. Use it to order events.
        pub updated_at: Option<Timestamp>,
    }
}

object! {
    /// A permission that a role can give.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct Permission {
        /// When it was created.
        pub created_at: Option<Timestamp>,
        /// Description.
        pub description: Option<String>,
        /// Clerk's id, `perm_...`.
        ///
        /// Inside a [`Role`] it is `""` if Clerk did not send it.
        #[serde(default, deserialize_with = "null_as_default")]
        pub id: String,
        /// The key that your code checks, such as `org:posts:edit`.
        pub key: Option<String>,
        /// Display name.
        pub name: Option<String>,
        /// The object type, `permission`.
        pub object: Option<ObjectType>,
        /// The field `type`: `system` for Clerk's own permissions, `custom` for yours.
        #[serde(rename = "type")]
        pub permission_type: Option<String>,
        /// When it last changed. Use it to order events.
        pub updated_at: Option<Timestamp>,
    }
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
