//! [`Organization`]: `organization.created`, `organization.updated`, and a part of other objects.

use serde::{Deserialize, Serialize};

use crate::event::{
    json::object::object,
    object::{event_object::EventObject, object_type::ObjectType},
    value::{integer::optional_integer, raw_json::RawJson, timestamp::Timestamp},
};

object! {
    /// An organization.
    ///
    /// ```
    /// use clerk_webhooks::event::Organization;
    ///
    /// let organization: Organization =
    ///     serde_json::from_str(r#"{"id": "org_1", "name": "Acme", "slug": null}"#)?;
    /// assert_eq!(organization.name.as_deref(), Some("Acme"));
    /// assert_eq!(organization.slug, None);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct Organization {
        /// Whether its administrators can delete it.
        pub admin_delete_enabled: Option<bool>,
        /// When it was created.
        pub created_at: Option<Timestamp>,
        /// The id of the user who created it, `user_...`.
        pub created_by: Option<String>,
        /// Whether the picture was uploaded.
        pub has_image: Option<bool>,
        /// Clerk's id, `org_...`; it never changes.
        pub id: String,
        /// URL of its picture, or of a picture that Clerk generated.
        pub image_url: Option<String>,
        /// When a member was last active in it.
        pub last_active_at: Option<Timestamp>,
        /// The older name of `image_url`. Clerk sends it, but its schema does not have it.
        pub logo_url: Option<String>,
        /// The maximum number of members; 0 means no limit.
        #[serde(default, deserialize_with = "optional_integer")]
        pub max_allowed_memberships: Option<i64>,
        /// Number of members.
        #[serde(default, deserialize_with = "optional_integer")]
        pub members_count: Option<i64>,
        /// Whether the organization has no member with elevated permissions.
        pub missing_member_with_elevated_permissions: Option<bool>,
        /// Display name.
        pub name: Option<String>,
        /// The object type, `organization`.
        pub object: Option<ObjectType>,
        /// Number of pending invitations.
        #[serde(default, deserialize_with = "optional_integer")]
        pub pending_invitations_count: Option<i64>,
        /// Your metadata. Only your servers can read it.
        #[serde(default)]
        pub private_metadata: RawJson,
        /// Your metadata. The browsers of its members can read it.
        #[serde(default)]
        pub public_metadata: RawJson,
        /// The key of the organization's role set.
        pub role_set_key: Option<String>,
        /// Name in URLs. It can change, and it can be absent.
        pub slug: Option<String>,
        /// When it last changed. Use it to order events.
        pub updated_at: Option<Timestamp>,
    }
}

object! {
    /// Public data of an organization.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct PublicOrganizationData {
        /// Whether the picture was uploaded.
        pub has_image: Option<bool>,
        /// Clerk's id for the organization, `org_...`.
        pub id: Option<String>,
        /// URL of its picture, or of a picture that Clerk generated.
        pub image_url: Option<String>,
        /// Display name.
        pub name: Option<String>,
        /// Name in URLs.
        pub slug: Option<String>,
    }
}

impl EventObject for Organization {
    fn id(&self) -> &str {
        &self.id
    }

    fn organization_id(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn updated_at(&self) -> Option<Timestamp> {
        self.updated_at
    }
}
