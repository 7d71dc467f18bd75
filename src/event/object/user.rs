//! [`User`]: `user.created`, `user.updated`, and a part of sessions.

use serde::{Deserialize, Serialize};

use crate::event::{
    json::object::object,
    object::{
        enterprise_account::{EnterpriseAccount, SamlAccount, ScimUserMetadata},
        event_object::EventObject,
        external_account::ExternalAccount,
        identification::{EmailAddress, Passkey, PhoneNumber, Web3Wallet},
        membership::UserMembership,
        object_type::ObjectType,
    },
    value::{
        integer::optional_integer, lenient::null_as_default, raw_json::RawJson,
        timestamp::Timestamp,
    },
};

object! {
    /// A user. Every event carries the user's complete current state.
    ///
    /// Only [`id`](field@Self::id) is always present. Clerk has added fields over the years, and older events
    /// do not have them.
    ///
    /// ```
    /// use clerk_webhooks::event::User;
    ///
    /// let user: User = serde_json::from_str(
    ///     r#"{
    ///         "id": "user_1",
    ///         "first_name": "Jane",
    ///         "last_name": "",
    ///         "primary_email_address_id": "idn_2",
    ///         "email_addresses": [
    ///             {"id": "idn_1", "email_address": "old@example.org", "verification": null},
    ///             {"id": "idn_2", "email_address": "jane@example.org",
    ///                 "verification": {"status": "verified", "strategy": "email_code"}}
    ///         ]
    ///     }"#,
    /// )?;
    /// let primary = user.primary_email_address().map(|address| address.email_address.as_str());
    /// assert_eq!(primary, Some("jane@example.org"));
    /// assert_eq!(user.verified_email_addresses().count(), 1);
    /// assert_eq!(user.full_name().as_deref(), Some("Jane"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct User {
        /// Whether the user has backup codes.
        pub backup_code_enabled: Option<bool>,
        /// Whether the user is banned.
        pub banned: Option<bool>,
        /// Birthday; may be `""`. Clerk stopped sending it in 2024.
        pub birthday: Option<String>,
        /// Whether Clerk trusts new devices of the user without verification.
        pub bypass_client_trust: Option<bool>,
        /// Whether the user can create organizations.
        pub create_organization_enabled: Option<bool>,
        /// How many organizations the user can create.
        #[serde(default, deserialize_with = "optional_integer")]
        pub create_organizations_limit: Option<i64>,
        /// When the user signed up.
        pub created_at: Option<Timestamp>,
        /// Whether the user can delete the account.
        pub delete_self_enabled: Option<bool>,
        /// Whether a directory has deprovisioned the user.
        pub deprovisioned: Option<bool>,
        /// The user's e-mail addresses, in no defined order. See
        /// [`primary_email_address`](Self::primary_email_address).
        #[serde(default, deserialize_with = "null_as_default")]
        pub email_addresses: Vec<EmailAddress>,
        /// The user's accounts at enterprise identity providers.
        #[serde(default, deserialize_with = "null_as_default")]
        pub enterprise_accounts: Vec<EnterpriseAccount>,
        /// The user's accounts at OAuth providers.
        #[serde(default, deserialize_with = "null_as_default")]
        pub external_accounts: Vec<ExternalAccount>,
        /// Your own id for the user.
        pub external_id: Option<String>,
        /// First name; may be `""`.
        pub first_name: Option<String>,
        /// Gender; may be `""`. Clerk stopped sending it in 2024.
        pub gender: Option<String>,
        /// Whether the user uploaded the picture.
        pub has_image: Option<bool>,
        /// Clerk's id, `user_...`; it never changes.
        ///
        /// Inside a [`Session`](crate::event::Session) it is `""` if Clerk did not send it.
        #[serde(default, deserialize_with = "null_as_default")]
        pub id: String,
        /// URL of the user's picture, or of a picture that Clerk generated.
        pub image_url: Option<String>,
        /// When the user was last active.
        pub last_active_at: Option<Timestamp>,
        /// Last name; may be `""`.
        pub last_name: Option<String>,
        /// When the user last signed in.
        pub last_sign_in_at: Option<Timestamp>,
        /// When the user agreed to your legal terms.
        pub legal_accepted_at: Option<Timestamp>,
        /// The user's language, such as `en-US`.
        pub locale: Option<String>,
        /// Whether the user is locked out after too many failed attempts.
        pub locked: Option<bool>,
        /// Seconds until the lockout ends.
        #[serde(default, deserialize_with = "optional_integer")]
        pub lockout_expires_in_seconds: Option<i64>,
        /// When the user disabled the second factor.
        pub mfa_disabled_at: Option<Timestamp>,
        /// When the user enabled a second factor.
        pub mfa_enabled_at: Option<Timestamp>,
        /// The object type, `user`.
        pub object: Option<ObjectType>,
        /// The user's memberships. Clerk's schema has them, but no recorded webhook does.
        #[serde(default, deserialize_with = "null_as_default")]
        pub organization_memberships: Vec<UserMembership>,
        /// The user's passkeys.
        #[serde(default, deserialize_with = "null_as_default")]
        pub passkeys: Vec<Passkey>,
        /// Whether the user has a password.
        pub password_enabled: Option<bool>,
        /// When the password last changed.
        pub password_last_updated_at: Option<Timestamp>,
        /// The user's phone numbers, in no defined order. See
        /// [`primary_phone_number`](Self::primary_phone_number).
        #[serde(default, deserialize_with = "null_as_default")]
        pub phone_numbers: Vec<PhoneNumber>,
        /// The id of the primary address in [`email_addresses`](Self::email_addresses).
        pub primary_email_address_id: Option<String>,
        /// The id of the primary number in [`phone_numbers`](Self::phone_numbers).
        pub primary_phone_number_id: Option<String>,
        /// The id of the primary wallet in [`web3_wallets`](Self::web3_wallets).
        pub primary_web3_wallet_id: Option<String>,
        /// Your metadata. Only your servers can read it.
        #[serde(default)]
        pub private_metadata: RawJson,
        /// Deprecated by Clerk in favour of `image_url`.
        pub profile_image_url: Option<String>,
        /// Your metadata. The user's browser can read it.
        #[serde(default)]
        pub public_metadata: RawJson,
        /// Whether the user must choose a new password. Clerk sends it, but its schema does not have it.
        pub requires_password_reset: Option<bool>,
        /// The user's accounts at SAML providers. Newer events have them in `enterprise_accounts` too.
        #[serde(default, deserialize_with = "null_as_default")]
        pub saml_accounts: Vec<SamlAccount>,
        /// What a SCIM directory knows about the user.
        pub scim: Option<ScimUserMetadata>,
        /// The user's time zone, such as `Europe/Amsterdam`.
        pub timezone: Option<String>,
        /// Whether the user has an authenticator app.
        pub totp_enabled: Option<bool>,
        /// Whether the user has a second factor.
        pub two_factor_enabled: Option<bool>,
        /// Metadata that the user's browser can write. Do not trust it.
        #[serde(default)]
        pub unsafe_metadata: RawJson,
        /// When the user last changed. Use it to order events.
        pub updated_at: Option<Timestamp>,
        /// The user's username.
        pub username: Option<String>,
        /// How many failed attempts are left before a lockout.
        #[serde(default, deserialize_with = "optional_integer")]
        pub verification_attempts_remaining: Option<i64>,
        /// The user's crypto wallets.
        #[serde(default, deserialize_with = "null_as_default")]
        pub web3_wallets: Vec<Web3Wallet>,
    }
}

impl User {
    /// The e-mail address with the id `primary_email_address_id`.
    ///
    /// The first address is not always the primary one: the order of addresses has no meaning.
    ///
    /// ```
    /// use clerk_webhooks::testing::{self, fixtures};
    ///
    /// let event = testing::deliver(fixtures::user_created().email("jane@example.org"));
    /// let primary = event.data.as_user().and_then(|user| user.primary_email_address());
    /// assert_eq!(primary.map(|address| address.email_address.as_str()), Some("jane@example.org"));
    /// ```
    #[must_use]
    pub fn primary_email_address(&self) -> Option<&EmailAddress> {
        let id = self.primary_email_address_id.as_deref()?;
        self.email_addresses
            .iter()
            .find(|address| address.id.as_deref() == Some(id))
    }

    /// The phone number with the id `primary_phone_number_id`.
    ///
    /// ```
    /// use clerk_webhooks::event::User;
    ///
    /// let user: User = serde_json::from_str(
    ///     r#"{"id": "user_1", "primary_phone_number_id": "idn_2",
    ///         "phone_numbers": [{"id": "idn_2", "phone_number": "+15555550100"}]}"#,
    /// )?;
    /// let primary = user.primary_phone_number().and_then(|number| number.phone_number.as_deref());
    /// assert_eq!(primary, Some("+15555550100"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn primary_phone_number(&self) -> Option<&PhoneNumber> {
        let id = self.primary_phone_number_id.as_deref()?;
        self.phone_numbers
            .iter()
            .find(|number| number.id.as_deref() == Some(id))
    }

    /// The addresses that the user has verified.
    ///
    /// ```
    /// use clerk_webhooks::event::User;
    ///
    /// let user: User = serde_json::from_str(
    ///     r#"{"id": "user_1", "email_addresses": [
    ///         {"email_address": "new@example.org", "verification": {"status": "unverified"}},
    ///         {"email_address": "jane@example.org", "verification": {"status": "verified"}}
    ///     ]}"#,
    /// )?;
    /// let mut verified = user.verified_email_addresses().map(|address| address.email_address.as_str());
    /// assert_eq!((verified.next(), verified.next()), (Some("jane@example.org"), None));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn verified_email_addresses(&self) -> impl Iterator<Item = &EmailAddress> {
        self.email_addresses
            .iter()
            .filter(|address| address.is_verified())
    }

    /// First and last name, separated by a space; `None` if both are blank.
    ///
    /// ```
    /// use clerk_webhooks::testing::fixtures;
    ///
    /// let fixture = fixtures::user_created();
    /// assert_eq!(fixture.data().full_name().as_deref(), Some("Mira Lindqvist"));
    /// let fixture = fixture.with(|user| user.last_name = None);
    /// assert_eq!(fixture.data().full_name().as_deref(), Some("Mira"));
    /// ```
    #[must_use]
    pub fn full_name(&self) -> Option<String> {
        let names =
            [&self.first_name, &self.last_name].map(|name| name.as_deref().unwrap_or("").trim());
        Some(names.join(" ").trim().to_owned()).filter(|name| !name.is_empty())
    }
}

impl EventObject for User {
    fn id(&self) -> &str {
        &self.id
    }

    fn user_id(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn updated_at(&self) -> Option<Timestamp> {
        self.updated_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(fields: &str) -> User {
        serde_json::from_str(&format!(r#"{{"id": "user_1", {fields}}}"#)).unwrap()
    }

    #[test]
    fn the_primary_address_is_the_named_one_and_never_simply_the_first() {
        let addresses = r#""email_addresses": [
            {"id": "idn_1", "email_address": "first@example.org"},
            {"id": "idn_2", "email_address": "second@example.org"}
        ]"#;
        let primary = |id: &str| {
            let user = user(&format!(r#""primary_email_address_id": {id}, {addresses}"#));
            user.primary_email_address()
                .map(|address| address.email_address.clone())
        };
        assert_eq!(primary(r#""idn_2""#).as_deref(), Some("second@example.org"));
        assert_eq!(primary(r#""idn_3""#), None);
        assert_eq!(primary("null"), None);
        assert_eq!(user(addresses).primary_email_address(), None);
    }

    #[test]
    fn the_primary_number_is_the_named_one() {
        let numbers =
            r#""phone_numbers": [{"phone_number": "+1"}, {"id": "idn_2", "phone_number": "+2"}]"#;
        let named = user(&format!(r#""primary_phone_number_id": "idn_2", {numbers}"#));
        let number = named
            .primary_phone_number()
            .and_then(|number| number.phone_number.as_deref());
        assert_eq!(number, Some("+2"));
        assert_eq!(user(numbers).primary_phone_number(), None);
    }

    #[test]
    fn only_a_verified_address_is_verified() {
        let user = user(
            r#""email_addresses": [
                {"id": "1", "email_address": "a", "verification": {"status": "verified"}},
                {"id": "2", "email_address": "b", "verification": {"status": "unverified"}},
                {"id": "3", "email_address": "c", "verification": {"status": "verified_by_hand"}},
                {"id": "4", "email_address": "d", "verification": {}},
                {"id": "5", "email_address": "e", "verification": null},
                {"id": "6", "email_address": "f"}
            ]"#,
        );
        let verified: Vec<_> = user
            .verified_email_addresses()
            .filter_map(|address| address.id.as_deref())
            .collect();
        assert_eq!(verified, ["1"]);
    }

    #[test]
    fn a_full_name_has_no_white_space_around_or_between_for_nothing() {
        let full = |first: &str, last: &str| {
            user(&format!(r#""first_name": {first}, "last_name": {last}"#)).full_name()
        };
        assert_eq!(full(r#"" Jane""#, r#""Doe ""#).as_deref(), Some("Jane Doe"));
        assert_eq!(full(r#""Jane""#, r#""""#).as_deref(), Some("Jane"));
        assert_eq!(full("null", r#""Doe""#).as_deref(), Some("Doe"));
        assert_eq!(full(r#""  ""#, "null"), None);
        assert_eq!(full("null", "null"), None);
    }
}
