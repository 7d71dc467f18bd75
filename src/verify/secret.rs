//! [`SigningSecret`]: parsed strictly, labelled, never printed.

use std::{
    fmt, iter,
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

use super::{
    secret_error::{SecretError, SecretErrorKind},
    signature::Key,
};

pub(super) const PREFIX: &str = "whsec_";

/// Standard Webhooks requires 24 to 64 bytes.
const MIN_KEY_BYTES: usize = 24;

/// The `whsec_...` text of an endpoint, ready to verify and to sign.
///
/// Clerk's dashboard shows it on the endpoint's page as *Signing Secret*. This type does not keep the text.
/// It keeps an HMAC state made from it, which is wiped from memory on drop and never printed.
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
    /// Space, tab, CR, LF and FF around the text are trimmed. The base64 must be canonical, in the standard
    /// alphabet, with all of its padding or none.
    ///
    /// # Errors
    ///
    /// Any other text is a [`SecretError`] that says what to do. Verification cannot be turned off.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, verify::SecretErrorKind};
    ///
    /// let refused = SigningSecret::parse("sk_live_4eC39HqLyjWDarjtT1zdp7dc").unwrap_err();
    /// assert_eq!(refused.kind(), SecretErrorKind::ApiKey);
    /// ```
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let key = parse_key(text).map_err(|kind| SecretError::of("the signing secret", kind))?;
        Ok(Self { key, label: None })
    }

    /// Labels this secret. During a rotation, the log shows the label of the secret that matched.
    ///
    /// A [`Verifier`](crate::Verifier) labels secrets without a label `secret`, `secret#2`, and so on.
    /// Labels are logged: do not put the secret into one.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, Verifier, testing::{SignedRequest, fixtures}};
    ///
    /// let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?.with_label("2026-01");
    /// let request = SignedRequest::new(&secret, fixtures::user_created());
    /// let delivery = Verifier::new(secret).verify(&request.headers(), request.body().clone())?;
    /// assert_eq!(delivery.secret_label(), "2026-01");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into().into());
        self
    }

    /// The label, see [`with_label`](Self::with_label).
    ///
    /// ```
    /// use clerk_webhooks::SigningSecret;
    ///
    /// let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// assert_eq!(secret.label(), None);
    /// assert_eq!(secret.with_label("2026-01").label(), Some("2026-01"));
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// Signs a delivery as the sender does. Returns one entry of `svix-signature`: `v1,<base64>`.
    ///
    /// For tests and tools. `sent_at` is signed in whole seconds since 1970, as in the header
    /// `svix-timestamp`. A time before 1970 is signed as 0.
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
            .mac(message_id, seconds.to_string().as_bytes(), iter::once(body));
        signature.to_header_entry()
    }

    pub(super) fn key(&self) -> &Key {
        &self.key
    }

    /// Both sign an empty delivery alike: the key itself is not kept.
    pub(super) fn has_same_key(&self, other: &Self) -> bool {
        let sign = |secret: &Self| secret.key.mac("", b"", iter::empty());
        sign(self) == sign(other)
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

/// As [`SigningSecret::parse`]. The text is wiped from memory afterwards.
impl TryFrom<String> for SigningSecret {
    type Error = SecretError;

    fn try_from(text: String) -> Result<Self, SecretError> {
        Self::parse(&Zeroizing::new(text))
    }
}

/// Reads a text, such as a value in a configuration file, as [`SigningSecret::parse`] does. The error does
/// not quote the text.
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

fn parse_key(text: &str) -> Result<Key, SecretErrorKind> {
    let text = text.trim_matches([' ', '\t', '\r', '\n', '\x0c']);
    refuse_lookalikes(text)?;
    match text.strip_prefix(PREFIX).unwrap_or(text) {
        "" => Err(SecretErrorKind::PrefixOnly),
        encoded => decode_key(encoded),
    }
}

/// Refuses texts that users often paste instead of a signing secret.
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
    // HMAC pads a key of up to 64 bytes with zeros: zeros alone give the same signatures as the empty key.
    if bytes.iter().all(|byte| *byte == 0) {
        return Err(SecretErrorKind::AllZero);
    }
    Key::new(&bytes).ok_or(SecretErrorKind::NotBase64)
}
