//! [`OrganizationMembership`]: `organizationMembership.created`, `.updated`, `.deleted`.

use serde::{Deserialize, Serialize};

use crate::event::{
    json::object::object,
    object::{event_object::EventObject, object_type::ObjectType, organization::Organization},
    value::{lenient::null_as_default, raw_json::RawJson, timestamp::Timestamp},
};

object! {
    /// A user's membership in an organization.
    ///
    /// `organizationMembership.deleted` carries the complete membership too, not a
    /// [`DeletedObject`](crate::event::DeletedObject).
    ///
    /// ```
    /// use clerk_webhooks::event::OrganizationMembership;
    ///
    /// let membership: OrganizationMembership = serde_json::from_str(
    ///     r#"{
    ///         "id": "orgmem_1",
    ///         "role": "org:admin",
    ///         "organization": {"id": "org_1"},
    ///         "public_user_data": {"user_id": "user_1"}
    ///     }"#,
    /// )?;
    /// assert_eq!(membership.organization.id, "org_1");
    /// let member = membership.public_user_data.as_ref();
    /// assert_eq!(member.map(|member| member.user_id.as_str()), Some("user_1"));
    /// assert!(membership.permissions.is_empty());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct OrganizationMembership {
        /// When the user joined.
        pub created_at: Option<Timestamp>,
        /// Clerk's id, `orgmem_...`.
        pub id: String,
        /// The object type, `organization_membership`.
        pub object: Option<ObjectType>,
        /// The organization that the user is a member of.
        pub organization: Organization,
        /// The keys of the permissions that come with the role.
        #[serde(default, deserialize_with = "null_as_default")]
        pub permissions: Vec<String>,
        /// Your metadata. Only your servers can read it.
        #[serde(default)]
        pub private_metadata: RawJson,
        /// Your metadata. The member's browser can read it.
        #[serde(default)]
        pub public_metadata: RawJson,
        /// Public data of the member.
        pub public_user_data: Option<PublicUserData>,
        /// The key of the member's role, such as `org:admin`.
        pub role: Option<String>,
        /// Display name of the role.
        pub role_name: Option<String>,
        /// When the membership last changed. Use it to order events.
        pub updated_at: Option<Timestamp>,
    }
}

object! {
    /// Public data of a member.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct PublicUserData {
        /// Whether the user is banned.
        pub banned: Option<bool>,
        /// Whether a directory has deprovisioned the user.
        pub deprovisioned: Option<bool>,
        /// First name; may be `""`.
        pub first_name: Option<String>,
        /// Whether the user uploaded the picture.
        pub has_image: Option<bool>,
        /// How the user is identified: an e-mail address, a phone number or a username.
        pub identifier: Option<String>,
        /// URL of the user's picture, or of a picture that Clerk generated.
        pub image_url: Option<String>,
        /// Last name; may be `""`.
        pub last_name: Option<String>,
        /// Deprecated by Clerk in favour of `image_url`.
        pub profile_image_url: Option<String>,
        /// The member's id, `user_...`.
        pub user_id: String,
        /// The user's username.
        pub username: Option<String>,
    }
}

object! {
    /// A membership inside a [`User`](crate::event::User).
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct UserMembership {
        /// When the user joined.
        pub created_at: Option<Timestamp>,
        /// Clerk's id, `orgmem_...`.
        pub id: Option<String>,
        /// The object type, `organization_membership`.
        pub object: Option<ObjectType>,
        /// The organization that the user is a member of.
        pub organization: Option<Organization>,
        /// The keys of the permissions that come with the role.
        #[serde(default, deserialize_with = "null_as_default")]
        pub permissions: Vec<String>,
        /// Your metadata. Only your servers can read it.
        #[serde(default)]
        pub private_metadata: RawJson,
        /// Your metadata. The member's browser can read it.
        #[serde(default)]
        pub public_metadata: RawJson,
        /// Public data of the user who has this membership.
        pub public_user_data: Option<PublicUserData>,
        /// The key of the user's role, such as `org:admin`.
        pub role: Option<String>,
        /// Display name of the role.
        pub role_name: Option<String>,
        /// When the membership last changed.
        pub updated_at: Option<Timestamp>,
    }
}

impl EventObject for OrganizationMembership {
    fn id(&self) -> &str {
        &self.id
    }

    fn user_id(&self) -> Option<&str> {
        Some(&self.public_user_data.as_ref()?.user_id)
    }

    fn organization_id(&self) -> Option<&str> {
        Some(&self.organization.id)
    }

    fn updated_at(&self) -> Option<Timestamp> {
        self.updated_at
    }
}
