//! Invitations: `organizationInvitation.created`, `.accepted`, `.revoked`; those to an application
//! come inside of a waitlist entry.

use serde::{Deserialize, Serialize};

use crate::event::{
    object::{
        event_object::EventObject, object_type::ObjectType, organization::PublicOrganizationData,
    },
    value::{
        lenient::merge_spellings_on_read, open_enum::open_enum, raw_json::RawJson,
        redacted::debug_without_secrets, timestamp::Timestamp,
    },
};

/// An invitation to an organization.
///
/// ```
/// use clerk_webhooks::event::OrganizationInvitation;
///
/// // The organization also comes one level deeper; it is read from either place.
/// let invitation: OrganizationInvitation = serde_json::from_str(
///     r#"{"id": "orginv_1", "data": {"public_organization_data": {"id": "org_1"}}}"#,
/// )?;
/// let organization = invitation.public_organization_data.as_ref();
/// assert_eq!(organization.and_then(|organization| organization.id.as_deref()), Some("org_1"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct OrganizationInvitation {
    /// Clerk's id for the invitation, `orginv_...`.
    pub id: String,
    /// `organization_invitation`.
    pub object: Option<ObjectType>,
    /// Who is invited.
    pub email_address: Option<String>,
    /// The key of the role that the invited user gets, such as `org:member`.
    pub role: Option<String>,
    /// What the role is called.
    pub role_name: Option<String>,
    /// To which organization, `org_...`.
    pub organization_id: Option<String>,
    /// Who invites, `user_...`; absent for an invitation by your server.
    pub inviter_id: Option<String>,
    /// Who invites.
    pub public_inviter_data: Option<PublicInviterData>,
    /// How it stands.
    pub status: Option<InvitationStatus>,
    /// Your metadata, which the membership takes over.
    #[serde(default)]
    pub public_metadata: RawJson,
    /// Your metadata that only your servers may read.
    #[serde(default)]
    pub private_metadata: RawJson,
    /// Where it is accepted. Whoever has it can accept: treat it as a secret.
    pub url: Option<String>,
    /// When it can no longer be accepted. Also read as `expire_at`, which yields to `expires_at`.
    pub expires_at: Option<Timestamp>,
    /// The other spelling of `expires_at`; always `None` after reading.
    #[serde(rename = "expire_at", skip_serializing)]
    expire_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed: what to order events by.
    pub updated_at: Option<Timestamp>,
    /// Who accepted it, `user_...`; only in `organizationInvitation.accepted`, and not always.
    pub user_id: Option<String>,
    /// The organization; read from the object itself or from its `data`.
    pub public_organization_data: Option<PublicOrganizationData>,
    /// The deeper place of the two above; always `None` after reading.
    #[serde(rename = "data", skip_serializing)]
    deeper: Option<DeeperData>,
}

debug_without_secrets!(OrganizationInvitation {
    id, object, email_address, role, role_name, organization_id, inviter_id, public_inviter_data, status, public_metadata, private_metadata, expires_at, expire_at, created_at, updated_at, user_id, public_organization_data, deeper,
} redacted {
    url,
});

/// What Clerk puts one level deeper in some invitations.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct DeeperData {
    user_id: Option<String>,
    public_organization_data: Option<PublicOrganizationData>,
}

impl OrganizationInvitation {
    fn merge_spellings(&mut self) {
        self.expires_at = self.expires_at.or(self.expire_at.take());
        if let Some(deeper) = self.deeper.take() {
            self.user_id = self.user_id.take().or(deeper.user_id);
            self.public_organization_data = self
                .public_organization_data
                .take()
                .or(deeper.public_organization_data);
        }
    }
}

merge_spellings_on_read!(OrganizationInvitation);

/// What an invitation says of the user who invites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PublicInviterData {
    /// Clerk's id for the user, `user_...`.
    pub user_id: Option<String>,
    /// May be `""`.
    pub first_name: Option<String>,
    /// May be `""`.
    pub last_name: Option<String>,
    /// The user's picture, or one that Clerk drew.
    pub image_url: Option<String>,
    /// Whether the picture is the user's own.
    pub has_image: Option<bool>,
    /// By what the user is known: an e-mail address, a phone number or a username.
    pub identifier: Option<String>,
}

/// An invitation to an application; comes inside of a [`WaitlistEntry`](crate::event::WaitlistEntry).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Invitation {
    /// Clerk's id for the invitation, `inv_...`.
    pub id: Option<String>,
    /// `invitation`.
    pub object: Option<ObjectType>,
    /// Who is invited.
    pub email_address: Option<String>,
    /// Your metadata, which the new user takes over.
    #[serde(default)]
    pub public_metadata: RawJson,
    /// Whether it was withdrawn.
    pub revoked: Option<bool>,
    /// How it stands.
    pub status: Option<InvitationStatus>,
    /// Where it is accepted. Whoever has it can accept: treat it as a secret.
    pub url: Option<String>,
    /// When it can no longer be accepted.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

debug_without_secrets!(Invitation {
    id, object, email_address, public_metadata, revoked, status, expires_at, created_at, updated_at,
} redacted {
    url,
});

open_enum! {
    /// How an invitation stands.
    pub enum InvitationStatus {
        /// The invited user has joined.
        Accepted = "accepted",
        /// Its time is up.
        Expired = "expired",
        /// It can be accepted.
        Pending = "pending",
        /// It was withdrawn.
        Revoked = "revoked",
    }
}

impl EventObject for OrganizationInvitation {
    fn id(&self) -> &str {
        &self.id
    }

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn organization_id(&self) -> Option<&str> {
        let organization = self.public_organization_data.as_ref();
        self.organization_id
            .as_deref()
            .or_else(|| organization?.id.as_deref())
    }

    fn updated_at(&self) -> Option<Timestamp> {
        self.updated_at
    }
}
