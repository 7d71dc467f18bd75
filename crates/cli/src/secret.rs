//! [`SecretText`]: a signing secret as its owner wrote it.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use clerk_webhooks::{SecretError, SigningSecret, Verifier};
use fastrand::Rng;
use zeroize::Zeroizing;

/// The text of a secret, right or wrong, and the name of its source. It is never printed, and wiped from memory on
/// drop.
///
/// ```
/// use clerk_webhooks_cli::SecretText;
///
/// let text = SecretText::new("SECRET", "\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"");
/// assert!(text.parse().unwrap_err().starts_with("SECRET: the signing secret has quotation marks"));
/// assert_eq!(format!("{text:?}"), r#"SecretText("SECRET")"#);
/// ```
#[derive(Clone)]
pub struct SecretText {
    label: String,
    text: Zeroizing<String>,
}

impl SecretText {
    /// The text and its source, such as the name of an environment variable.
    pub fn new(label: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            text: Zeroizing::new(text.into()),
        }
    }

    /// The secrets in a value: separated by commas or white space, as the library separates them.
    ///
    /// A value with an entry that does not start with `whsec_` stays whole: it may be one secret with white space in it.
    ///
    /// ```
    /// use clerk_webhooks_cli::SecretText;
    ///
    /// let two = SecretText::several("SECRET", "whsec_AAAA, whsec_BBBB");
    /// assert_eq!(two.iter().map(SecretText::label).collect::<Vec<_>>(), ["SECRET#1", "SECRET#2"]);
    /// ```
    #[must_use]
    pub fn several(label: &str, value: &str) -> Vec<Self> {
        let entries: Vec<_> = value
            .split(|letter: char| letter == ',' || letter.is_ascii_whitespace())
            .filter(|entry| !entry.is_empty())
            .collect();
        let are_secrets = entries.iter().all(|entry| entry.starts_with("whsec_"));
        match entries.as_slice() {
            several if several.len() > 1 && are_secrets => (1..)
                .zip(several)
                .map(|(place, entry)| Self::new(format!("{label}#{place}"), *entry))
                .collect(),
            [one] => vec![Self::new(label, *one)],
            _ => vec![Self::new(label, value)],
        }
    }

    /// The name of the source.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The secret, with the label. It must start with `whsec_`, as in the environment of a service.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the text and what to do, without quoting it.
    pub fn parse(&self) -> Result<SigningSecret, String> {
        match SigningSecret::parse(&self.text) {
            Ok(secret) if self.text.trim_start().starts_with("whsec_") => {
                Ok(secret.with_label(&self.label))
            }
            Ok(_) => Err(format!(
                "{}: the signing secret does not start with `whsec_`",
                self.label
            )),
            Err(error) => Err(format!("{}: {error}", self.label)),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecretText").field(&self.label).finish()
    }
}

/// A verifier with all of these; `None` without any.
pub(crate) fn verifier_of(secrets: Vec<SigningSecret>) -> Option<Verifier> {
    let mut secrets = secrets.into_iter();
    let first = Verifier::new(secrets.next()?);
    Some(secrets.fold(first, Verifier::with_secret))
}

/// A secret that no receiver has.
pub(crate) fn random_secret(rng: &mut Rng) -> Result<SigningSecret, SecretError> {
    let key: [u8; 32] = std::array::from_fn(|_| rng.u8(..));
    SigningSecret::parse(&format!("whsec_{}", BASE64_STANDARD.encode(key)))
}
