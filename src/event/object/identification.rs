//! The identifications of a user: [`EmailAddress`], [`PhoneNumber`], [`Web3Wallet`], [`Passkey`].

use serde::{Deserialize, Serialize};

use crate::event::{
    json::object::object,
    object::{object_type::ObjectType, verification::Verification},
    value::{lenient::null_as_default, redacted::debug_without_secrets, timestamp::Timestamp},
};

object! {
    /// An e-mail address of a user.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct EmailAddress {
        /// When it was added.
        pub created_at: Option<Timestamp>,
        /// The address, such as `jane@example.org`.
        pub email_address: String,
        /// Clerk's id, `idn_...`.
        pub id: Option<String>,
        /// The external accounts that verified it.
        #[serde(default, deserialize_with = "null_as_default")]
        pub linked_to: Vec<IdentificationLink>,
        /// Whether its domain belongs to an enterprise connection.
        pub matches_sso_connection: Option<bool>,
        /// The object type, `email_address`.
        pub object: Option<ObjectType>,
        /// Whether it is reserved for a user who has not verified it.
        pub reserved: Option<bool>,
        /// When it last changed.
        pub updated_at: Option<Timestamp>,
        /// The verification; absent while `reserved` is true.
        pub verification: Option<Verification>,
    }
}

impl EmailAddress {
    /// Whether the user has verified it.
    ///
    /// ```
    /// use clerk_webhooks::event::EmailAddress;
    ///
    /// let address: EmailAddress = serde_json::from_str(
    ///     r#"{"email_address": "jane@example.org", "verification": {"status": "unverified"}}"#,
    /// )?;
    /// assert!(!address.is_verified());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.verification
            .as_ref()
            .is_some_and(Verification::is_verified)
    }
}

object! {
    /// A phone number of a user.
    #[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct PhoneNumber {
        /// Backup codes for a lost second factor. They are credentials: do not store or log them.
        #[serde(default, deserialize_with = "null_as_default")]
        pub backup_codes: Vec<String>,
        /// When it was added.
        pub created_at: Option<Timestamp>,
        /// Whether it is the default second factor.
        pub default_second_factor: Option<bool>,
        /// Clerk's id, `idn_...`.
        pub id: Option<String>,
        /// The external accounts that verified it.
        #[serde(default, deserialize_with = "null_as_default")]
        pub linked_to: Vec<IdentificationLink>,
        /// The object type, `phone_number`.
        pub object: Option<ObjectType>,
        /// The number in E.164 format, such as `+15555550100`.
        pub phone_number: Option<String>,
        /// Whether it is reserved for a user who has not verified it.
        pub reserved: Option<bool>,
        /// Whether it is used as a second factor.
        pub reserved_for_second_factor: Option<bool>,
        /// When it last changed.
        pub updated_at: Option<Timestamp>,
        /// The verification; absent while `reserved` is true.
        pub verification: Option<Verification>,
    }
}

debug_without_secrets!(PhoneNumber {
    id, object, phone_number, reserved_for_second_factor, default_second_factor, reserved,
    verification, linked_to, created_at, updated_at,
} redacted {
    backup_codes,
});

impl PhoneNumber {
    /// Whether the user has verified it.
    ///
    /// ```
    /// use clerk_webhooks::event::PhoneNumber;
    ///
    /// let number: PhoneNumber = serde_json::from_str(
    ///     r#"{"phone_number": "+15555550100", "verification": {"status": "verified"}}"#,
    /// )?;
    /// assert!(number.is_verified());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.verification
            .as_ref()
            .is_some_and(Verification::is_verified)
    }
}

object! {
    /// An external account that verified an e-mail address or a phone number.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct IdentificationLink {
        /// Clerk's id for the account.
        pub id: Option<String>,
        /// The field `type`: the strategy of the account, such as `oauth_google`.
        #[serde(rename = "type")]
        pub link_type: Option<String>,
    }
}

object! {
    /// A crypto wallet of a user.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct Web3Wallet {
        /// When it was added.
        pub created_at: Option<Timestamp>,
        /// Clerk's id, `idn_...`.
        pub id: Option<String>,
        /// The object type, `web3_wallet`.
        pub object: Option<ObjectType>,
        /// When it last changed.
        pub updated_at: Option<Timestamp>,
        /// The verification.
        pub verification: Option<Verification>,
        /// The wallet's address.
        pub web3_wallet: Option<String>,
    }
}

object! {
    /// A passkey of a user. Clerk never sends the key itself.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct Passkey {
        /// Clerk's id, `idn_...`.
        pub id: Option<String>,
        /// When it was last used.
        pub last_used_at: Option<Timestamp>,
        /// The name that the user gave it.
        pub name: Option<String>,
        /// The object type, `passkey`.
        pub object: Option<ObjectType>,
        /// The verification.
        pub verification: Option<Verification>,
    }
}
