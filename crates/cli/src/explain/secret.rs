//! Repairs of secrets.

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{
    cause::Cause,
    search::{Candidate, Limits, Repair, candidates},
};
use crate::percent;

const PREFIX: &str = "whsec_";

const REPAIRS: &[Repair<String>] = &[
    (Cause::SecretQuoted, unquoted),
    (Cause::SecretWhiteSpace, without_white_space),
    (Cause::SecretWithName, without_name),
    (Cause::SecretPrefixChanged, with_one_prefix),
    (Cause::SecretPercentEncoded, percent_decoded),
    (Cause::SecretUrlSafe, in_the_standard_alphabet),
    (Cause::SecretPadding, without_padding),
    (Cause::SecretBase64Twice, base64_decoded),
    (Cause::SecretPrefixMissing, with_prefix),
];

const LIMITS: Limits<String> = Limits {
    depth: 3,
    candidates: 40,
    total_size: 64 * 1024,
    size: String::len,
};

/// The text, and what it may have been.
pub(super) fn repaired(text: &str) -> Vec<Candidate<String>> {
    candidates(&text.to_owned(), REPAIRS, &LIMITS)
}

fn unquoted(text: &String) -> Vec<String> {
    changed(
        text,
        text.trim()
            .trim_matches(['"', '\'', '`', '“', '”', '‘', '’']),
    )
}

fn without_white_space(text: &String) -> Vec<String> {
    let visible: String = text.chars().filter(char::is_ascii_graphic).collect();
    let without_escapes = visible
        .replace("\\n", "")
        .replace("\\r", "")
        .replace("\\t", "");
    changed(text, &without_escapes)
}

fn without_name(text: &String) -> Vec<String> {
    match text.split_once(['=', ':']) {
        Some((name, value)) if !name.contains(PREFIX) && value.contains(PREFIX) => {
            changed(text, value.trim())
        }
        _ => Vec::new(),
    }
}

fn with_one_prefix(text: &String) -> Vec<String> {
    let mut rest = text.as_str();
    while rest
        .get(..PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
    {
        rest = rest.get(PREFIX.len()..).unwrap_or_default();
    }
    match rest.len() == text.len() {
        true => Vec::new(),
        false => changed(text, &format!("{PREFIX}{rest}")),
    }
}

fn percent_decoded(text: &String) -> Vec<String> {
    let decoded = text
        .contains('%')
        .then(|| percent::decode(text.as_bytes(), false));
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.into_iter().collect()
}

fn in_the_standard_alphabet(text: &String) -> Vec<String> {
    let key = text.strip_prefix(PREFIX).unwrap_or_default();
    changed(
        text,
        &format!("{PREFIX}{}", key.replace('-', "+").replace('_', "/")),
    )
}

fn without_padding(text: &String) -> Vec<String> {
    changed(text, text.trim_end_matches('='))
}

fn base64_decoded(text: &String) -> Vec<String> {
    let decoded = BASE64_STANDARD.decode(text.trim()).ok();
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    decoded
        .into_iter()
        .filter(|text| text.contains(PREFIX))
        .collect()
}

fn with_prefix(text: &String) -> Vec<String> {
    let is_key = text.len() >= 32 && !text.contains('_');
    is_key
        .then(|| format!("{PREFIX}{text}"))
        .into_iter()
        .collect()
}

fn changed(before: &str, after: &str) -> Vec<String> {
    match before == after {
        true => Vec::new(),
        false => vec![after.to_owned()],
    }
}
