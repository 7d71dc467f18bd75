//! A user's accounts with OAuth providers.

use serde::{Deserialize, Serialize};

use crate::event::{
    object::{object_type::ObjectType, verification::Verification},
    value::{raw_json::RawJson, timestamp::Timestamp},
};

/// An account with an OAuth provider (Google, GitHub, ...) that a user has connected.
///
/// Clerk sends two shapes, and this is their union: `external_account`, and the older
/// `google_account` (also `facebook_account`), whose [`id`](Self::id) is an `idn_...` and which
/// names its parts otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExternalAccount {
    /// Clerk's id for it: `eac_...`, in the older shape `idn_...`.
    pub id: Option<String>,
    /// Which of the shapes it is.
    pub object: Option<ObjectType>,
    /// The provider's strategy, such as `oauth_google`; absent in the older shape.
    pub provider: Option<String>,
    /// Clerk's id for the user's identification by it, `idn_...`; absent in the older shape.
    pub identification_id: Option<String>,
    /// The provider's id for the user; absent in the older shape.
    pub provider_user_id: Option<String>,
    /// The scopes that the user has granted, separated by spaces.
    pub approved_scopes: Option<String>,
    /// The user's e-mail address with the provider.
    pub email_address: Option<String>,
    /// Whether the provider has verified that address.
    pub email_address_verified: Option<bool>,
    /// The user's first name with the provider; may be `""`.
    pub first_name: Option<String>,
    /// The user's last name with the provider; may be `""`.
    pub last_name: Option<String>,
    /// Deprecated by Clerk in favour of `image_url`; may be `""`.
    pub avatar_url: Option<String>,
    /// The user's picture with the provider.
    pub image_url: Option<String>,
    /// The user's name with the provider.
    pub username: Option<String>,
    /// The user's phone number with the provider.
    pub phone_number: Option<String>,
    /// Your metadata for the account.
    #[serde(default)]
    pub public_metadata: RawJson,
    /// What tells several accounts with one provider apart.
    pub label: Option<String>,
    /// When it was connected.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// How it was verified.
    pub verification: Option<Verification>,
    /// The `eac_...` of an account in the older shape. Not in Clerk's schema; sent.
    pub external_account_id: Option<String>,
    /// Google's id for the user, in the older shape. Not in Clerk's schema; sent.
    pub google_id: Option<String>,
    /// The first name, in the older shape. Not in Clerk's schema; sent.
    pub given_name: Option<String>,
    /// The last name, in the older shape. Not in Clerk's schema; sent.
    pub family_name: Option<String>,
    /// The picture's URL, in the older shape; may be `""`. Not in Clerk's schema; sent.
    pub picture: Option<String>,
}
