//! [`SecretKey`]: the key of Clerk's Backend API.

use std::{env, fmt};

use reqwest::header::HeaderValue;

use super::error::{ApiError, ApiErrorKind};

/// The name that Clerk's own libraries read.
const VARIABLE: &str = "CLERK_SECRET_KEY";

const LIVE: &str = "sk_live_";

/// A key, ready to be sent. It is never printed: not by `Debug`, and reqwest hides the header's value too.
#[derive(Clone)]
pub(super) struct SecretKey {
    authorization: HeaderValue,
    live: bool,
}

impl SecretKey {
    pub(super) fn from_env() -> Result<Self, ApiError> {
        match env::var(VARIABLE) {
            Ok(text) => Self::parse(&text),
            Err(_) => Err(ApiErrorKind::NoSecretKey.into()),
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let text = text.trim();
        let value = HeaderValue::try_from(format!("Bearer {text}"));
        match value {
            Ok(mut authorization) if text.starts_with("sk_") => {
                authorization.set_sensitive(true);
                Ok(Self {
                    authorization,
                    live: text.starts_with(LIVE),
                })
            }
            _ => Err(ApiErrorKind::InvalidSecretKey.into()),
        }
    }

    pub(super) fn authorization(&self) -> HeaderValue {
        self.authorization.clone()
    }

    /// Whether it is the key of a production instance, which has the higher rate limit.
    pub(super) fn is_live(&self) -> bool {
        self.live
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey")
            .field("live", &self.live)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_parsed_and_never_printed() {
        let key = SecretKey::parse(" sk_live_abc\n").unwrap();
        assert!(key.is_live() && !SecretKey::parse("sk_test_abc").unwrap().is_live());
        assert_eq!(key.authorization(), "Bearer sk_live_abc");
        let printed = format!("{key:?} {:?}", key.authorization());
        assert!(!printed.contains("abc"), "{printed}");
    }

    #[test]
    fn other_texts_are_refused_without_being_quoted() {
        for text in [
            "",
            "pk_live_abc",
            "whsec_abc",
            "sk_live_a\nb",
            "\"sk_live_abc\"",
        ] {
            let error = SecretKey::parse(text).unwrap_err();
            assert_eq!(error.kind(), ApiErrorKind::InvalidSecretKey, "{text}");
            assert!(!format!("{error} {error:?}").contains("abc"));
        }
    }
}
