//! How an address, a wallet or an account was verified.

use serde::{Deserialize, Serialize};

use crate::event::{
    object::object_type::ObjectType,
    value::{
        integer::optional_integer, open_enum::open_enum, raw_json::RawJson,
        redacted::debug_without_secrets, timestamp::Timestamp,
    },
};

/// How, and whether, an e-mail address, a phone number, a wallet, a passkey or an account was
/// verified.
///
/// Clerk has a schema for each kind of verification; this is their union. Which fields there are
/// depends on the [`strategy`](Self::strategy).
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
    /// Which kind of verification it is.
    pub object: Option<ObjectType>,
    /// How far it got.
    pub status: Option<VerificationStatus>,
    /// By what it is, or was, verified.
    pub strategy: Option<VerificationStrategy>,
    /// How often it was tried.
    #[serde(default, deserialize_with = "optional_integer")]
    pub attempts: Option<i64>,
    /// When it can no longer be completed.
    pub expire_at: Option<Timestamp>,
    /// By which channel a code was sent, such as `sms`.
    pub channel: Option<String>,
    /// The client that completed it.
    pub verified_at_client: Option<String>,
    /// What went wrong with it.
    pub error: Option<Box<ClerkError>>,
    /// Where the user completes it with a provider (OAuth, SAML).
    pub external_verification_redirect_url: Option<String>,
    /// What a wallet signs, or the word `nonce` of a passkey.
    pub nonce: Option<String>,
    /// The text that a wallet signs.
    pub message: Option<String>,
}

debug_without_secrets!(Verification {
    object, status, strategy, attempts, expire_at, channel, verified_at_client, error,
} redacted {
    external_verification_redirect_url, nonce, message,
});

impl Verification {
    /// Whether the status is `verified`.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.status == Some(VerificationStatus::Verified)
    }
}

/// An error of Clerk's own, as a verification reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClerkError {
    /// For a developer.
    pub message: Option<String>,
    /// For a user.
    pub long_message: Option<String>,
    /// For a program.
    pub code: Option<String>,
    /// What belongs to this code; of no fixed shape.
    #[serde(default)]
    pub meta: RawJson,
}

open_enum! {
    /// How far a verification got.
    pub enum VerificationStatus {
        Expired = "expired",
        Failed = "failed",
        Transferable = "transferable",
        Unverified = "unverified",
        Verified = "verified",
    }
}

open_enum! {
    /// By what something was verified.
    ///
    /// The strategies of OAuth providers (`oauth_google`, `from_oauth_github`) are as many as there
    /// are providers: they arrive as `Unknown` with their text.
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
