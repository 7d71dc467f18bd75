//! Repairs of secrets.

use std::hash::{Hash, Hasher};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use zeroize::Zeroizing;

use super::{
    cause::Cause,
    search::{Candidate, Limits, Repair, candidates},
};
use crate::percent;

const PREFIX: &str = "whsec_";

const REPAIRS: &[Repair<Text>] = &[
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

const LIMITS: Limits<Text> = Limits {
    depth: 3,
    candidates: 40,
    total_size: 64 * 1024,
    size: |text| text.as_str().len(),
};

/// The text of a secret, wiped from memory on drop.
#[derive(Clone)]
pub(super) struct Text(Zeroizing<String>);

impl Text {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

/// The text, and what it may have been.
pub(super) fn repaired(text: &str) -> Vec<Candidate<Text>> {
    candidates(&text_of(text), REPAIRS, &LIMITS)
}

fn text_of(text: impl Into<String>) -> Text {
    Text(Zeroizing::new(text.into()))
}

fn unquoted(text: &Text) -> Vec<Text> {
    let inside = text
        .as_str()
        .trim()
        .trim_matches(['"', '\'', '`', '“', '”', '‘', '’']);
    changed(text, inside)
}

fn without_white_space(text: &Text) -> Vec<Text> {
    let visible = text.as_str().chars().filter(char::is_ascii_graphic);
    let visible = Zeroizing::new(visible.collect::<String>());
    let without_escapes = ["\\n", "\\r", "\\t"].iter().fold(visible, |text, escape| {
        Zeroizing::new(text.replace(escape, ""))
    });
    changed(text, &without_escapes)
}

fn without_name(text: &Text) -> Vec<Text> {
    match text.as_str().split_once(['=', ':']) {
        Some((name, value)) if !name.contains(PREFIX) && value.contains(PREFIX) => {
            changed(text, value.trim())
        }
        _ => Vec::new(),
    }
}

fn with_one_prefix(text: &Text) -> Vec<Text> {
    let is_prefixed = |text: &str| {
        let start = text.get(..PREFIX.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
    };
    let mut rest = text.as_str();
    while is_prefixed(rest) {
        rest = rest.get(PREFIX.len()..).unwrap_or_default();
    }
    match rest.len() == text.as_str().len() {
        true => Vec::new(),
        false => changed(text, &Zeroizing::new(format!("{PREFIX}{rest}"))),
    }
}

fn percent_decoded(text: &Text) -> Vec<Text> {
    let decoded = percent::decode(text.as_str().as_bytes(), false);
    let decoded = String::from_utf8(decoded).map(Zeroizing::new);
    decoded
        .map(|decoded| changed(text, &decoded))
        .unwrap_or_default()
}

fn in_the_standard_alphabet(text: &Text) -> Vec<Text> {
    let Some(key) = text.as_str().strip_prefix(PREFIX) else {
        return Vec::new();
    };
    let standard = |letter| match letter {
        '-' => '+',
        '_' => '/',
        letter => letter,
    };
    let standard = PREFIX.chars().chain(key.chars().map(standard));
    changed(text, &Zeroizing::new(standard.collect::<String>()))
}

fn without_padding(text: &Text) -> Vec<Text> {
    changed(text, text.as_str().trim_end_matches('='))
}

fn base64_decoded(text: &Text) -> Vec<Text> {
    let decoded = BASE64_STANDARD.decode(text.as_str().trim()).ok();
    let decoded = decoded
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .map(text_of);
    decoded
        .into_iter()
        .filter(|text| text.as_str().contains(PREFIX))
        .collect()
}

fn with_prefix(text: &Text) -> Vec<Text> {
    let text = text.as_str();
    let is_key = text.len() >= 32 && !text.contains('_');
    is_key
        .then(|| text_of(format!("{PREFIX}{text}")))
        .into_iter()
        .collect()
}

fn changed(before: &Text, after: &str) -> Vec<Text> {
    match before.as_str() == after {
        true => Vec::new(),
        false => vec![text_of(after)],
    }
}
