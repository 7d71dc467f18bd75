//! [`ExternalAccount`], an account at an OAuth provider.

use serde::{Deserialize, Serialize};

use crate::event::{
    json::object::object,
    object::{object_type::ObjectType, verification::Verification},
    value::{raw_json::RawJson, timestamp::Timestamp},
};

object! {
    /// A user's account at an OAuth provider (Google, GitHub, ...).
    ///
    /// Clerk sends two formats: `external_account`, and the older `google_account` or `facebook_account`. The
    /// older format has other field names and an [`id`](Self::id) that starts with `idn_`. This type has the
    /// fields of both.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct ExternalAccount {
        /// The scopes that the user has granted, separated by spaces.
        pub approved_scopes: Option<String>,
        /// Deprecated by Clerk in favour of `image_url`; may be `""`.
        pub avatar_url: Option<String>,
        /// When the account was connected.
        pub created_at: Option<Timestamp>,
        /// The user's e-mail address at the provider.
        pub email_address: Option<String>,
        /// Whether the provider has verified that address.
        pub email_address_verified: Option<bool>,
        /// The `eac_...` id in the older format. Clerk sends it, but its schema does not have it.
        pub external_account_id: Option<String>,
        /// The last name, in the older format. Clerk sends it, but its schema does not have it.
        pub family_name: Option<String>,
        /// The user's first name at the provider; may be `""`.
        pub first_name: Option<String>,
        /// The first name, in the older format. Clerk sends it, but its schema does not have it.
        pub given_name: Option<String>,
        /// The user's id at Google, in the older format. Clerk sends it, but its schema does not have it.
        pub google_id: Option<String>,
        /// Clerk's id: `eac_...`, or `idn_...` in the older format.
        pub id: Option<String>,
        /// The id of the identification, `idn_...`; absent in the older format.
        pub identification_id: Option<String>,
        /// URL of the user's picture at the provider.
        pub image_url: Option<String>,
        /// A label that distinguishes several accounts at one provider.
        pub label: Option<String>,
        /// The user's last name at the provider; may be `""`.
        pub last_name: Option<String>,
        /// The object type, which tells the two formats apart.
        pub object: Option<ObjectType>,
        /// The user's phone number at the provider.
        pub phone_number: Option<String>,
        /// The picture's URL, in the older format; may be `""`. Clerk sends it, but its schema does not have it.
        pub picture: Option<String>,
        /// The provider's strategy, such as `oauth_google`; absent in the older format.
        pub provider: Option<String>,
        /// The user's id at the provider; absent in the older format.
        pub provider_user_id: Option<String>,
        /// Your metadata for the account.
        #[serde(default)]
        pub public_metadata: RawJson,
        /// When it last changed.
        pub updated_at: Option<Timestamp>,
        /// The username at the provider.
        pub username: Option<String>,
        /// The account's verification.
        pub verification: Option<Verification>,
    }
}
