//! Reads JSON text from front to back. Only `reader.rs`, `string.rs` and `number.rs` implement JSON's
//! grammar.
//!
//! The reader accepts exactly what `serde_json` accepts, and can return any value as a slice of the text.

use std::borrow::Cow;

use super::{
    fault::Fault,
    number::{self, Number},
    string,
};

/// A position in JSON text.
pub(in crate::event) struct Reader<'de> {
    text: &'de str,
    /// The part of the text that was not read yet.
    rest: &'de str,
    /// A name that [`take_name`](Self::take_name) does not find in the text, because it has escapes or
    /// white space after it. With it, the text after it; `rest` is empty meanwhile.
    unusual_name: Option<(Cow<'de, str>, &'de str)>,
    /// Has the last string that had escapes. The next one reuses the memory.
    unescaped: Vec<u8>,
    /// The open brackets of [`skip`](Self::skip). The next call reuses the memory.
    brackets: Vec<u8>,
}

impl<'de> Reader<'de> {
    pub(in crate::event) fn new(text: &'de str) -> Self {
        Self {
            text,
            rest: text,
            unusual_name: None,
            unescaped: Vec::new(),
            brackets: Vec::new(),
        }
    }

    /// How many bytes were read.
    #[inline]
    pub(in crate::event) fn at(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    /// Goes to the byte before which `at` bytes are.
    pub(in crate::event) fn go_to(&mut self, at: usize) {
        self.rest = self.text.get(at..).unwrap_or_default();
        self.unusual_name = None;
    }

    /// The line and the column of the last byte that was read, both counted from 1.
    pub(in crate::event) fn position(&self) -> (usize, usize) {
        let read = self.text.as_bytes().get(..self.at()).unwrap_or_default();
        let mut lines = read.split(|&byte| byte == b'\n');
        let line = lines.clone().count();
        (line, lines.next_back().map_or(0, <[u8]>::len))
    }

    /// Skips white space and returns the next byte, without consuming it.
    #[inline]
    pub(in crate::event) fn peek(&mut self) -> Result<u8, Fault> {
        match self.byte() {
            Some(byte) if byte > b' ' => Ok(byte),
            _ => self.peek_after_space(),
        }
    }

    #[cold]
    fn peek_after_space(&mut self) -> Result<u8, Fault> {
        self.rest = self.rest.trim_start_matches([' ', '\n', '\t', '\r']);
        self.byte().ok_or(Fault::EndsEarly)
    }

    /// Consumes the next byte, which must be `expected`, an ASCII character.
    #[inline]
    pub(in crate::event) fn take(&mut self, expected: u8) -> Result<(), Fault> {
        if self.peek()? != expected {
            return Err(Fault::Malformed);
        }
        self.advance(1);
        Ok(())
    }

    /// Consumes this text, if it follows at once.
    #[inline]
    pub(in crate::event) fn take_text(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Checks that only white space follows.
    pub(in crate::event) fn end(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Ok(_) => Err(Fault::Malformed),
            Err(_) => Ok(()),
        }
    }

    /// Consumes the opening bracket of an object or a list; returns whether it has an item.
    pub(in crate::event) fn open(&mut self, bracket: u8) -> Result<bool, Fault> {
        if self.peek()? != bracket {
            return Err(self.other_type());
        }
        self.advance(1);
        self.next_item(closing(bracket), true)
    }

    /// Whether another item of an object or a list follows. Consumes the comma before it, or the closing
    /// bracket.
    #[inline]
    pub(in crate::event) fn next_item(
        &mut self,
        closing: u8,
        is_first: bool,
    ) -> Result<bool, Fault> {
        let byte = self.peek()?;
        if byte == closing {
            self.advance(1);
            return Ok(false);
        }
        if is_first {
            return Ok(true);
        }
        self.take(b',').map(|()| true)
    }

    /// Consumes the opening bracket of an object; returns whether it has a field. Then a name follows, the
    /// quote before which is consumed.
    #[inline]
    pub(in crate::event) fn open_object(&mut self) -> Result<bool, Fault> {
        if self.take_text("{\"") {
            return Ok(true);
        }
        Ok(self.open(b'{')? && self.take(b'"').map(|()| true)?)
    }

    /// The same after a field of the object.
    #[inline(always)]
    pub(in crate::event) fn next_field(&mut self) -> Result<bool, Fault> {
        if self.take_text(",\"") {
            return Ok(true);
        }
        self.next_field_after_space()
    }

    fn next_field_after_space(&mut self) -> Result<bool, Fault> {
        Ok(self.next_item(b'}', false)? && self.take(b'"').map(|()| true)?)
    }

    /// Consumes the name of a field and the colon after it, if it is this name.
    ///
    /// `name` ends in the quote and the colon after it.
    #[inline]
    pub(in crate::event) fn take_name(&mut self, name: &str) -> bool {
        self.take_text(name) || self.unusual_name.is_some() && self.take_unusual_name(name)
    }

    #[cold]
    fn take_unusual_name(&mut self, name: &str) -> bool {
        let found = self
            .unusual_name
            .take_if(|(unusual, _)| name.strip_suffix("\":") == Some(&**unusual));
        found.is_some_and(|(_, rest)| {
            self.rest = rest;
            true
        })
    }

    /// Consumes a field whose name [`take_name`](Self::take_name) did not find; returns whether another
    /// field follows.
    ///
    /// If the name is written in an unusual way, it does nothing else. `take_name` now finds it.
    #[inline(never)]
    pub(in crate::event) fn unmatched_field(&mut self) -> Result<bool, Fault> {
        if let Some((_, rest)) = self.unusual_name.take() {
            self.rest = rest;
        } else {
            let start = self.at();
            let name = self.string_after_quote()?;
            self.take(b':')?;
            if self.at() - start != name.len() + "\":".len() {
                let rest = std::mem::take(&mut self.rest);
                self.unusual_name = Some((name, rest));
                return Ok(true);
            }
        }
        self.skip()?;
        self.next_field()
    }

    /// Consumes the name of a field and the colon after it.
    pub(in crate::event) fn name(&mut self) -> Result<Cow<'de, str>, Fault> {
        let name = self.string()?;
        self.take(b':')?;
        Ok(name)
    }

    /// Consumes a string.
    #[inline]
    pub(in crate::event) fn string(&mut self) -> Result<Cow<'de, str>, Fault> {
        self.take(b'"')?;
        self.string_after_quote()
    }

    #[inline]
    fn string_after_quote(&mut self) -> Result<Cow<'de, str>, Fault> {
        let len = string::plain_len(self.rest.as_bytes());
        if let Some((text, rest)) = self.rest.split_at_checked(len)
            && let Some(rest) = rest.strip_prefix('"')
        {
            self.rest = rest;
            return Ok(Cow::Borrowed(text));
        }
        self.escaped_after_quote().map(Cow::Owned)
    }

    #[inline(never)]
    fn escaped_after_quote(&mut self) -> Result<String, Fault> {
        self.unescaped.clear();
        let len = string::unescape(self.rest.as_bytes(), &mut self.unescaped);
        let (Some(len), Ok(text)) = (len, str::from_utf8(&self.unescaped)) else {
            self.skip_after_quote()?;
            return Err(Fault::Malformed);
        };
        let text = text.to_owned();
        self.advance(len + "\"".len());
        Ok(text)
    }

    /// Consumes the rest of a string.
    fn skip_after_quote(&mut self) -> Result<(), Fault> {
        self.advance(string::end(self.rest.as_bytes()));
        match self.rest.as_bytes() {
            [b'"', ..] => {
                self.advance(1);
                Ok(())
            }
            [] => Err(Fault::EndsEarly),
            [b'\\', after @ ..] => Err(string::fault_of_escape(after)),
            [_, ..] => Err(Fault::Malformed),
        }
    }

    /// Consumes `null`, `true` or `false`.
    #[inline]
    pub(in crate::event) fn literal(&mut self, expected: &str) -> Result<(), Fault> {
        if self.take_text(expected) {
            return Ok(());
        }
        match self.rest {
            rest if expected.starts_with(rest) => Err(Fault::EndsEarly),
            _ => Err(Fault::Malformed),
        }
    }

    /// Consumes a number.
    pub(in crate::event) fn number(&mut self) -> Result<Number, Fault> {
        let start = self.at();
        let is_integer = self.skip_number()?;
        Number::parse(self.text_from(start), is_integer).ok_or(Fault::Malformed)
    }

    /// Consumes a non-negative integer of at most 15 digits, if one follows, and then a comma or a bracket.
    #[inline]
    pub(in crate::event) fn short_integer(&mut self) -> Option<i64> {
        let (number, len) = number::short_integer(self.rest.as_bytes())?;
        self.advance(len);
        Some(number)
    }

    /// Consumes a number; returns whether it has neither a fraction nor an exponent.
    fn skip_number(&mut self) -> Result<bool, Fault> {
        self.skip_byte(|byte| byte == b'-');
        if !self.skip_byte(|byte| byte == b'0') {
            self.digits()?;
        }
        let mut is_integer = true;
        if self.skip_byte(|byte| byte == b'.') {
            is_integer = false;
            self.digits()?;
        }
        if self.skip_byte(|byte| matches!(byte, b'e' | b'E')) {
            is_integer = false;
            self.skip_byte(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        Ok(is_integer)
    }

    /// Consumes one or more digits.
    fn digits(&mut self) -> Result<(), Fault> {
        let bytes = self.rest.as_bytes();
        let other = bytes.iter().position(|byte| !byte.is_ascii_digit());
        self.advance(other.unwrap_or(bytes.len()));
        match (other, bytes) {
            (_, []) => Err(Fault::EndsEarly),
            (Some(0), _) => Err(Fault::Malformed),
            _ => Ok(()),
        }
    }

    /// Consumes the next byte, an ASCII character, if it is one of these.
    fn skip_byte(&mut self, is_one: impl Fn(u8) -> bool) -> bool {
        let is_next = self.byte().is_some_and(is_one);
        self.advance(usize::from(is_next));
        is_next
    }

    /// Consumes a value of any type and any nesting; returns its text.
    pub(in crate::event) fn skip(&mut self) -> Result<&'de str, Fault> {
        self.peek()?;
        let start = self.at();
        self.brackets.clear();
        loop {
            let byte = self.peek()?;
            match byte {
                b'{' | b'[' => {
                    self.advance(1);
                    self.brackets.push(byte);
                    if self.skip_to_item(true)? {
                        continue;
                    }
                }
                b'"' => {
                    self.advance(1);
                    self.skip_after_quote()?;
                }
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
            if self.next_item(closing(bracket), is_first)? {
                if bracket == b'{' {
                    self.take(b'"')?;
                    self.skip_after_quote()?;
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
        self.rest.as_bytes().first().copied()
    }

    /// Consumes so many bytes, the last of which ends a character.
    #[inline]
    fn advance(&mut self, len: usize) {
        self.rest = self.rest.get(len..).unwrap_or_default();
    }

    /// The text from `start` to the current position.
    fn text_from(&self, start: usize) -> &'de str {
        // Both ends are next to an ASCII character, so both are character boundaries.
        self.text.get(start..self.at()).unwrap_or_default()
    }
}

/// The bracket that closes this one.
fn closing(bracket: u8) -> u8 {
    // In ASCII, `]` is `[` + 2 and `}` is `{` + 2.
    bracket + 2
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
