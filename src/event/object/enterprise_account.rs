//! [`EnterpriseAccount`] and [`SamlAccount`]: accounts at an enterprise's identity provider.

use serde::{Deserialize, Serialize};

use crate::event::{
    json::object::object,
    object::{object_type::ObjectType, verification::Verification},
    value::{
        lenient::null_as_default, open_enum::open_enum, raw_json::RawJson, timestamp::Timestamp,
    },
};

object! {
    /// A user's account at an enterprise's identity provider, over SAML or OAuth.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct EnterpriseAccount {
        /// Whether it is active.
        pub active: Option<bool>,
        /// The user's e-mail address at the provider.
        pub email_address: Option<String>,
        /// The connection to the provider.
        pub enterprise_connection: Option<EnterpriseConnection>,
        /// The id of the account's [`enterprise_connection`](Self::enterprise_connection).
        pub enterprise_connection_id: Option<String>,
        /// The user's first name at the provider.
        pub first_name: Option<String>,
        /// Clerk's id.
        pub id: Option<String>,
        /// When the user last signed in with this account.
        pub last_authenticated_at: Option<Timestamp>,
        /// The user's last name at the provider.
        pub last_name: Option<String>,
        /// The object type, `enterprise_account`.
        pub object: Option<ObjectType>,
        /// The protocol that the provider uses.
        pub protocol: Option<EnterpriseProtocol>,
        /// The provider, such as `saml_okta`.
        pub provider: Option<String>,
        /// The user's id at the provider.
        pub provider_user_id: Option<String>,
        /// Your metadata for the account.
        #[serde(default)]
        pub public_metadata: RawJson,
        /// The account's verification.
        pub verification: Option<Verification>,
    }
}

open_enum! {
    /// The protocol of an identity provider.
    pub enum EnterpriseProtocol {
        Oauth = "oauth",
        Saml = "saml",
    }
}

object! {
    /// An instance's connection to an enterprise's identity provider.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct EnterpriseConnection {
        /// Whether it is active.
        pub active: Option<bool>,
        /// Whether a sign-in may start at the provider.
        pub allow_idp_initiated: Option<bool>,
        /// Whether it covers subdomains too.
        pub allow_subdomains: Option<bool>,
        /// When it was created.
        pub created_at: Option<Timestamp>,
        /// Whether its users cannot add other identifications.
        pub disable_additional_identifications: Option<bool>,
        /// Deprecated by Clerk in favour of `domains`.
        pub domain: Option<String>,
        /// The e-mail domains whose users sign in with it.
        #[serde(default, deserialize_with = "null_as_default")]
        pub domains: Vec<String>,
        /// Clerk's id.
        pub id: Option<String>,
        /// URL of the provider's logo.
        pub logo_public_url: Option<String>,
        /// Display name.
        pub name: Option<String>,
        /// The protocol that the provider uses.
        pub protocol: Option<EnterpriseProtocol>,
        /// The provider, such as `saml_okta`.
        pub provider: Option<String>,
        /// Whether a sign-in updates the user's names from the provider.
        pub sync_user_attributes: Option<bool>,
        /// When it last changed.
        pub updated_at: Option<Timestamp>,
    }
}

object! {
    /// A user's account at a SAML identity provider; [`EnterpriseAccount`] is its successor.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct SamlAccount {
        /// Whether it is active.
        pub active: Option<bool>,
        /// The user's e-mail address at the provider.
        pub email_address: Option<String>,
        /// The user's first name at the provider.
        pub first_name: Option<String>,
        /// Clerk's id.
        pub id: Option<String>,
        /// When the user last signed in with this account.
        pub last_authenticated_at: Option<Timestamp>,
        /// The user's last name at the provider.
        pub last_name: Option<String>,
        /// The object type, `saml_account`.
        pub object: Option<ObjectType>,
        /// The provider, such as `saml_okta`.
        pub provider: Option<String>,
        /// The user's id at the provider.
        pub provider_user_id: Option<String>,
        /// Your metadata for the account.
        #[serde(default)]
        pub public_metadata: RawJson,
        /// The connection to the provider.
        pub saml_connection: Option<SamlConnection>,
        /// The account's verification.
        pub verification: Option<Verification>,
    }
}

object! {
    /// An instance's connection to a SAML identity provider; [`EnterpriseConnection`] is its successor.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct SamlConnection {
        /// Whether it is active.
        pub active: Option<bool>,
        /// Whether a sign-in may start at the provider.
        pub allow_idp_initiated: Option<bool>,
        /// Whether it covers subdomains too.
        pub allow_subdomains: Option<bool>,
        /// When it was created.
        pub created_at: Option<Timestamp>,
        /// Whether its users cannot add other identifications.
        pub disable_additional_identifications: Option<bool>,
        /// Deprecated by Clerk in favour of `domains`.
        pub domain: Option<String>,
        /// The e-mail domains whose users sign in with it.
        #[serde(default, deserialize_with = "null_as_default")]
        pub domains: Vec<String>,
        /// Clerk's id.
        pub id: Option<String>,
        /// Display name.
        pub name: Option<String>,
        /// The provider, such as `saml_okta`.
        pub provider: Option<String>,
        /// Whether a sign-in updates the user's names from the provider.
        pub sync_user_attributes: Option<bool>,
        /// When it last changed.
        pub updated_at: Option<Timestamp>,
    }
}

object! {
    /// What a SCIM directory knows about a user.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct ScimUserMetadata {
        /// Whether the directory is enabled.
        pub directory_enabled: Option<bool>,
        /// The directory's id.
        pub directory_id: Option<String>,
        /// The user's id in the directory.
        pub external_id: Option<String>,
    }
}
