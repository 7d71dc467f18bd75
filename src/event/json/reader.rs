//! Reads JSON text from front to back. Only this file and `string.rs` implement JSON's grammar.
//!
//! It accepts exactly what `serde_json` accepts, and can return any value as a slice of the text.

use std::borrow::Cow;

use super::{fault::Fault, string};

/// A position in JSON text.
pub(in crate::event) struct Reader<'de> {
    text: &'de str,
    at: usize,
    /// The name of the field whose value comes next, if [`take_name`](Self::take_name) cannot find it in
    /// the text: it has escapes or white space after it.
    name: Option<Cow<'de, str>>,
    /// The open brackets of [`skip`](Self::skip). The next call reuses the memory.
    brackets: Vec<u8>,
}

impl<'de> Reader<'de> {
    pub(in crate::event) fn new(text: &'de str) -> Self {
        Self::starting_at(text, 0)
    }

    /// Starts in the middle of a text.
    pub(in crate::event) fn starting_at(text: &'de str, at: usize) -> Self {
        Self {
            text,
            at,
            name: None,
            brackets: Vec::new(),
        }
    }

    /// How many bytes were read.
    #[inline]
    pub(in crate::event) fn at(&self) -> usize {
        self.at
    }

    /// Returns to a place where it was.
    pub(in crate::event) fn go_back_to(&mut self, at: usize) {
        self.at = at;
        self.name = None;
    }

    /// The line and the column of the last byte that was read, both counted from 1.
    pub(in crate::event) fn position(&self) -> (usize, usize) {
        let read = self.text.as_bytes().get(..self.at).unwrap_or_default();
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
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.byte() {
            self.at += 1;
        }
        self.byte().ok_or(Fault::EndsEarly)
    }

    /// Consumes the next byte, which must be `expected`.
    #[inline]
    pub(in crate::event) fn take(&mut self, expected: u8) -> Result<(), Fault> {
        if self.peek()? != expected {
            return Err(Fault::Malformed);
        }
        self.at += 1;
        Ok(())
    }

    /// Checks that only white space follows.
    pub(in crate::event) fn end(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Ok(_) => Err(Fault::Malformed),
            Err(_) => Ok(()),
        }
    }

    /// Whether another item of a list or an object follows. Consumes the comma before it, or the closing
    /// bracket.
    #[inline]
    pub(in crate::event) fn next_item(&mut self, closing: u8, is_first: bool) -> Result<bool, Fault> {
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

    /// Consumes the opening bracket of an object or a list; returns whether it has an item.
    pub(in crate::event) fn open(&mut self, bracket: u8) -> Result<bool, Fault> {
        if self.peek()? != bracket {
            return Err(self.other_type());
        }
        self.at += 1;
        // In ASCII, `]` is `[` + 2 and `}` is `{` + 2.
        self.next_item(bracket + 2, true)
    }

    /// Consumes the opening bracket of an object; returns whether it has a field.
    pub(in crate::event) fn open_object(&mut self) -> Result<bool, Fault> {
        Ok(self.open(b'{')? && self.peek().is_ok())
    }

    /// Whether another field of an object follows. Moves to its name, or consumes the closing bracket.
    #[inline]
    pub(in crate::event) fn next_field(&mut self) -> Result<bool, Fault> {
        if let [b',', b'"', ..] = self.rest() {
            self.at += 1;
            return Ok(true);
        }
        self.next_field_after_space()
    }

    fn next_field_after_space(&mut self) -> Result<bool, Fault> {
        Ok(self.next_item(b'}', false)? && self.peek().is_ok())
    }

    /// Consumes the name of a field and the colon after it, if it is this name.
    ///
    /// `quoted` is the name in quotes, and the colon.
    #[inline]
    pub(in crate::event) fn take_name(&mut self, quoted: &str) -> bool {
        if self.rest().starts_with(quoted.as_bytes()) {
            self.at += quoted.len();
            return true;
        }
        self.name.is_some() && self.take_unusual_name(quoted)
    }

    #[cold]
    fn take_unusual_name(&mut self, quoted: &str) -> bool {
        let name = quoted.trim_start_matches('"').trim_end_matches("\":");
        self.name.take_if(|unusual| unusual == name).is_some()
    }

    /// Consumes a field whose name no [`take_name`](Self::take_name) has taken; returns whether a field
    /// follows.
    ///
    /// If the name is written in an unusual way, it consumes only that. Then try each `take_name` again.
    #[inline(never)]
    pub(in crate::event) fn unmatched_field(&mut self) -> Result<bool, Fault> {
        if self.name.take().is_none() {
            let start = self.at;
            let name = self.name()?;
            if self.at - start != name.len() + r#""":"#.len() {
                self.name = Some(name);
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

    /// Consumes a string, or fails if the value has another type.
    #[inline]
    pub(in crate::event) fn text(&mut self) -> Result<Cow<'de, str>, Fault> {
        match self.peek()? {
            b'"' => self.string(),
            _ => Err(self.other_type()),
        }
    }

    /// Consumes a string.
    pub(in crate::event) fn string(&mut self) -> Result<Cow<'de, str>, Fault> {
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
    pub(in crate::event) fn literal(&mut self, expected: &str) -> Result<(), Fault> {
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

    /// Consumes a number.
    pub(in crate::event) fn number(&mut self) -> Result<Number, Fault> {
        if let Some(integer) = self.short_integer() {
            return Ok(integer);
        }
        let start = self.at;
        let is_integer = self.skip_number()?;
        Number::parse(self.text_from(start), is_integer).ok_or(Fault::Malformed)
    }

    /// Consumes a positive integer of at most 18 digits, if the number is one.
    fn short_integer(&mut self) -> Option<Number> {
        let mut number = 0;
        let mut len = 0;
        loop {
            match self.rest().get(len) {
                Some(digit @ b'0'..=b'9') if len < 18 => {
                    number = number * 10 + u64::from(digit - b'0');
                    len += 1;
                }
                Some(b',' | b'}') if len > 0 => break,
                _ => return None,
            }
        }
        if len > 1 && self.byte() == Some(b'0') {
            return None;
        }
        self.at += len;
        Some(Number::Unsigned(number))
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
    pub(in crate::event) fn skip(&mut self) -> Result<&'de str, Fault> {
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
    pub(in crate::event) fn text_from(&self, start: usize) -> &'de str {
        // Both ends are next to an ASCII character, so both are character boundaries.
        self.text.get(start..self.at).unwrap_or_default()
    }
}

/// A number, as `serde_json` tells numbers apart.
pub(in crate::event) enum Number {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
}

impl Number {
    /// `None` if the number is beyond `f64`.
    fn parse(text: &str, is_integer: bool) -> Option<Self> {
        if is_integer && let Ok(number) = text.parse() {
            return Some(Self::Unsigned(number));
        }
        // serde_json reads `-0` as a float, which keeps its sign.
        if is_integer
            && text != "-0"
            && let Ok(number) = text.parse()
        {
            return Some(Self::Signed(number));
        }
        let number = text.parse().ok();
        number.filter(|number: &f64| number.is_finite()).map(Self::Float)
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
