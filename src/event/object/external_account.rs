//! [`ExternalAccount`], an account at an OAuth provider.

use serde::{Deserialize, Serialize};

use crate::event::{
    object::{object_type::ObjectType, verification::Verification},
    value::{raw_json::RawJson, timestamp::Timestamp},
};

/// A user's account at an OAuth provider (Google, GitHub, ...).
///
/// Clerk sends two shapes, and this type is their union: `external_account`, and the older
/// `google_account` (also `facebook_account`), which has other field names and an
/// [`id`](Self::id) that starts with `idn_`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExternalAccount {
    /// Clerk's id: `eac_...`, in the older shape `idn_...`.
    pub id: Option<String>,
    /// The shape.
    pub object: Option<ObjectType>,
    /// The provider's strategy, such as `oauth_google`; absent in the older shape.
    pub provider: Option<String>,
    /// The id of the identification, `idn_...`; absent in the older shape.
    pub identification_id: Option<String>,
    /// The user's id at the provider; absent in the older shape.
    pub provider_user_id: Option<String>,
    /// The scopes that the user has granted, separated by spaces.
    pub approved_scopes: Option<String>,
    /// The user's e-mail address at the provider.
    pub email_address: Option<String>,
    /// Whether the provider has verified that address.
    pub email_address_verified: Option<bool>,
    /// The user's first name at the provider; may be `""`.
    pub first_name: Option<String>,
    /// The user's last name at the provider; may be `""`.
    pub last_name: Option<String>,
    /// Deprecated by Clerk in favour of `image_url`; may be `""`.
    pub avatar_url: Option<String>,
    /// The user's picture at the provider.
    pub image_url: Option<String>,
    /// The username at the provider.
    pub username: Option<String>,
    /// The user's phone number at the provider.
    pub phone_number: Option<String>,
    /// Your metadata for the account.
    #[serde(default)]
    pub public_metadata: RawJson,
    /// Tells several accounts at one provider apart.
    pub label: Option<String>,
    /// When it was connected.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// Its verification.
    pub verification: Option<Verification>,
    /// The `eac_...` id in the older shape. Not in Clerk's schema, but sent.
    pub external_account_id: Option<String>,
    /// The user's id at Google, in the older shape. Not in Clerk's schema, but sent.
    pub google_id: Option<String>,
    /// The first name, in the older shape. Not in Clerk's schema, but sent.
    pub given_name: Option<String>,
    /// The last name, in the older shape. Not in Clerk's schema, but sent.
    pub family_name: Option<String>,
    /// The picture's URL, in the older shape; may be `""`. Not in Clerk's schema, but sent.
    pub picture: Option<String>,
}
