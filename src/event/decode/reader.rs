//! Reads JSON text from front to back. Only this file and `string.rs` implement JSON's grammar.
//!
//! It accepts exactly what `serde_json` accepts, and can return any value as a slice of the text.

use std::borrow::Cow;

use super::{fault::Fault, string};

/// A position in JSON text.
pub(super) struct Reader<'de> {
    text: &'de str,
    at: usize,
    /// The open brackets of [`skip`](Self::skip). The next call reuses the memory.
    brackets: Vec<u8>,
    /// How many objects and lists the deserializer has open.
    pub(super) depth: usize,
}

impl<'de> Reader<'de> {
    pub(super) fn new(text: &'de str) -> Self {
        Self {
            text,
            at: 0,
            brackets: Vec::new(),
            depth: 0,
        }
    }

    /// The line and the column of the last byte that was read, both counted from 1.
    pub(super) fn position(&self) -> (usize, usize) {
        let read = self.text.as_bytes().get(..self.at).unwrap_or_default();
        let mut lines = read.split(|&byte| byte == b'\n');
        let line = lines.clone().count();
        (line, lines.next_back().map_or(0, <[u8]>::len))
    }

    /// Skips white space and returns the next byte, without consuming it.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<u8, Fault> {
        loop {
            match self.byte() {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                Some(byte) => return Ok(byte),
                None => return Err(Fault::EndsEarly),
            }
        }
    }

    /// Consumes the next byte, which must be `expected`.
    #[inline]
    pub(super) fn take(&mut self, expected: u8) -> Result<(), Fault> {
        if self.peek()? != expected {
            return Err(Fault::Malformed);
        }
        self.at += 1;
        Ok(())
    }

    /// Checks that only white space follows.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Ok(_) => Err(Fault::Malformed),
            Err(_) => Ok(()),
        }
    }

    /// Whether another item of a list or an object follows. Consumes the comma before it, or the closing
    /// bracket.
    #[inline]
    pub(super) fn next_item(&mut self, closing: u8, is_first: bool) -> Result<bool, Fault> {
        let byte = self.peek()?;
        if byte == closing {
            self.at += 1;
            return Ok(false);
        }
        if is_first {
            return Ok(true);
        }
        if byte != b',' {
            return Err(Fault::Malformed);
        }
        self.at += 1;
        Ok(true)
    }

    /// Consumes the name of a field and the colon after it.
    pub(super) fn name(&mut self) -> Result<Cow<'de, str>, Fault> {
        let name = self.string()?;
        self.take(b':')?;
        Ok(name)
    }

    /// Consumes a string.
    pub(super) fn string(&mut self) -> Result<Cow<'de, str>, Fault> {
        self.peek()?;
        let start = self.at + 1;
        let has_escapes = self.skip_string()?;
        let raw = self.text.get(start..self.at - 1).unwrap_or_default();
        if !has_escapes {
            return Ok(Cow::Borrowed(raw));
        }
        let text = string::unescape(raw).ok_or(Fault::Malformed)?;
        Ok(Cow::Owned(text))
    }

    /// Consumes a string; returns whether it has escapes.
    fn skip_string(&mut self) -> Result<bool, Fault> {
        self.take(b'"')?;
        let mut has_escapes = false;
        loop {
            self.at += string::plain_len(self.rest());
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => {
                    has_escapes = true;
                    self.at += string::escape_len(self.rest())?;
                }
                Some(_) => return Err(Fault::Malformed),
                None => return Err(Fault::EndsEarly),
            }
        }
        self.at += 1;
        Ok(has_escapes)
    }

    /// Consumes `null`, `true` or `false`.
    pub(super) fn literal(&mut self, expected: &str) -> Result<(), Fault> {
        let rest = self.rest();
        if rest.starts_with(expected.as_bytes()) {
            self.at += expected.len();
            return Ok(());
        }
        let ends_early = expected.as_bytes().starts_with(rest);
        Err(if ends_early {
            Fault::EndsEarly
        } else {
            Fault::Malformed
        })
    }

    /// Consumes a number; returns its text, and whether it has neither a fraction nor an exponent.
    pub(super) fn number(&mut self) -> Result<(&'de str, bool), Fault> {
        let start = self.at;
        let is_integer = self.skip_number()?;
        Ok((self.text_from(start), is_integer))
    }

    /// Consumes a number; returns whether it has neither a fraction nor an exponent.
    fn skip_number(&mut self) -> Result<bool, Fault> {
        self.at += usize::from(self.byte() == Some(b'-'));
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        let end_of_integer = self.at;
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(self.at == end_of_integer)
    }

    /// Consumes one or more digits.
    fn digits(&mut self) -> Result<(), Fault> {
        match self.byte() {
            Some(b'0'..=b'9') => self.at += 1,
            Some(_) => return Err(Fault::Malformed),
            None => return Err(Fault::EndsEarly),
        }
        while let Some(b'0'..=b'9') = self.byte() {
            self.at += 1;
        }
        Ok(())
    }

    /// Consumes a value of any type and any nesting; returns its text.
    pub(super) fn skip(&mut self) -> Result<&'de str, Fault> {
        self.peek()?;
        let start = self.at;
        self.brackets.clear();
        loop {
            let byte = self.peek()?;
            match byte {
                b'{' | b'[' => {
                    self.at += 1;
                    self.brackets.push(byte);
                    if self.skip_to_item(true)? {
                        continue;
                    }
                }
                b'"' => _ = self.skip_string()?,
                b'n' => self.literal("null")?,
                b't' => self.literal("true")?,
                b'f' => self.literal("false")?,
                _ => _ = self.skip_number()?,
            }
            if !self.skip_to_item(false)? {
                return Ok(self.text_from(start));
            }
        }
    }

    /// Moves to the next value inside the open brackets, and closes brackets that have no more values.
    /// Returns `false` if all brackets are closed.
    fn skip_to_item(&mut self, mut is_first: bool) -> Result<bool, Fault> {
        while let Some(&bracket) = self.brackets.last() {
            // In ASCII, `]` is `[` + 2 and `}` is `{` + 2.
            if self.next_item(bracket + 2, is_first)? {
                if bracket == b'{' {
                    self.skip_string()?;
                    self.take(b':')?;
                }
                return Ok(true);
            }
            self.brackets.pop();
            is_first = false;
        }
        Ok(false)
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn rest(&self) -> &'de [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The text from `start` to the current position.
    fn text_from(&self, start: usize) -> &'de str {
        // Both ends are next to an ASCII character, so both are character boundaries.
        self.text.get(start..self.at).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde::de::IgnoredAny;

    use super::*;

    fn skipped(text: &str) -> Result<&str, Fault> {
        let mut reader = Reader::new(text);
        let value = reader.skip();
        value.and_then(|value| reader.end().map(|()| value))
    }

    #[test]
    fn a_value_is_the_senders_text() {
        for value in [
            "null",
            "true",
            "false",
            "0",
            "-0",
            "1.50",
            "1e999",
            "-1.2E-3",
            "\"\"",
            "[]",
            "{}",
            "[ ]",
            r#""a\"\\\u00e9\ud800""#,
            r#"{ "a" : [ 1 , {"b":{}} ] , "a":[[]] }"#,
            "[[],[{}],0]",
        ] {
            assert_eq!(skipped(&format!(" \t\r\n{value} \n")), Ok(value));
        }
    }

    #[test]
    fn it_accepts_exactly_what_serde_json_accepts() {
        let parts = [
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"", "\\", "\\u12", "0", "1", "-", ".", "e",
            "+", "null", "tru", " ", "\u{1}", "\u{a0}", "é", "x",
        ];
        for first in parts {
            for second in parts {
                for third in parts {
                    for fourth in parts {
                        let text = [first, second, third, fourth].concat();
                        let expected = serde_json::from_str::<IgnoredAny>(&text);
                        assert_eq!(skipped(&text).is_ok(), expected.is_ok(), "{text}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_text_that_ends_early_is_told_from_a_malformed_one() {
        for text in [
            "", " ", "{", "[1", "[1,", "{\"a", "{\"a\"", "{\"a\":", "tr", "-", "1.", "1e", "\"\\",
        ] {
            assert_eq!(skipped(text), Err(Fault::EndsEarly), "{text}");
        }
        for text in [
            "}", "[1}", "{]", "[,", "{\"a\",", "trx", "-a", "01", "1.a", "+1", "[1] 2", "{1",
        ] {
            assert_eq!(skipped(text), Err(Fault::Malformed), "{text}");
        }
    }

    #[test]
    fn deep_nesting_needs_no_stack() {
        let deep = format!("{}{}", r#"[{"a":"#.repeat(500_000), "}]".repeat(500_000));
        assert_eq!(skipped(&deep), Err(Fault::Malformed));
        let deep = format!("{}0{}", r#"[{"a":"#.repeat(500_000), "}]".repeat(500_000));
        assert_eq!(skipped(&deep), Ok(&*deep));
    }
}
