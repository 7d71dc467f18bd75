//! [`SigningSecrets`]: the secrets of a verifier, which can be replaced while deliveries are verified.

use std::{
    fmt,
    sync::{
        Arc, Weak,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwap;

use super::{
    secret::SigningSecret,
    secret_error::{SecretError, SecretErrorKind},
};

/// The signing secrets of a [`Verifier`](crate::Verifier) and of its clones.
///
/// A clone is a handle to the same secrets. Keep one to replace the secrets while the verifier is in use.
/// Verification never waits for a replacement: it reads without a lock.
///
/// ```
/// use clerk_webhooks::{SigningSecret, Verifier, testing::{SignedRequest, fixtures}};
///
/// let old = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?.with_label("old");
/// let new = SigningSecret::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")?.with_label("new");
/// let verifier = Verifier::new(old.clone());
/// let secrets = verifier.secrets().clone();
///
/// // Later, in another task:
/// secrets.replace([new.clone(), old])?;
/// let request = SignedRequest::new(&new, fixtures::user_created());
/// let delivery = verifier.verify(&request.headers(), request.body().clone())?;
/// assert_eq!(delivery.secret_label(), "new");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SigningSecrets(Arc<ArcSwap<Vec<Entry>>>);

/// When a signing secret last verified a delivery. From [`SigningSecrets::usage`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretUsage {
    /// The secret's label, see [`SigningSecret::with_label`].
    pub label: Arc<str>,
    /// The verifier's time of the last delivery that this secret verified, in whole seconds. `None` if it
    /// has not verified any in this process.
    pub last_used: Option<SystemTime>,
}

struct Entry {
    secret: SigningSecret,
    label: Arc<str>,
    /// Seconds since 1970, or [`NEVER`].
    last_used: AtomicI64,
}

const NEVER: i64 = i64::MIN;

impl SigningSecrets {
    /// Replaces all secrets, for every verifier that shares them.
    ///
    /// Deliveries whose signature is checked from now on need one of the new secrets. A secret that was
    /// already in use keeps its [last use](Self::usage), also under another label. A secret without a label
    /// is labelled by its position, as by [`Verifier::with_secret`](crate::Verifier::with_secret).
    ///
    /// # Errors
    ///
    /// [`SecretErrorKind::Empty`] when there is no secret. The secrets then stay as they are.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, Verifier, verify::SecretErrorKind};
    ///
    /// let verifier = Verifier::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?);
    /// verifier.secrets().replace(["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse()?])?;
    ///
    /// let refused = verifier.secrets().replace([]).unwrap_err();
    /// assert_eq!(refused.kind(), SecretErrorKind::Empty);
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn replace(
        &self,
        secrets: impl IntoIterator<Item = SigningSecret>,
    ) -> Result<(), SecretError> {
        let secrets: Vec<_> = secrets.into_iter().collect();
        if secrets.is_empty() {
            let origin = "the new list of signing secrets";
            return Err(SecretError::of(origin, SecretErrorKind::Empty));
        }
        self.0
            .rcu(|before| entries(secrets.iter().cloned(), before));
        Ok(())
    }

    /// The label of each secret, and when it last verified a delivery.
    ///
    /// During a rotation it shows when the old secret is no longer used and can be removed.
    ///
    /// ```
    /// use clerk_webhooks::{SigningSecret, Verifier, testing::{SignedRequest, fixtures}};
    ///
    /// let new = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?.with_label("new");
    /// let old = SigningSecret::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")?.with_label("old");
    /// let request = SignedRequest::new(&new, fixtures::user_created());
    /// let verifier = Verifier::new(new).with_secret(old);
    /// verifier.verify(&request.headers(), request.body().clone())?;
    ///
    /// let usage = verifier.secrets().usage();
    /// assert!(usage[0].last_used.is_some());
    /// assert_eq!((&*usage[1].label, usage[1].last_used), ("old", None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn usage(&self) -> Vec<SecretUsage> {
        self.0.load().iter().map(Entry::usage).collect()
    }

    pub(super) fn new(secrets: impl IntoIterator<Item = SigningSecret>) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(entries(secrets, &[]))))
    }

    /// For those who must not keep the secrets in memory.
    pub(crate) fn downgrade(&self) -> WeakSecrets {
        WeakSecrets(Arc::downgrade(&self.0))
    }

    /// Other secrets: these and one more.
    pub(super) fn and(&self, secret: SigningSecret) -> Self {
        let before = self.0.load();
        let secrets = before.iter().map(|entry| entry.secret.clone());
        Self::new(secrets.chain([secret]))
    }

    /// The label of the first secret that matches. Records its use.
    pub(super) fn find(
        &self,
        now: i64,
        matches: impl Fn(&SigningSecret) -> bool,
    ) -> Option<Arc<str>> {
        let entries = self.0.load();
        let found = entries.iter().find(|entry| matches(&entry.secret))?;
        // A store for each delivery would move the cache line from core to core.
        if found.last_used.load(Relaxed) != now {
            found.last_used.store(now, Relaxed);
        }
        Some(Arc::clone(&found.label))
    }
}

pub(crate) struct WeakSecrets(Weak<ArcSwap<Vec<Entry>>>);

impl WeakSecrets {
    pub(crate) fn upgrade(&self) -> Option<SigningSecrets> {
        self.0.upgrade().map(SigningSecrets)
    }
}

fn entries(secrets: impl IntoIterator<Item = SigningSecret>, before: &[Entry]) -> Vec<Entry> {
    let secrets = (1..).zip(secrets);
    let entry = |(place, secret): (usize, SigningSecret)| Entry {
        label: match secret.shared_label() {
            Some(label) => Arc::clone(label),
            None if place == 1 => "secret".into(),
            None => format!("secret#{place}").into(),
        },
        last_used: before
            .iter()
            .find(|known| known.secret.has_same_key(&secret))
            .map_or(NEVER, |known| known.last_used.load(Relaxed))
            .into(),
        secret,
    };
    secrets.map(entry).collect()
}

impl Entry {
    fn usage(&self) -> SecretUsage {
        let last_used = self.last_used.load(Relaxed);
        SecretUsage {
            label: Arc::clone(&self.label),
            last_used: u64::try_from(last_used)
                .ok()
                .and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds))),
        }
    }
}

impl fmt::Debug for SigningSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usage = self.usage();
        let labels = usage.iter().map(|usage| &usage.label);
        f.debug_list().entries(labels).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const TWO: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn secret(text: &str) -> SigningSecret {
        SigningSecret::parse(text).unwrap()
    }

    fn usage(secrets: &SigningSecrets) -> Vec<(String, Option<u64>)> {
        let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap().as_secs();
        let usage = secrets.usage().into_iter();
        usage
            .map(|usage| (usage.label.to_string(), usage.last_used.map(seconds)))
            .collect()
    }

    #[test]
    fn a_secret_that_stays_keeps_its_last_use_under_any_label() {
        let secrets = SigningSecrets::new([secret(ONE).with_label("first")]);
        assert_eq!(secrets.find(7, |_| true).as_deref(), Some("first"));
        secrets.replace([secret(TWO), secret(ONE)]).unwrap();
        let expected = [
            ("secret".to_owned(), None),
            ("secret#2".to_owned(), Some(7)),
        ];
        assert_eq!(usage(&secrets), expected);
        secrets.replace([secret(TWO)]).unwrap();
        secrets.replace([secret(ONE)]).unwrap();
        assert_eq!(usage(&secrets), [("secret".to_owned(), None)]);
    }

    #[test]
    fn nothing_replaces_secrets_by_none() {
        let secrets = SigningSecrets::new([secret(ONE)]);
        assert_eq!(
            secrets.replace([]).unwrap_err().kind(),
            SecretErrorKind::Empty
        );
        assert_eq!(usage(&secrets).len(), 1);
    }

    #[test]
    fn a_verifier_with_one_more_secret_has_its_own_list() {
        let secrets = SigningSecrets::new([secret(ONE)]);
        let more = secrets.and(secret(TWO));
        secrets.replace([secret(TWO)]).unwrap();
        assert_eq!((usage(&secrets).len(), usage(&more).len()), (1, 2));
    }
}
