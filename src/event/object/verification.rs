//! [`Verification`] of an address, a wallet or an account.

use serde::{Deserialize, Serialize};

use crate::event::{
    json::object::object,
    object::object_type::ObjectType,
    value::{
        integer::optional_integer, open_enum::open_enum, raw_json::RawJson,
        redacted::debug_without_secrets, timestamp::Timestamp,
    },
};

object! {
    /// The verification of an e-mail address, a phone number, a wallet, a passkey or an account.
    ///
    /// Clerk has a schema for each kind of verification. This type has the fields of all of them; which fields
    /// are present depends on the [`strategy`](Self::strategy).
    ///
    /// ```
    /// use clerk_webhooks::event::{Verification, VerificationStrategy};
    ///
    /// let verification: Verification =
    ///     serde_json::from_str(r#"{"status": "verified", "strategy": "email_code", "attempts": 1}"#)?;
    /// assert!(verification.is_verified());
    /// assert_eq!(verification.strategy, Some(VerificationStrategy::EmailCode));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct Verification {
        /// Number of attempts.
        #[serde(default, deserialize_with = "optional_integer")]
        pub attempts: Option<i64>,
        /// The channel over which a code is sent, such as `sms`.
        pub channel: Option<String>,
        /// Why the verification failed.
        pub error: Option<Box<ClerkError>>,
        /// When the verification expires.
        pub expire_at: Option<Timestamp>,
        /// The URL where the user completes the verification at a provider (OAuth, SAML).
        pub external_verification_redirect_url: Option<String>,
        /// The text that a wallet signs.
        pub message: Option<String>,
        /// The nonce that a wallet signs. For a passkey, the literal text `nonce`.
        pub nonce: Option<String>,
        /// The object type, one for each kind of verification.
        pub object: Option<ObjectType>,
        /// Current status.
        pub status: Option<VerificationStatus>,
        /// The method of verification.
        pub strategy: Option<VerificationStrategy>,
        /// The id of the client that completed the verification.
        pub verified_at_client: Option<String>,
    }
}

debug_without_secrets!(Verification {
    object, status, strategy, attempts, expire_at, channel, verified_at_client, error,
} redacted {
    external_verification_redirect_url, nonce, message,
});

impl Verification {
    /// Whether the status is `verified`.
    ///
    /// ```
    /// use clerk_webhooks::event::Verification;
    ///
    /// let verification: Verification = serde_json::from_str(r#"{"status": "expired"}"#)?;
    /// assert!(!verification.is_verified());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.status == Some(VerificationStatus::Verified)
    }
}

object! {
    /// Clerk's error about a failed verification.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct ClerkError {
        /// Error code.
        pub code: Option<String>,
        /// The message for users.
        pub long_message: Option<String>,
        /// The message for developers.
        pub message: Option<String>,
        /// Details about the error. They have no fixed structure.
        #[serde(default)]
        pub meta: RawJson,
    }
}

open_enum! {
    /// The status of a verification.
    pub enum VerificationStatus {
        Expired = "expired",
        Failed = "failed",
        Transferable = "transferable",
        Unverified = "unverified",
        Verified = "verified",
    }
}

open_enum! {
    /// The method of a verification.
    ///
    /// Each OAuth provider has its own strategies, such as `oauth_google` and `from_oauth_github`. They
    /// become `Unknown`.
    pub enum VerificationStrategy {
        Admin = "admin",
        EmailCode = "email_code",
        EmailLink = "email_link",
        GoogleOneTap = "google_one_tap",
        Passkey = "passkey",
        PhoneCode = "phone_code",
        ResetPasswordEmailCode = "reset_password_email_code",
        Saml = "saml",
        Scim = "scim",
        Ticket = "ticket",
        Web3BaseSignature = "web3_base_signature",
        Web3CoinbaseWalletSignature = "web3_coinbase_wallet_signature",
        Web3MetamaskSignature = "web3_metamask_signature",
        Web3OkxWalletSignature = "web3_okx_wallet_signature",
        Web3SolanaSignature = "web3_solana_signature",
    }
}
