//! Signing secrets: parsed strictly, labelled, never printed.

use std::{
    error::Error,
    fmt,
    str::FromStr,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD},
};
use serde::{Deserialize, Deserializer, de};
use zeroize::Zeroizing;

use super::signature::Key;

pub(super) const PREFIX: &str = "whsec_";

/// Standard Webhooks asks for 24 to 64 bytes.
const MIN_KEY_BYTES: usize = 24;

/// The `whsec_...` text of an endpoint, ready to verify and to sign.
///
/// Clerk's dashboard shows it on the endpoint's page as *Signing Secret*. The text is not kept: only
/// an HMAC state that is made from it, which is wiped from memory on drop and never printed.
///
/// ```
/// use clerk_webhooks::SigningSecret;
///
/// let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?.with_label("2026-01");
/// assert_eq!(format!("{secret:?}"), r#"SigningSecret { label: Some("2026-01"), .. }"#);
/// # Ok::<(), clerk_webhooks::SecretError>(())
/// ```
#[derive(Clone)]
pub struct SigningSecret {
    key: Key,
    label: Option<Arc<str>>,
}

impl SigningSecret {
    /// Reads a signing secret: `whsec_` (optional) and the base64 of at least 24 bytes.
    ///
    /// Space, tab, CR, LF and FF around it are trimmed. The base64 is of the standard alphabet and
    /// canonical; its padding may be left out, but only the whole of it.
    ///
    /// # Errors
    ///
    /// Any other text is refused here, when the service starts, with a [`SecretError`] that says what to
    /// do. No text turns verification off.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, verify::SecretErrorKind};
    ///
    /// let refused = SigningSecret::parse("sk_live_4eC39HqLyjWDarjtT1zdp7dc").unwrap_err();
    /// assert_eq!(refused.kind(), SecretErrorKind::ApiKey);
    /// ```
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let text = text.trim_matches([' ', '\t', '\r', '\n', '\x0c']);
        refuse_lookalikes(text)?;
        let encoded = text.strip_prefix(PREFIX).unwrap_or(text);
        if encoded.is_empty() {
            return Err(SecretErrorKind::PrefixOnly.into());
        }
        let key = decode_key(encoded)?;
        Ok(Self { key, label: None })
    }

    /// Names this secret, so that logs can tell which one matched during a rotation.
    ///
    /// Without a label a [`Verifier`](crate::Verifier) labels its secrets `secret`, `secret#2`, and so on.
    /// A label is written to logs: it must not hold the secret.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into().into());
        self
    }

    /// The name given by [`with_label`](Self::with_label).
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// Signs a delivery as the sender does. Returns one entry of `svix-signature`: `v1,<base64>`.
    ///
    /// For tests and tools. The timestamp is signed in whole seconds since 1970, as the header
    /// `svix-timestamp` carries it; a time before 1970 is signed as 0.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// use clerk_webhooks::SigningSecret;
    ///
    /// let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let sent_at = UNIX_EPOCH + Duration::from_secs(1_614_265_330);
    /// assert_eq!(
    ///     secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", sent_at, br#"{"test": 2432232314}"#),
    ///     "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    /// );
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn sign(&self, message_id: &str, sent_at: SystemTime, body: &[u8]) -> String {
        let seconds = sent_at
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let signature = self
            .key
            .mac(message_id, seconds.to_string().as_bytes(), body);
        signature.to_header_entry()
    }

    pub(super) fn key(&self) -> &Key {
        &self.key
    }

    pub(super) fn shared_label(&self) -> Option<&Arc<str>> {
        self.label.as_ref()
    }
}

/// As [`SigningSecret::parse`].
///
/// ```
/// use clerk_webhooks::SigningSecret;
///
/// let secret: SigningSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
/// # Ok::<(), clerk_webhooks::SecretError>(())
/// ```
impl FromStr for SigningSecret {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        Self::parse(text)
    }
}

/// As [`SigningSecret::parse`]; the text is wiped from memory afterwards.
impl TryFrom<String> for SigningSecret {
    type Error = SecretError;

    fn try_from(text: String) -> Result<Self, SecretError> {
        Self::parse(&Zeroizing::new(text))
    }
}

/// From a configuration file, as [`SigningSecret::parse`]. The error does not quote the text.
///
/// ```
/// #[derive(serde::Deserialize)]
/// struct Config {
///     signing_secret: clerk_webhooks::SigningSecret,
/// }
///
/// let config = r#"{ "signing_secret": "sk_test_3q2u3q2u3q2u" }"#;
/// let error = serde_json::from_str::<Config>(config).err().unwrap();
/// assert!(error.to_string().starts_with("the signing secret is a Clerk API key"));
/// assert!(!error.to_string().contains("3q2u"));
/// ```
impl<'de> Deserialize<'de> for SigningSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::try_from(text).map_err(de::Error::custom)
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningSecret")
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

/// Refuses what is often pasted in a signing secret's place.
fn refuse_lookalikes(text: &str) -> Result<(), SecretErrorKind> {
    let starts_with_any =
        |prefixes: &[&str]| prefixes.iter().any(|prefix| text.starts_with(prefix));
    if text.is_empty() {
        Err(SecretErrorKind::Empty)
    } else if text.starts_with(['"', '\'', '`']) || text.ends_with(['"', '\'', '`']) {
        Err(SecretErrorKind::Quoted)
    } else if starts_with_any(&["sk_", "pk_"]) {
        Err(SecretErrorKind::ApiKey)
    } else if starts_with_any(&["whsk_", "whpk_"]) {
        Err(SecretErrorKind::AsymmetricKey)
    } else {
        Ok(())
    }
}

fn decode_key(encoded: &str) -> Result<Key, SecretErrorKind> {
    let engine = if encoded.ends_with('=') {
        BASE64_STANDARD
    } else {
        BASE64_STANDARD_NO_PAD
    };
    let bytes = engine.decode(encoded).map(Zeroizing::new);
    let bytes = bytes.map_err(|_| SecretErrorKind::NotBase64)?;
    if bytes.len() < MIN_KEY_BYTES {
        return Err(SecretErrorKind::TooShort);
    }
    // HMAC pads keys with zeros: a key of zeros alone equals the empty key.
    if bytes.iter().all(|byte| *byte == 0) {
        return Err(SecretErrorKind::AllZero);
    }
    Key::new(&bytes).ok_or(SecretErrorKind::NotBase64)
}

/// Why a text is not a signing secret. The message says what to do, and never holds the text itself.
///
/// ```
/// use clerk_webhooks::SigningSecret;
///
/// let refused = SigningSecret::parse("  ").unwrap_err();
/// assert_eq!(refused.code(), "empty");
/// assert!(refused.to_string().contains("Clerk's dashboard"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SecretError {
    kind: SecretErrorKind,
    source_name: Option<String>,
}

impl SecretError {
    /// Which rule the text broke.
    #[must_use]
    pub fn kind(&self) -> SecretErrorKind {
        self.kind
    }

    /// The stable reason code of [`kind`](Self::kind), as logs and tools print it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// Names where the text came from, such as an environment variable.
    pub(super) fn of(name: impl Into<String>, kind: SecretErrorKind) -> Self {
        Self {
            kind,
            source_name: Some(name.into()),
        }
    }
}

impl From<SecretErrorKind> for SecretError {
    fn from(kind: SecretErrorKind) -> Self {
        Self {
            kind,
            source_name: None,
        }
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.source_name.as_deref().unwrap_or("the signing secret");
        write!(f, "{name} {}", self.kind.explanation())
    }
}

/// The message too: a `main` that returns it with `?` prints this.
impl fmt::Debug for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.kind)
    }
}

impl Error for SecretError {}

/// The rules that a signing secret can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecretErrorKind {
    /// Nothing, or nothing but white space (in an environment variable: or commas).
    Empty,
    /// `whsec_` with nothing after it.
    PrefixOnly,
    /// An entry of an environment variable that does not start with `whsec_`.
    MissingPrefix,
    /// Quotation marks around the secret.
    Quoted,
    /// A Clerk API key, `sk_...` or `pk_...`.
    ApiKey,
    /// An Ed25519 key, `whsk_...` or `whpk_...`.
    AsymmetricKey,
    /// Not canonical base64 of the standard alphabet.
    NotBase64,
    /// A key of fewer than 24 bytes.
    TooShort,
    /// A key of zero bytes only.
    AllZero,
    /// None of the environment variables that could hold a secret is set.
    NotSet,
    /// The environment variable does not hold Unicode text.
    NotUnicode,
}

impl SecretErrorKind {
    /// The stable reason code, as logs and tools print it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::PrefixOnly => "prefix_only",
            Self::MissingPrefix => "missing_prefix",
            Self::Quoted => "quoted",
            Self::ApiKey => "api_key",
            Self::AsymmetricKey => "asymmetric_key",
            Self::NotBase64 => "not_base64",
            Self::TooShort => "too_short",
            Self::AllZero => "all_zero",
            Self::NotSet => "not_set",
            Self::NotUnicode => "not_unicode",
        }
    }

    /// Completes a sentence that starts with the name of what was read.
    fn explanation(self) -> &'static str {
        match self {
            Self::Empty => {
                "is empty: copy the endpoint's Signing Secret (`whsec_...`) from the Webhooks page \
                 of Clerk's dashboard"
            }
            Self::PrefixOnly => {
                "is `whsec_` with nothing after it: copy the whole Signing Secret from the \
                 endpoint's page in Clerk's dashboard"
            }
            Self::MissingPrefix => {
                "does not start with `whsec_`: several secrets are separated by commas or white \
                 space, and each of them starts with `whsec_`"
            }
            Self::Quoted => "has quotation marks around it: remove them",
            Self::ApiKey => {
                "is a Clerk API key (`sk_...` or `pk_...`): deliveries are signed with the \
                 endpoint's own Signing Secret (`whsec_...`); if the key was shown anywhere it should \
                 not be, roll it"
            }
            Self::AsymmetricKey => {
                "is an asymmetric key (`whsk_...` or `whpk_...`, Ed25519): only symmetric keys \
                 (`whsec_...`, HMAC-SHA256) are supported; set the endpoint to symmetric signatures"
            }
            Self::NotBase64 => {
                "is not valid base64 after `whsec_`: copy it again, whole and unchanged, from the \
                 endpoint's page in Clerk's dashboard"
            }
            Self::TooShort => {
                "is too short: a key has at least 24 bytes (32 characters of base64); copy the whole \
                 Signing Secret from the endpoint's page in Clerk's dashboard"
            }
            Self::AllZero => {
                "decodes to zero bytes only, which anyone could guess: copy the real Signing Secret \
                 from the endpoint's page in Clerk's dashboard"
            }
            Self::NotSet => {
                "is not set: set it to the endpoint's Signing Secret (`whsec_...`) from the Webhooks \
                 page of Clerk's dashboard"
            }
            Self::NotUnicode => "does not hold Unicode text: a secret is plain ASCII, `whsec_...`",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 24 bytes, the shortest key.
    const SHORTEST: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[track_caller]
    fn assert_refused(text: &str, kind: SecretErrorKind) {
        let refused = SigningSecret::parse(text).unwrap_err();
        assert_eq!(refused.kind(), kind, "{text:?}");
        let message = refused.to_string();
        let body = text.trim().trim_start_matches(PREFIX);
        assert!(body.len() < 8 || !message.contains(body), "{message}");
    }

    #[test]
    fn the_prefix_is_optional_and_white_space_is_trimmed() {
        let signed = |text: &str| {
            SigningSecret::parse(text)
                .unwrap()
                .sign("m", UNIX_EPOCH, b"")
        };
        let expected = signed(&format!("whsec_{SHORTEST}"));
        for text in [
            SHORTEST.to_owned(),
            format!(" \t\r\n\x0cwhsec_{SHORTEST}\x0c\n\r\t "),
        ] {
            assert_eq!(signed(&text), expected, "{text:?}");
        }
        for untrimmed in ["\u{a0}", "\x0b", "\u{feff}", "\0"] {
            let text = format!("{untrimmed}whsec_{SHORTEST}");
            assert_refused(&text, SecretErrorKind::NotBase64);
        }
    }

    #[test]
    fn padding_is_whole_or_absent() {
        let (one, two) = ("A".repeat(31) + "B", "C".repeat(32));
        for (encoded, bytes) in [(format!("{one}AAA="), 26), (format!("{two}AA=="), 25)] {
            assert_eq!(BASE64_STANDARD.decode(&encoded).unwrap().len(), bytes);
            assert!(SigningSecret::parse(&encoded).is_ok());
            assert!(SigningSecret::parse(encoded.trim_end_matches('=')).is_ok());
        }
        assert_refused(&format!("{two}AA="), SecretErrorKind::NotBase64);
        assert_refused(&format!("{two}AAA=="), SecretErrorKind::NotBase64);
        assert_refused(&format!("{two}===="), SecretErrorKind::NotBase64);
        assert_refused(&format!("{two}AB=="), SecretErrorKind::NotBase64);
        assert_refused(&format!("{two}AB"), SecretErrorKind::NotBase64);
    }

    #[test]
    fn a_key_has_at_least_24_bytes_and_may_have_more() {
        assert!(SigningSecret::parse(SHORTEST).is_ok());
        assert_refused(&BASE64_STANDARD.encode([1; 23]), SecretErrorKind::TooShort);
        assert_refused("whsec_password", SecretErrorKind::TooShort);
        for bytes in [25, 63, 64, 65, 75, 4096] {
            let encoded = BASE64_STANDARD.encode(vec![1; bytes]);
            assert!(SigningSecret::parse(&encoded).is_ok(), "{bytes}");
        }
    }

    #[test]
    fn one_bit_makes_a_key_of_zeros_a_key() {
        let mut key = [0; 32];
        assert_refused(&BASE64_STANDARD.encode(key), SecretErrorKind::AllZero);
        key[31] = 1;
        assert!(SigningSecret::parse(&BASE64_STANDARD.encode(key)).is_ok());
    }

    #[test]
    fn what_is_pasted_by_mistake_gets_its_own_message() {
        for (text, kind) in [
            ("", SecretErrorKind::Empty),
            (" \n", SecretErrorKind::Empty),
            ("whsec_", SecretErrorKind::PrefixOnly),
            (
                "sk_test_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                SecretErrorKind::ApiKey,
            ),
            (
                "pk_live_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                SecretErrorKind::ApiKey,
            ),
            (
                "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                SecretErrorKind::AsymmetricKey,
            ),
            (
                "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                SecretErrorKind::AsymmetricKey,
            ),
            (
                "\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"",
                SecretErrorKind::Quoted,
            ),
            (
                "'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                SecretErrorKind::Quoted,
            ),
            (
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'",
                SecretErrorKind::Quoted,
            ),
            (
                "whsec_MfKQ9r8GKYqrTwjU PD8ILPZIo2LaLaSw",
                SecretErrorKind::NotBase64,
            ),
            (
                "whsec_MfKQ9r8GKYqrTwjU-D8ILPZIo2LaLa_w",
                SecretErrorKind::NotBase64,
            ),
            (
                "whsec_whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                SecretErrorKind::NotBase64,
            ),
            (
                "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                SecretErrorKind::NotBase64,
            ),
        ] {
            assert_refused(text, kind);
        }
        let asymmetric = SigningSecret::parse("whsk_x").unwrap_err();
        assert!(asymmetric.to_string().contains("asymmetric"));
        assert_eq!(
            format!("{asymmetric:?}"),
            format!("AsymmetricKey: {asymmetric}")
        );
    }

    #[test]
    fn every_kind_has_a_code_of_its_own() {
        use SecretErrorKind::*;
        for (kind, code) in [
            (Empty, "empty"),
            (PrefixOnly, "prefix_only"),
            (MissingPrefix, "missing_prefix"),
            (Quoted, "quoted"),
            (ApiKey, "api_key"),
            (AsymmetricKey, "asymmetric_key"),
            (NotBase64, "not_base64"),
            (TooShort, "too_short"),
            (AllZero, "all_zero"),
            (NotSet, "not_set"),
            (NotUnicode, "not_unicode"),
        ] {
            assert_eq!(SecretError::from(kind).code(), code);
        }
    }
}
