//! Why a text is not a signing secret.

use std::{error::Error, fmt};

/// The error for a text that is not a signing secret. The message says what to do and never contains the
/// text.
///
/// ```
/// use clerk_webhooks::SigningSecret;
///
/// let error = SigningSecret::parse("  ").unwrap_err();
/// assert_eq!(error.kind().code(), "empty");
/// assert!(error.to_string().contains("Clerk's dashboard"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SecretError {
    /// The source of the text, such as the name of an environment variable.
    origin: String,
    kind: SecretErrorKind,
}

impl SecretError {
    pub(crate) fn of(origin: impl Into<String>, kind: SecretErrorKind) -> Self {
        Self {
            origin: origin.into(),
            kind,
        }
    }

    /// Which rule the text breaks.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, verify::SecretErrorKind};
    ///
    /// let error = SigningSecret::parse("whsec_MfKQ9r8G").unwrap_err();
    /// assert_eq!(error.kind(), SecretErrorKind::TooShort);
    /// ```
    #[must_use]
    pub fn kind(&self) -> SecretErrorKind {
        self.kind
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.origin, self.kind.explanation())
    }
}

/// Includes the message, because a `main` that returns this error prints its `Debug` output.
impl fmt::Debug for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.kind)
    }
}

impl Error for SecretError {}

/// One row for each rule: `Variant = "code", "explanation"`. The explanation completes a sentence whose
/// subject is the source of the text.
macro_rules! secret_error_kinds {
    ($( $(#[$meta:meta])* $Kind:ident = $code:literal, $explanation:literal; )+) => {
        /// The rules that a signing secret can break.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum SecretErrorKind {
            $( $(#[$meta])* $Kind, )+
        }

        impl SecretErrorKind {
            /// The stable reason code, for logs and tools.
            ///
            /// ```
            /// use clerk_webhooks::verify::SecretErrorKind;
            ///
            /// assert_eq!(SecretErrorKind::TooShort.code(), "too_short");
            /// ```
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $( Self::$Kind => $code, )+ }
            }

            const fn explanation(self) -> &'static str {
                match self { $( Self::$Kind => $explanation, )+ }
            }
        }
    };
}

secret_error_kinds! {
    /// The text is empty or only white space. In an environment variable: only white space and commas.
    Empty = "empty",
        "is empty: copy the endpoint's Signing Secret (`whsec_...`) from the Webhooks page of Clerk's dashboard";
    /// The text is `whsec_` with nothing after it.
    PrefixOnly = "prefix_only",
        "is `whsec_` with nothing after it: copy the whole Signing Secret from the endpoint's page in Clerk's \
         dashboard";
    /// An entry of an environment variable does not start with `whsec_`.
    MissingPrefix = "missing_prefix",
        "does not start with `whsec_`: several secrets are separated by commas or white space, and each of \
         them starts with `whsec_`";
    /// The text starts or ends with a quotation mark.
    Quoted = "quoted",
        "has quotation marks around it: remove them";
    /// The text is a Clerk API key, `sk_...` or `pk_...`.
    ApiKey = "api_key",
        "is a Clerk API key (`sk_...` or `pk_...`): deliveries are signed with the endpoint's own Signing \
         Secret (`whsec_...`); if the key may have leaked, roll it";
    /// The text is an Ed25519 key, `whsk_...` or `whpk_...`.
    AsymmetricKey = "asymmetric_key",
        "is an asymmetric key (`whsk_...` or `whpk_...`, Ed25519): only symmetric keys (`whsec_...`, \
         HMAC-SHA256) are supported; set the endpoint to symmetric signatures";
    /// The text is not canonical base64 in the standard alphabet.
    NotBase64 = "not_base64",
        "is not valid base64 after `whsec_`: copy it again, whole and unchanged, from the endpoint's page in \
         Clerk's dashboard";
    /// The key has fewer than 24 bytes.
    TooShort = "too_short",
        "is too short: a key has at least 24 bytes (32 characters of base64); copy the whole Signing Secret \
         from the endpoint's page in Clerk's dashboard";
    /// All bytes of the key are zero.
    AllZero = "all_zero",
        "decodes to zero bytes only, which anyone could guess: copy the real Signing Secret from the \
         endpoint's page in Clerk's dashboard";
    /// The environment variable is not set. From `from_env`: neither of the two is set.
    NotSet = "not_set",
        "is not set: set it to the endpoint's Signing Secret (`whsec_...`) from the Webhooks page of Clerk's \
         dashboard";
    /// The environment variable or the file is not valid Unicode.
    NotUnicode = "not_unicode",
        "does not hold Unicode text: a secret is plain ASCII, `whsec_...`";
    /// The file cannot be read.
    Unreadable = "unreadable",
        "cannot be read: check its path and that this process may read it";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `main` that returns the error prints its `Debug`.
    #[test]
    fn its_debug_output_says_what_to_do() {
        let error = SecretError::of("SECRET", SecretErrorKind::AsymmetricKey);
        assert_eq!(format!("{error:?}"), format!("AsymmetricKey: {error}"));
        assert!(error.to_string().starts_with("SECRET is an asymmetric key"));
    }
}
