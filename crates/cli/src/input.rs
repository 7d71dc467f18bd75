//! What commands read: secrets, files, times.

use std::{
    env, fs,
    io::{self, IsTerminal as _, Read as _},
    path::{Path, PathBuf},
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use clap::Args;
use clerk_webhooks::{SigningSecret, Verifier};
use zeroize::Zeroizing;

use crate::{
    capture::{self, CapturedDelivery, Entry},
    failure::Failure,
    secret::{SecretText, verifier_of},
};

/// Clerk's current documentation uses the first name. Older guides and most code use the second.
const VARIABLES: [&str; 2] = ["CLERK_WEBHOOK_SIGNING_SECRET", "CLERK_WEBHOOK_SECRET"];

/// Where the signing secret comes from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Signing secret")]
pub(crate) struct SecretArgs {
    /// The environment variable with the secret, or with several, separated by commas or white space
    /// [default: `CLERK_WEBHOOK_SIGNING_SECRET`, otherwise `CLERK_WEBHOOK_SECRET`]
    #[arg(long, value_name = "NAME", group = "source")]
    secret_env: Option<String>,
    /// A file with the secret, or with several
    #[arg(long, value_name = "FILE", group = "source")]
    secret_file: Option<PathBuf>,
    /// Ask for the secret; what you type is not shown
    #[arg(long, group = "source")]
    secret_prompt: bool,
    /// The secret itself. It stays in your shell's history, and every user of this machine can see it
    #[arg(long, value_name = "SECRET", group = "source")]
    insecure_secret: Option<String>,
}

impl SecretArgs {
    /// The texts of the secrets, right or wrong: at least one.
    pub(crate) fn texts(&self) -> Result<Vec<SecretText>, Failure> {
        if let Some(file) = &self.secret_file {
            let text = fs::read_to_string(file).map(Zeroizing::new);
            let text = text.map_err(|error| Failure::unreadable(file.display(), error))?;
            return Ok(SecretText::several(&file.display().to_string(), &text));
        }
        if self.secret_prompt {
            let text = rpassword::prompt_password("Signing secret: ").map(Zeroizing::new);
            let text = text.map_err(|error| Failure::unreadable("the secret", error))?;
            return Ok(SecretText::several("the secret", &text));
        }
        match (&self.insecure_secret, &self.secret_env) {
            (Some(text), _) => Ok(SecretText::several("--insecure-secret", text)),
            (None, Some(name)) => texts_of_variable(name),
            (None, None) => {
                let is_set = |name: &&&str| env::var_os(name).is_some();
                texts_of_variable(VARIABLES.iter().find(is_set).unwrap_or(&VARIABLES[0]))
            }
        }
    }

    /// The secrets: at least one.
    pub(crate) fn secrets(&self) -> Result<Vec<SigningSecret>, Failure> {
        parsed(&self.texts()?)
    }

    /// The secret that signs: the first.
    pub(crate) fn signing_secret(&self) -> Result<SigningSecret, Failure> {
        let first = self.secrets()?.into_iter().next();
        first.ok_or_else(no_secret)
    }

    /// A verifier with all secrets.
    pub(crate) fn verifier(&self) -> Result<Verifier, Failure> {
        verifier_of(self.secrets()?).ok_or_else(no_secret)
    }
}

/// The secrets of these texts.
pub(crate) fn parsed(texts: &[SecretText]) -> Result<Vec<SigningSecret>, Failure> {
    let secrets: Result<_, _> = texts.iter().map(SecretText::parse).collect();
    secrets.map_err(Failure::Input)
}

pub(crate) fn no_secret() -> Failure {
    Failure::Input("there is no secret".to_owned())
}

/// The secrets in an environment variable.
pub(crate) fn texts_of_variable(name: &str) -> Result<Vec<SecretText>, Failure> {
    let other_ways = "set it to the endpoint's Signing Secret (`whsec_...`), or use --secret-file or --secret-prompt";
    match env::var(name).map(Zeroizing::new) {
        Ok(text) if !text.trim().is_empty() => Ok(SecretText::several(name, &text)),
        Ok(_) => Err(Failure::Input(format!("{name} is empty: {other_ways}"))),
        Err(env::VarError::NotPresent) => {
            Err(Failure::Input(format!("{name} is not set: {other_ways}")))
        }
        Err(env::VarError::NotUnicode(_)) => Err(Failure::Input(format!(
            "{name} is not Unicode text: {other_ways}"
        ))),
    }
}

/// A file, or standard input for `-`.
pub(crate) fn read_file(path: &Path) -> Result<Bytes, Failure> {
    if path != Path::new("-") {
        let bytes = fs::read(path).map_err(|error| Failure::unreadable(path.display(), error))?;
        return Ok(bytes.into());
    }
    let mut stdin = io::stdin().lock();
    if stdin.is_terminal() {
        eprintln!("reading from the terminal; end with Ctrl-D");
    }
    let mut bytes = Vec::new();
    let read = stdin.read_to_end(&mut bytes);
    read.map_err(|error| Failure::unreadable("standard input", error))?;
    Ok(bytes.into())
}

/// Captured deliveries, in files.
#[derive(Debug, Args)]
pub(crate) struct CaptureArgs {
    /// Files with captured deliveries: JSON lines, the output of `curl -v`, or an HTTP head and body. `-` is standard
    /// input
    #[arg(default_value = "-", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A file with the body of the request, for captures without one such as `curl -v`
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
}

impl CaptureArgs {
    /// The entries of all files, in order.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>, Failure> {
        let body = self.body.as_deref().map(read_file).transpose()?;
        let mut entries = Vec::new();
        for file in &self.files {
            let read = capture::read(&read_file(file)?, body.clone());
            entries.extend(
                read.map_err(|error| Failure::Input(format!("{}: {error}", file.display())))?,
            );
        }
        let is_delivery = |entry: &Entry| matches!(entry, Entry::Delivery(_));
        match entries.iter().any(is_delivery) {
            true => Ok(entries),
            false => Err(Failure::Input(
                "there is no delivery in the input".to_owned(),
            )),
        }
    }

    /// The deliveries of all files, in order.
    pub(crate) fn deliveries(&self) -> Result<Vec<CapturedDelivery>, Failure> {
        let delivery = |entry| match entry {
            Entry::Delivery(delivery) => Some(delivery),
            Entry::Other(_) => None,
        };
        Ok(self.entries()?.into_iter().filter_map(delivery).collect())
    }
}

/// When deliveries arrived.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Arrival {
    /// When it was recorded to arrive, otherwise now.
    Recorded,
    /// When it was sent: its age does not matter.
    Signed,
    At(SystemTime),
}

impl FromStr for Arrival {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "recorded" => Ok(Self::Recorded),
            "now" => Ok(Self::At(SystemTime::now())),
            "signed" => Ok(Self::Signed),
            _ => unix_seconds(text)
                .map(Self::At)
                .ok_or("use `recorded`, `now`, `signed` or seconds since 1970"),
        }
    }
}

impl Arrival {
    /// When this delivery arrived. `None` if that is not known.
    pub(crate) fn of(self, delivery: &CapturedDelivery) -> Option<SystemTime> {
        let recorded = || Some(UNIX_EPOCH + Duration::from_millis(delivery.received_at_ms?));
        match self {
            Self::Recorded => recorded(),
            Self::Signed => sent_at(delivery).or_else(recorded),
            Self::At(time) => Some(time),
        }
    }
}

/// The time in the timestamp header.
pub(crate) fn sent_at(delivery: &CapturedDelivery) -> Option<SystemTime> {
    let timestamp = delivery
        .header("svix-timestamp")
        .or_else(|| delivery.header("webhook-timestamp"))?;
    unix_seconds(timestamp)
}

/// At most ten digits, so that the addition cannot overflow.
fn unix_seconds(text: &str) -> Option<SystemTime> {
    let seconds: u32 = text.parse().ok()?;
    Some(UNIX_EPOCH + Duration::from_secs(seconds.into()))
}
