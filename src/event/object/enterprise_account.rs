//! [`EnterpriseAccount`] and [`SamlAccount`]: accounts at an enterprise's identity provider.

use serde::{Deserialize, Serialize};

use crate::event::{
    object::{object_type::ObjectType, verification::Verification},
    value::{
        lenient::null_as_default, open_enum::open_enum, raw_json::RawJson, timestamp::Timestamp,
    },
};

/// A user's account at an enterprise's identity provider, over SAML or OAuth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EnterpriseAccount {
    /// Clerk's id.
    pub id: Option<String>,
    /// The object type, `enterprise_account`.
    pub object: Option<ObjectType>,
    /// The protocol that the provider uses.
    pub protocol: Option<EnterpriseProtocol>,
    /// The provider, such as `saml_okta`.
    pub provider: Option<String>,
    /// Whether it is active.
    pub active: Option<bool>,
    /// The user's e-mail address at the provider.
    pub email_address: Option<String>,
    /// The user's first name at the provider.
    pub first_name: Option<String>,
    /// The user's last name at the provider.
    pub last_name: Option<String>,
    /// The user's id at the provider.
    pub provider_user_id: Option<String>,
    /// The id of the account's [`enterprise_connection`](Self::enterprise_connection).
    pub enterprise_connection_id: Option<String>,
    /// Your metadata for the account.
    #[serde(default)]
    pub public_metadata: RawJson,
    /// The account's verification.
    pub verification: Option<Verification>,
    /// The connection to the provider.
    pub enterprise_connection: Option<EnterpriseConnection>,
    /// When the user last signed in with this account.
    pub last_authenticated_at: Option<Timestamp>,
}

open_enum! {
    /// The protocol of an identity provider.
    pub enum EnterpriseProtocol {
        Oauth = "oauth",
        Saml = "saml",
    }
}

/// An instance's connection to an enterprise's identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EnterpriseConnection {
    /// Clerk's id.
    pub id: Option<String>,
    /// The protocol that the provider uses.
    pub protocol: Option<EnterpriseProtocol>,
    /// The provider, such as `saml_okta`.
    pub provider: Option<String>,
    /// Display name.
    pub name: Option<String>,
    /// URL of the provider's logo.
    pub logo_public_url: Option<String>,
    /// Deprecated by Clerk in favour of `domains`.
    pub domain: Option<String>,
    /// The e-mail domains whose users sign in with it.
    #[serde(default, deserialize_with = "null_as_default")]
    pub domains: Vec<String>,
    /// Whether it is active.
    pub active: Option<bool>,
    /// Whether a sign-in updates the user's names from the provider.
    pub sync_user_attributes: Option<bool>,
    /// Whether it covers subdomains too.
    pub allow_subdomains: Option<bool>,
    /// Whether a sign-in may start at the provider.
    pub allow_idp_initiated: Option<bool>,
    /// Whether its users cannot add other identifications.
    pub disable_additional_identifications: Option<bool>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

/// A user's account at a SAML identity provider; [`EnterpriseAccount`] is its successor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SamlAccount {
    /// Clerk's id.
    pub id: Option<String>,
    /// The object type, `saml_account`.
    pub object: Option<ObjectType>,
    /// The provider, such as `saml_okta`.
    pub provider: Option<String>,
    /// Whether it is active.
    pub active: Option<bool>,
    /// The user's e-mail address at the provider.
    pub email_address: Option<String>,
    /// The user's first name at the provider.
    pub first_name: Option<String>,
    /// The user's last name at the provider.
    pub last_name: Option<String>,
    /// The user's id at the provider.
    pub provider_user_id: Option<String>,
    /// When the user last signed in with this account.
    pub last_authenticated_at: Option<Timestamp>,
    /// Your metadata for the account.
    #[serde(default)]
    pub public_metadata: RawJson,
    /// The account's verification.
    pub verification: Option<Verification>,
    /// The connection to the provider.
    pub saml_connection: Option<SamlConnection>,
}

/// An instance's connection to a SAML identity provider; [`EnterpriseConnection`] is its successor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SamlConnection {
    /// Clerk's id.
    pub id: Option<String>,
    /// Display name.
    pub name: Option<String>,
    /// Deprecated by Clerk in favour of `domains`.
    pub domain: Option<String>,
    /// The e-mail domains whose users sign in with it.
    #[serde(default, deserialize_with = "null_as_default")]
    pub domains: Vec<String>,
    /// Whether it is active.
    pub active: Option<bool>,
    /// The provider, such as `saml_okta`.
    pub provider: Option<String>,
    /// Whether a sign-in updates the user's names from the provider.
    pub sync_user_attributes: Option<bool>,
    /// Whether it covers subdomains too.
    pub allow_subdomains: Option<bool>,
    /// Whether a sign-in may start at the provider.
    pub allow_idp_initiated: Option<bool>,
    /// Whether its users cannot add other identifications.
    pub disable_additional_identifications: Option<bool>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

/// What a SCIM directory knows about a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScimUserMetadata {
    /// The directory's id.
    pub directory_id: Option<String>,
    /// Whether the directory is enabled.
    pub directory_enabled: Option<bool>,
    /// The user's id in the directory.
    pub external_id: Option<String>,
}
