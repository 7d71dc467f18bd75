//! Reads JSON into values that both databases can store.
//!
//! End users write metadata, so no valid JSON may make a delivery fail. `serde_json` refuses deep nesting and numbers
//! beyond `f64`, gives some keys a meaning when a dependency turns on one of its features, and Postgres keeps no NUL. This
//! reader replaces what cannot be stored.

use serde_json::{Map, Number, Value};

/// Deeper objects and lists become null. `serde_json` reads 127 levels.
const MAX_DEPTH: usize = 100;

/// The value of a JSON text; `None` if it is not JSON.
///
/// - NUL and half a surrogate pair become U+FFFD.
/// - A number beyond `f64` becomes null, as does what is nested more than 100 levels deep.
pub(crate) fn parse(json: &str) -> Option<Value> {
    let mut reader = Reader { rest: json };
    let value = reader.value(0)?;
    reader.skip_space();
    reader.rest.is_empty().then_some(value)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        self.skip_space();
        match self.rest.bytes().next()? {
            b'{' | b'[' if depth == MAX_DEPTH => self.skip_nested(),
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' => self.string().map(Value::String),
            b't' => self.take("true").then_some(Value::Bool(true)),
            b'f' => self.take("false").then_some(Value::Bool(false)),
            b'n' => self.take("null").then_some(Value::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        let mut fields = Map::new();
        self.take("{");
        if self.take("}") {
            return Some(Value::Object(fields));
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            if !self.take(":") {
                return None;
            }
            fields.insert(name, self.value(depth + 1)?);
            if self.take("}") {
                return Some(Value::Object(fields));
            }
            if !self.take(",") {
                return None;
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        let mut elements = Vec::new();
        self.take("[");
        if self.take("]") {
            return Some(Value::Array(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            if self.take("]") {
                return Some(Value::Array(elements));
            }
            if !self.take(",") {
                return None;
            }
        }
    }

    /// Without recursion: a text may nest as deep as it is long.
    fn skip_nested(&mut self) -> Option<Value> {
        let mut open = 0_usize;
        loop {
            self.skip_space();
            match self.rest.bytes().next()? {
                b'"' => drop(self.string()?),
                b'{' | b'[' => {
                    open += 1;
                    self.skip(1);
                }
                b'}' | b']' => {
                    open -= 1;
                    self.skip(1);
                }
                b',' | b':' => self.skip(1),
                _ => drop(self.scalar()?),
            }
            if open == 0 {
                return Some(Value::Null);
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        self.rest = self.rest.strip_prefix('"')?;
        let mut text = String::new();
        loop {
            let end = self.rest.find(['"', '\\'])?;
            let (plain, rest) = self.rest.split_at_checked(end)?;
            text.push_str(plain);
            if let Some(rest) = rest.strip_prefix('"') {
                self.rest = rest;
                return Some(text);
            }
            self.rest = rest.strip_prefix('\\')?;
            text.push(self.escaped()?);
        }
    }

    fn escaped(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let escaped = chars.next()?;
        self.rest = chars.as_str();
        match escaped {
            '"' | '\\' | '/' => Some(escaped),
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'u' => self.unicode(),
            _ => None,
        }
    }

    fn unicode(&mut self) -> Option<char> {
        let mut code = self.hex()?;
        let after = self.rest;
        if let (0xd800..=0xdbff, Some(rest)) = (code, after.strip_prefix("\\u")) {
            self.rest = rest;
            match self.hex()? {
                low @ 0xdc00..=0xdfff => code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00),
                _ => self.rest = after,
            }
        }
        let read = char::from_u32(code).filter(|char| *char != '\0');
        Some(read.unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Option<u32> {
        let (digits, rest) = self.rest.split_at_checked(4)?;
        self.rest = rest;
        u32::from_str_radix(digits, 16).ok()
    }

    fn number(&mut self) -> Option<Value> {
        let text = self.scalar()?;
        if let Ok(number) = text.parse::<i64>() {
            return Some(number.into());
        }
        if let Ok(number) = text.parse::<u64>() {
            return Some(number.into());
        }
        if !text.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) {
            return None;
        }
        let number = text.parse().ok()?;
        Some(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    /// What is neither a string nor nested, as text.
    fn scalar(&mut self) -> Option<&str> {
        let ends = |char: char| !char.is_ascii_alphanumeric() && !matches!(char, '-' | '+' | '.');
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!text.is_empty()).then_some(text)
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_read_as_serde_json_reads_it() {
        for text in [
            r#" { "a" : [ 1 , -2 , 3.5 , 1e3 , 18446744073709551615 , 0.1 ] , "b" : { } , "c" : [ ] } "#,
            r#"{"a":"\"\\\/\b\f\n\r\té\ud83d\ude00é","b":[true,false,null]}"#,
            r#"{"a":1,"a":2}"#,
            r#""text""#,
            "-0.5",
        ] {
            let expected: Value = serde_json::from_str(text).unwrap();
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_stored_is_replaced() {
        let text = r#"{"nul":"a\u0000b","half":"\ud83d!","low":"\ude00","halves":"\ud83d\ud83d\ude00",
            "huge":1e999,"digits":123456789012345678901234567890}"#;
        let expected = json!({
            "nul": "a\u{fffd}b",
            "half": "\u{fffd}!",
            "low": "\u{fffd}",
            "halves": "\u{fffd}😀",
            "huge": null,
            "digits": 123_456_789_012_345_678_901_234_567_890_f64,
        });
        assert_eq!(parse(text).unwrap(), expected);
    }

    #[test]
    fn deep_nesting_costs_no_stack() {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let text = format!("{}0{}", open.repeat(100_000), close.repeat(100_000));
            let mut value = parse(&text).unwrap();
            let mut depth = 0;
            while let Some(inner) = match &mut value {
                Value::Array(list) => list.pop(),
                Value::Object(fields) => fields.remove("a"),
                _ => None,
            } {
                value = inner;
                depth += 1;
            }
            assert_eq!((depth, value), (MAX_DEPTH, Value::Null));
        }
    }

    #[test]
    fn keys_that_serde_json_gives_a_meaning_are_keys() {
        let text = r#"{"$serde_json::private::RawValue":"x","$serde_json::private::Number":"y"}"#;
        assert_eq!(parse(text).unwrap().as_object().unwrap().len(), 2);
    }

    #[test]
    fn anything_else_is_not_json() {
        for text in [
            "",
            "{",
            "[1",
            "[1,",
            r#"{"a"}"#,
            r#"{"a":}"#,
            "nul",
            "truefalse",
            "1 2",
            "[1 2]",
            "'a'",
            r#""\x""#,
            r#""\u12""#,
            r#""a"#,
            "<html></html>",
            "NaN",
            "inf",
            "-",
            "[}",
            "{]",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
