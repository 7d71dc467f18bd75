//! [`OrganizationDomain`]: `organizationDomain.created`, `.updated`.

use serde::{Deserialize, Serialize};

use crate::event::{
    json::object::object,
    object::{
        event_object::EventObject,
        object_type::ObjectType,
        organization::PublicOrganizationData,
        verification::{VerificationStatus, VerificationStrategy},
    },
    value::{integer::optional_integer, open_enum::open_enum, timestamp::Timestamp},
};

object! {
    /// An e-mail domain of an organization. Users with an address in the domain can join the organization.
    ///
    /// ```
    /// use clerk_webhooks::event::{EnrollmentMode, OrganizationDomain};
    ///
    /// let domain: OrganizationDomain = serde_json::from_str(
    ///     r#"{"id": "orgdmn_1", "name": "acme.com", "enrollment_mode": "automatic_invitation"}"#,
    /// )?;
    /// assert_eq!(domain.enrollment_mode, Some(EnrollmentMode::AutomaticInvitation));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct OrganizationDomain {
        /// The address in the domain that was used to prove affiliation.
        pub affiliation_email_address: Option<String>,
        /// The verification that a member has an address in the domain.
        pub affiliation_verification: Option<DomainVerification>,
        /// When the domain was added.
        pub created_at: Option<Timestamp>,
        /// How users with an address in the domain join the organization.
        pub enrollment_mode: Option<EnrollmentMode>,
        /// Clerk's id, `orgdmn_...`.
        pub id: String,
        /// The domain, such as `acme.com`.
        pub name: Option<String>,
        /// The object type, `organization_domain`.
        pub object: Option<ObjectType>,
        /// The organization's id, `org_...`.
        pub organization_id: Option<String>,
        /// The verification that the organization owns the domain.
        pub ownership_verification: Option<DomainVerification>,
        /// Public data of the organization.
        pub public_organization_data: Option<PublicOrganizationData>,
        /// Number of pending invitations for the domain.
        #[serde(default, deserialize_with = "optional_integer")]
        pub total_pending_invitations: Option<i64>,
        /// Number of pending suggestions for the domain.
        #[serde(default, deserialize_with = "optional_integer")]
        pub total_pending_suggestions: Option<i64>,
        /// When the domain last changed. Use it to order events.
        pub updated_at: Option<Timestamp>,
        /// Deprecated by Clerk in favour of `affiliation_verification` and `ownership_verification`.
        pub verification: Option<DomainVerification>,
    }
}

open_enum! {
    /// How users with an address in an organization's domain join the organization.
    pub enum EnrollmentMode {
        /// They are invited automatically.
        AutomaticInvitation = "automatic_invitation",
        /// The organization is suggested to them automatically.
        AutomaticSuggestion = "automatic_suggestion",
        /// They join through the domain's enterprise connection.
        EnterpriseSso = "enterprise_sso",
        /// Only if a member invites them.
        ManualInvitation = "manual_invitation",
    }
}

object! {
    /// The verification of an organization's domain.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(remote = "Self")]
    #[non_exhaustive]
    pub struct DomainVerification {
        /// Number of attempts.
        #[serde(default, deserialize_with = "optional_integer")]
        pub attempts: Option<i64>,
        /// When the verification expires. Also read from `expires_at`; `expire_at` wins.
        pub expire_at: Option<Timestamp>,
        /// The other spelling of `expire_at`; always `None` after decoding.
        #[serde(rename = "expires_at", skip_serializing)]
        expires_at: Option<Timestamp>,
        /// Current status.
        pub status: Option<VerificationStatus>,
        /// The method of verification.
        pub strategy: Option<VerificationStrategy>,
        /// When the verification was completed.
        pub verified_at: Option<Timestamp>,
    }
    then merge_spellings
}

impl DomainVerification {
    fn merge_spellings(&mut self) {
        self.expire_at = self.expire_at.or(self.expires_at.take());
    }
}

impl EventObject for OrganizationDomain {
    fn id(&self) -> &str {
        &self.id
    }

    fn organization_id(&self) -> Option<&str> {
        self.organization_id.as_deref()
    }

    fn updated_at(&self) -> Option<Timestamp> {
        self.updated_at
    }
}
