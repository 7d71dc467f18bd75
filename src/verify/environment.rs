//! Reads signing secrets from environment variables and files.

use std::{ffi::OsString, fs, path::Path};

use zeroize::Zeroizing;

use super::{
    secret::{PREFIX, SigningSecret},
    secret_error::{SecretError, SecretErrorKind},
};

/// Clerk's current documentation uses the first name. Older guides and most code use the second.
const VARIABLES: [&str; 2] = ["CLERK_WEBHOOK_SIGNING_SECRET", "CLERK_WEBHOOK_SECRET"];

/// Reads the first variable that is set. If its value is not valid, that is an error: the other variable is
/// not tried.
pub(super) fn secrets_of_first_variable_set(
    lookup: impl Fn(&str) -> Option<OsString>,
) -> Result<Vec<SigningSecret>, SecretError> {
    VARIABLES
        .into_iter()
        .find_map(|name| Some((name, lookup(name)?)))
        .ok_or_else(|| SecretError::of(VARIABLES.join(" or "), SecretErrorKind::NotSet))
        .and_then(|(name, value)| secrets_of_value(name, value))
}

pub(super) fn secrets_of_variable(
    name: &str,
    lookup: impl Fn(&str) -> Option<OsString>,
) -> Result<Vec<SigningSecret>, SecretError> {
    let value = lookup(name).ok_or_else(|| SecretError::of(name, SecretErrorKind::NotSet))?;
    secrets_of_value(name, value)
}

fn secrets_of_value(name: &str, value: OsString) -> Result<Vec<SigningSecret>, SecretError> {
    let value = value.into_string().map(Zeroizing::new);
    let value = value.map_err(|_| SecretError::of(name, SecretErrorKind::NotUnicode))?;
    secrets_of_text(name, &value)
}

/// Reads a file in the format of the variable. The file's name takes the place of the variable's.
pub(crate) fn secrets_of_file(path: &Path) -> Result<Vec<SigningSecret>, SecretError> {
    let bytes = fs::read(path).map(Zeroizing::new).map_err(|error| {
        let origin = format!("the file {path:?} ({error})");
        SecretError::of(origin, SecretErrorKind::Unreadable)
    })?;
    let name = path.file_name().unwrap_or(path.as_os_str());
    let name = name.to_string_lossy();
    let text = std::str::from_utf8(&bytes);
    let text = text.map_err(|_| SecretError::of(&*name, SecretErrorKind::NotUnicode))?;
    secrets_of_text(&name, text)
}

/// Splits the text on commas and ASCII white space. Returns at least one secret.
///
/// A single secret is labelled `NAME`, several `NAME#1`, `NAME#2`.
fn secrets_of_text(name: &str, text: &str) -> Result<Vec<SigningSecret>, SecretError> {
    let entries = text
        .split(|c: char| c == ',' || c.is_ascii_whitespace())
        .filter(|entry| !entry.is_empty());
    let label = |place| match entries.clone().count() {
        1 => name.to_owned(),
        _ => format!("{name}#{place}"),
    };
    let secrets = (1..)
        .zip(entries.clone())
        .map(|(place, entry)| secret_of_entry(label(place), entry))
        .collect::<Result<Vec<_>, _>>()?;
    if secrets.is_empty() {
        return Err(SecretError::of(name, SecretErrorKind::Empty));
    }
    Ok(secrets)
}

/// Stricter than [`SigningSecret::parse`]: `whsec_` is required, or any long word could become a key.
fn secret_of_entry(label: String, entry: &str) -> Result<SigningSecret, SecretError> {
    match SigningSecret::parse(entry) {
        Ok(secret) if entry.starts_with(PREFIX) => Ok(secret.with_label(label)),
        Err(refused) if entry.starts_with(PREFIX) || is_lookalike(refused.kind()) => {
            Err(SecretError::of(label, refused.kind()))
        }
        _ => Err(SecretError::of(label, SecretErrorKind::MissingPrefix)),
    }
}

fn is_lookalike(kind: SecretErrorKind) -> bool {
    matches!(
        kind,
        SecretErrorKind::Quoted | SecretErrorKind::ApiKey | SecretErrorKind::AsymmetricKey
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const TWO: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn read(variables: &[(&str, &str)]) -> Result<Vec<String>, SecretError> {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(candidate, _)| *candidate == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let secrets = secrets_of_first_variable_set(lookup)?;
        let label = |secret: &SigningSecret| secret.label().unwrap().to_owned();
        Ok(secrets.iter().map(label).collect())
    }

    #[track_caller]
    fn assert_refused(value: &str, kind: SecretErrorKind, named: &str) {
        let refused = read(&[("CLERK_WEBHOOK_SECRET", value)]).unwrap_err();
        assert_eq!(refused.kind(), kind, "{value:?}");
        let message = refused.to_string();
        assert!(message.starts_with(&format!("{named} ")), "{message}");
    }

    #[test]
    fn the_first_variable_that_is_set_decides() {
        let (first, second) = ("CLERK_WEBHOOK_SIGNING_SECRET", "CLERK_WEBHOOK_SECRET");
        let labels = read(&[(second, TWO), (first, ONE)]).unwrap();
        assert_eq!(labels, ["CLERK_WEBHOOK_SIGNING_SECRET"]);
        let labels = read(&[(second, TWO)]).unwrap();
        assert_eq!(labels, ["CLERK_WEBHOOK_SECRET"]);
        let refused = read(&[(first, ""), (second, TWO)]).unwrap_err();
        assert_eq!(refused.kind(), SecretErrorKind::Empty);
        assert!(
            refused
                .to_string()
                .starts_with("CLERK_WEBHOOK_SIGNING_SECRET is empty")
        );
    }

    #[test]
    fn neither_set_names_both() {
        let message = read(&[]).unwrap_err().to_string();
        assert!(
            message.contains("CLERK_WEBHOOK_SIGNING_SECRET"),
            "{message}"
        );
        assert!(message.contains("CLERK_WEBHOOK_SECRET"), "{message}");
    }

    #[test]
    fn entries_are_split_on_commas_and_white_space_and_labelled() {
        for separator in [",", " ", "\n", "\t", "\x0c", ", ", ",,"] {
            let value = format!("{separator}{ONE}{separator}{TWO}{separator}");
            let labels = read(&[("CLERK_WEBHOOK_SECRET", &value)]).unwrap();
            assert_eq!(labels, ["CLERK_WEBHOOK_SECRET#1", "CLERK_WEBHOOK_SECRET#2"]);
        }
    }

    #[test]
    fn white_space_and_commas_alone_are_empty() {
        for value in ["", " ", ",", " ,\n,\t"] {
            assert_refused(value, SecretErrorKind::Empty, "CLERK_WEBHOOK_SECRET");
        }
    }

    #[test]
    fn every_entry_must_start_with_the_prefix() {
        let unprefixed = &ONE[PREFIX.len()..];
        let (first, second) = ("CLERK_WEBHOOK_SECRET", "CLERK_WEBHOOK_SECRET#2");
        assert_refused(unprefixed, SecretErrorKind::MissingPrefix, first);
        assert_refused("none", SecretErrorKind::MissingPrefix, first);
        let mixed = format!("{ONE},{unprefixed}");
        assert_refused(&mixed, SecretErrorKind::MissingPrefix, second);
        let quoted = format!("\"{ONE}\"");
        assert_refused(&quoted, SecretErrorKind::Quoted, first);
        assert_refused("sk_test_abc", SecretErrorKind::ApiKey, first);
        assert_refused("whsk_abc", SecretErrorKind::AsymmetricKey, first);
        assert_refused("whsec_", SecretErrorKind::PrefixOnly, first);
        assert_refused("whsec_c2hvcnQ=", SecretErrorKind::TooShort, first);
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_not_unicode_is_refused() {
        use std::os::unix::ffi::OsStringExt as _;

        let lookup = |_: &str| Some(OsString::from_vec(vec![0xff]));
        let refused = secrets_of_variable("SECRET", lookup).unwrap_err();
        assert_eq!(refused.kind(), SecretErrorKind::NotUnicode);
    }
}
