//! Organizations: `organization.created`, `organization.updated`, and inside of other objects.

use serde::{Deserialize, Serialize};

use crate::event::{
    object::{event_object::EventObject, object_type::ObjectType},
    value::{integer::optional_integer, raw_json::RawJson, timestamp::Timestamp},
};

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
    /// Clerk's id for the organization, `org_...`; it never changes.
    pub id: String,
    /// `organization`.
    pub object: Option<ObjectType>,
    /// What it is called.
    pub name: Option<String>,
    /// Its name in URLs; may change, and be absent.
    pub slug: Option<String>,
    /// Its picture, or one that Clerk drew.
    pub image_url: Option<String>,
    /// Its picture by an older name. Not in Clerk's schema; sent.
    pub logo_url: Option<String>,
    /// Whether the picture is its own.
    pub has_image: Option<bool>,
    /// How many members it has.
    #[serde(default, deserialize_with = "optional_integer")]
    pub members_count: Option<i64>,
    /// Whether no member may manage it.
    pub missing_member_with_elevated_permissions: Option<bool>,
    /// How many invitations are open.
    #[serde(default, deserialize_with = "optional_integer")]
    pub pending_invitations_count: Option<i64>,
    /// How many members it may have; 0 for no limit.
    #[serde(default, deserialize_with = "optional_integer")]
    pub max_allowed_memberships: Option<i64>,
    /// Whether its administrators may delete it.
    pub admin_delete_enabled: Option<bool>,
    /// Your metadata that its members' browsers may read.
    #[serde(default)]
    pub public_metadata: RawJson,
    /// Your metadata that only your servers may read.
    #[serde(default)]
    pub private_metadata: RawJson,
    /// The user who made it, `user_...`.
    pub created_by: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed: what to order events by.
    pub updated_at: Option<Timestamp>,
    /// When a member was last active in it.
    pub last_active_at: Option<Timestamp>,
    /// Which set of roles its members have.
    pub role_set_key: Option<String>,
}

/// What everyone may know of an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PublicOrganizationData {
    /// Clerk's id for the organization, `org_...`.
    pub id: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// Its name in URLs.
    pub slug: Option<String>,
    /// Its picture, or one that Clerk drew.
    pub image_url: Option<String>,
    /// Whether the picture is its own.
    pub has_image: Option<bool>,
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
