//! What commands print: text, or one JSON object a line.

use std::{
    io::{self, IsTerminal as _, Write},
    time::SystemTime,
};

use jiff::Timestamp;
use serde::Serialize;

/// Every code, with its cause and cure.
const REASONS: &str = "https://github.com/clerk-webhooks/clerk-webhooks/blob/main/docs/reasons.md";

/// Standard output.
pub(crate) struct Output {
    writer: io::StdoutLock<'static>,
    json: bool,
    coloured: bool,
}

/// The colour of a word.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Colour {
    Red,
    Green,
    Yellow,
}

impl Output {
    /// Prints JSON if `json`, otherwise text, in colours only on a terminal that wants them (`NO_COLOR`).
    pub(crate) fn new(json: bool) -> Self {
        let writer = io::stdout().lock();
        let refuses_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            coloured: !json && writer.is_terminal() && !refuses_colour,
            writer,
            json,
        }
    }

    /// Whether machines read the output.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// One line of text.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) -> io::Result<()> {
        self.writer.write_all(text.as_ref().as_bytes())?;
        self.writer.write_all(b"\n")
    }

    /// One object on a line.
    pub(crate) fn object(&mut self, object: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.writer, object)?;
        self.writer.write_all(b"\n")
    }

    /// Where the guide lists every code; machines have the code.
    pub(crate) fn refer_to(&mut self, section: &str) -> io::Result<()> {
        match self.json {
            true => Ok(()),
            false => self.line(format!("\nsee {REASONS}#{section}")),
        }
    }

    /// Hands everything to the reader.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    /// The word in this colour, if colours are on.
    pub(crate) fn paint(&self, colour: Colour, word: &str) -> String {
        if !self.coloured {
            return word.to_owned();
        }
        let code = match colour {
            Colour::Red => 31,
            Colour::Green => 32,
            Colour::Yellow => 33,
        };
        format!("\x1b[{code}m{word}\x1b[0m")
    }
}

/// A time, as `2026-01-01T00:00:00Z`.
pub(crate) fn utc(time: SystemTime) -> String {
    let text = Timestamp::try_from(time).map(|time| format!("{time:.0}"));
    text.unwrap_or_default()
}

/// Text from outside, on one line and without control characters: nobody forges a line or moves the cursor.
pub(crate) fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|letter| match letter {
            _ if letter.is_control() || is_invisible(letter) => letter.escape_unicode().collect(),
            _ => vec![letter],
        })
        .collect()
}

/// Characters that change the direction of text or hide.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The text without the keys of secrets that someone gave in the place of a file's or a variable's name, and without the
/// passwords in URLs.
pub(crate) fn without_secrets(text: &str) -> String {
    without_passwords(&without_keys(text))
}

fn without_keys(text: &str) -> String {
    let is_of_key = |letter: char| letter.is_ascii_alphanumeric() || "+/=_-".contains(letter);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, prefix)) = first_secret(rest) {
        let (before, secret) = rest.split_at(at + prefix.len());
        out.push_str(before);
        rest = secret.trim_start_matches(is_of_key);
        let hidden = if rest.len() < secret.len() {
            "[hidden]"
        } else {
            ""
        };
        out.push_str(hidden);
    }
    out + rest
}

/// Without the passwords in URLs.
fn without_passwords(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, url)) = rest.split_once("://") {
        let ends = |letter: char| letter.is_whitespace() || "'\"`".contains(letter);
        let (url, after) = url.split_at(url.find(ends).unwrap_or(url.len()));
        out += before;
        out += "://";
        out += &without_password(url);
        rest = after;
    }
    out + rest
}

/// Of a URL's text after `://`. A user's name is hidden too: it can be a token.
fn without_password(url: &str) -> String {
    let (url, parameter) = match url.split_once("password=") {
        Some((url, _)) => (url, "password=[hidden]"),
        None => (url, ""),
    };
    match url.rsplit_once('@') {
        Some((_, server)) => format!("[hidden]@{server}{parameter}"),
        None => format!("{url}{parameter}"),
    }
}

fn first_secret(text: &str) -> Option<(usize, &'static str)> {
    let found = ["whsec_", "whsk_", "sk_live_", "sk_test_"].into_iter();
    found
        .filter_map(|prefix| Some((text.find(prefix)?, prefix)))
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_stays_on_its_line() {
        assert_eq!(escaped("Ada"), "Ada");
        assert_eq!(escaped("a\n\x1b[31mb"), "a\\u{a}\\u{1b}[31mb");
        assert_eq!(
            without_secrets("cannot read whsec_MfKQ9r8G+/=: no, `whsec_...` sk_live_abc"),
            "cannot read whsec_[hidden]: no, `whsec_...` sk_live_[hidden]"
        );
        assert_eq!(escaped("\u{202e}a"), "\\u{202e}a");
    }

    #[test]
    fn passwords_in_urls_are_hidden() {
        for (text, shown) in [
            (
                "at 'postgres://me:pa:5@5@db/app' or",
                "at 'postgres://[hidden]@db/app' or",
            ),
            (
                "postgres:///app?user=me&password=p@5",
                "postgres:///app?user=me&password=[hidden]",
            ),
            ("nats://token@a,nats://me:2@b", "nats://[hidden]@b"),
            ("http://localhost:3000/ me@b", "http://localhost:3000/ me@b"),
        ] {
            assert_eq!(without_secrets(text), shown);
        }
    }
}
