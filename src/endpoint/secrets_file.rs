//! [`SecretsFile`]: signing secrets in a file that may change while the program runs.

use std::{
    env,
    fs::{self, Metadata},
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

use tracing::{error, info};

use crate::{
    metrics::{increment, table::SECRET_RELOADS},
    verify::{
        SecretErrorKind, SigningSecrets, environment::secrets_of_file, secret_error::SecretError,
        verifier::Verifier,
    },
};

/// Docker's convention: the variable's name and `_FILE`.
const VARIABLE: &str = "CLERK_WEBHOOK_SIGNING_SECRET_FILE";

const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);

/// Signing secrets in a file, such as one that Kubernetes, Docker or systemd mounts.
///
/// The file has the format of the [variable](Verifier::from_env): secrets that start with `whsec_`, separated
/// by commas or white space. A single secret has the file's name as its label; several have `NAME#1`,
/// `NAME#2`.
///
/// [`watch`](Self::watch) re-reads the file when it changes; [`reload`](Self::reload) does so at once, for
/// example on SIGHUP. If the new file is not valid, the secrets stay as they are and an error is logged.
/// [`ClerkWebhookLayer::from_env_file`](crate::ClerkWebhookLayer::from_env_file) does all of this.
///
/// ```
/// use clerk_webhooks::{ClerkWebhookLayer, endpoint::SecretsFile};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("clerk");
/// # std::fs::write(&path, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")?;
/// let file = SecretsFile::open(&path)?;
/// let clerk = ClerkWebhookLayer::new(file.verifier());
/// # let new = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
/// # std::fs::write(&path, format!("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw {new}"))?;
/// file.reload()?; // the layer uses the new secrets
/// # std::fs::write(&path, "whsec_MfKQ9r8")?;
/// # assert!(file.reload().is_err());
/// file.watch(); // re-reads the file when it changes
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SecretsFile {
    path: PathBuf,
    verifier: Verifier,
    interval: Duration,
    opened: Version,
}

impl SecretsFile {
    /// Reads the secrets from the file at `path`.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is empty, or has an entry that is not a signing secret. The message
    /// never contains an entry's text.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, SecretError> {
        let path = path.into();
        // Before the file is read: a change in between is seen later.
        let opened = Version::of(&path);
        Ok(Self {
            verifier: Verifier::with_secrets(secrets_of_file(&path)?),
            path,
            interval: DEFAULT_INTERVAL,
            opened,
        })
    }

    /// Reads the secrets from the file that the environment variable `CLERK_WEBHOOK_SIGNING_SECRET_FILE`
    /// names.
    ///
    /// # Errors
    ///
    /// When the variable is not set, and as [`open`](Self::open).
    ///
    /// ```
    /// use clerk_webhooks::{endpoint::SecretsFile, verify::SecretErrorKind};
    ///
    /// let unset = SecretsFile::from_env().unwrap_err();
    /// assert_eq!(unset.kind(), SecretErrorKind::NotSet);
    /// ```
    pub fn from_env() -> Result<Self, SecretError> {
        let path = env::var_os(VARIABLE);
        Self::open(path.ok_or_else(|| SecretError::of(VARIABLE, SecretErrorKind::NotSet))?)
    }

    /// How often [`watch`](Self::watch) looks at the file: every 5 seconds unless set.
    #[must_use]
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// A verifier whose secrets are those of the file, now and after each reload.
    ///
    /// [`Verifier::with_secret`] makes another list of secrets, which the file no longer changes.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        self.verifier.clone()
    }

    /// Reads the file again and replaces the secrets, for every verifier of this file.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open). The error is logged, and the secrets stay as they are.
    pub fn reload(&self) -> Result<(), SecretError> {
        reload(&self.path, self.verifier.secrets())
    }

    /// Re-reads the file whenever it changes, in a thread of its own, as long as a verifier of this file
    /// exists.
    ///
    /// The thread compares the file's time, length and inode. It reads a changed file when two looks have
    /// seen the same, so that it does not read a file that is still being written. Better still, write
    /// another file and rename it. If the thread cannot be started, an error is logged.
    pub fn watch(&self) {
        let (secrets, interval) = (self.verifier.secrets().downgrade(), self.interval);
        let mut looks = Looks {
            path: self.path.clone(),
            read: self.opened.clone(),
            last: self.opened.clone(),
        };
        let watching = move || {
            while let Some(secrets) = secrets.upgrade() {
                looks.look(&secrets);
                drop(secrets);
                thread::sleep(interval);
            }
        };
        let thread = thread::Builder::new().name("clerk-secrets".to_owned());
        if let Err(cause) = thread.spawn(watching) {
            error!(
                target: "clerk_webhooks",
                %cause,
                "the file {:?} is not watched: restart the program to use new signing secrets",
                self.path
            );
        }
    }
}

/// What a watching thread has seen of its file.
struct Looks {
    path: PathBuf,
    read: Version,
    last: Version,
}

impl Looks {
    fn look(&mut self, secrets: &SigningSecrets) {
        let now = Version::of(&self.path);
        if now != self.read && now == self.last {
            // The error is logged.
            let _ = reload(&self.path, secrets);
            self.read = now.clone();
        }
        self.last = now;
    }
}

fn reload(path: &Path, secrets: &SigningSecrets) -> Result<(), SecretError> {
    let reloaded = secrets_of_file(path).and_then(|new| secrets.replace(new));
    log(&reloaded, path, secrets);
    reloaded
}

fn log(reloaded: &Result<(), SecretError>, path: &Path, secrets: &SigningSecrets) {
    match reloaded {
        Ok(()) => {
            increment(&SECRET_RELOADS, &[("result", "replaced")]);
            info!(target: "clerk_webhooks", ?secrets, "read new signing secrets from {path:?}");
        }
        Err(cause) => {
            increment(&SECRET_RELOADS, &[("result", "failed")]);
            error!(
                target: "clerk_webhooks",
                ?secrets,
                %cause,
                "the changed file {path:?} has no valid signing secrets: the old ones stay in use"
            );
        }
    }
}

/// Tells one state of a file from the next. A file that cannot be read has a version too.
#[derive(Debug, Clone, PartialEq)]
struct Version(Option<(Option<SystemTime>, u64, u64)>);

impl Version {
    fn of(path: &Path) -> Self {
        let metadata = fs::metadata(path).ok();
        Self(metadata.map(|metadata| (metadata.modified().ok(), metadata.len(), inode(&metadata))))
    }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}
