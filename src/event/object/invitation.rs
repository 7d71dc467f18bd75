//! [`OrganizationInvitation`]: `organizationInvitation.created`, `.accepted`, `.revoked`.
//!
//! An [`Invitation`] to an application comes inside a waitlist entry.

use serde::{Deserialize, Serialize};

use crate::event::{
    json::object::object,
    object::{
        event_object::EventObject, object_type::ObjectType, organization::PublicOrganizationData,
    },
    value::{
        open_enum::open_enum, raw_json::RawJson, redacted::debug_without_secrets,
        timestamp::Timestamp,
    },
};

object! {
    /// An invitation to an organization.
    ///
    /// ```
    /// use clerk_webhooks::event::OrganizationInvitation;
    ///
    /// // Clerk puts the organization in one of two places.
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
        /// When it was created.
        pub created_at: Option<Timestamp>,
        /// Where Clerk sometimes puts `user_id` and `public_organization_data`; always `None` after decoding.
        #[serde(rename = "data", skip_serializing)]
        deeper: Option<DeeperData>,
        /// The e-mail address of the invited person.
        pub email_address: Option<String>,
        /// The other spelling of `expires_at`; always `None` after decoding.
        #[serde(rename = "expire_at", skip_serializing)]
        expire_at: Option<Timestamp>,
        /// When it expires. Also read from `expire_at`; `expires_at` wins.
        pub expires_at: Option<Timestamp>,
        /// Clerk's id, `orginv_...`.
        pub id: String,
        /// The inviter's id, `user_...`; absent if your server sent the invitation.
        pub inviter_id: Option<String>,
        /// The object type, `organization_invitation`.
        pub object: Option<ObjectType>,
        /// The organization's id, `org_...`.
        pub organization_id: Option<String>,
        /// Your metadata. Only your servers can read it.
        #[serde(default)]
        pub private_metadata: RawJson,
        /// Public data of the inviter.
        pub public_inviter_data: Option<PublicInviterData>,
        /// Your metadata. It becomes the metadata of the membership.
        #[serde(default)]
        pub public_metadata: RawJson,
        /// Public data of the organization. Also read from `data`, one level deeper.
        pub public_organization_data: Option<PublicOrganizationData>,
        /// The key of the role that the invited user gets, such as `org:member`.
        pub role: Option<String>,
        /// Display name of the role.
        pub role_name: Option<String>,
        /// Current status.
        pub status: Option<InvitationStatus>,
        /// When it last changed. Use it to order events.
        pub updated_at: Option<Timestamp>,
        /// The URL that accepts the invitation. Anyone who has this URL can accept: treat it as a secret.
        pub url: Option<String>,
        /// The id of the user who accepted, `user_...`. `organizationInvitation.accepted` may have it; the
        /// other events do not.
        pub user_id: Option<String>,
    }
    then merge_spellings
}

debug_without_secrets!(OrganizationInvitation {
    id, object, email_address, role, role_name, organization_id, inviter_id,
    public_inviter_data, status, public_metadata, private_metadata, expires_at, expire_at,
    created_at, updated_at, user_id, public_organization_data, deeper,
} redacted {
    url,
});

object! {
    /// The fields that some invitations have one level deeper.
    #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
    struct DeeperData {
        public_organization_data: Option<PublicOrganizationData>,
        user_id: Option<String>,
    }
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

object! {
    /// Public data of an inviter.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct PublicInviterData {
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
        /// The inviter's id, `user_...`.
        pub user_id: Option<String>,
    }
}

object! {
    /// An invitation to an application; it comes inside a [`WaitlistEntry`](crate::event::WaitlistEntry).
    #[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct Invitation {
        /// When it was created.
        pub created_at: Option<Timestamp>,
        /// The e-mail address of the invited person.
        pub email_address: Option<String>,
        /// When it expires.
        pub expires_at: Option<Timestamp>,
        /// Clerk's id, `inv_...`.
        pub id: Option<String>,
        /// The object type, `invitation`.
        pub object: Option<ObjectType>,
        /// Your metadata. It becomes the metadata of the new user.
        #[serde(default)]
        pub public_metadata: RawJson,
        /// Whether it was revoked.
        pub revoked: Option<bool>,
        /// Current status.
        pub status: Option<InvitationStatus>,
        /// When it last changed.
        pub updated_at: Option<Timestamp>,
        /// The URL that accepts the invitation. Anyone who has this URL can accept: treat it as a secret.
        pub url: Option<String>,
    }
}

debug_without_secrets!(Invitation {
    id, object, email_address, public_metadata, revoked, status, expires_at, created_at,
    updated_at,
} redacted {
    url,
});

open_enum! {
    /// The status of an invitation.
    pub enum InvitationStatus {
        /// The invited user has joined.
        Accepted = "accepted",
        /// It has expired.
        Expired = "expired",
        /// It can be accepted.
        Pending = "pending",
        /// It was revoked.
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
