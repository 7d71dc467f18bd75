//! serde's `Deserializer` for the [`Reader`]. It decodes this crate's own types.
//!
//! It behaves like `serde_json`'s, with two differences. [`RawJson`](crate::event::RawJson) gets the text
//! of its value. A struct is read only from an object, never from an array.

use std::borrow::Cow;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Unexpected, Visitor,
};

use super::{
    fault::{Fault, ReadError},
    reader::Reader,
};
use crate::event::value::raw_json::TEXT_OF_VALUE;

/// The maximum nesting of a decoded value. A value that is skipped or kept as text has no limit.
const MAX_DEPTH: usize = 127;

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.peek()? {
            b'"' => visit_string(self.string()?, visitor),
            b'{' => self.nested(b'{', |items| visitor.visit_map(items)),
            b'[' => self.nested(b'[', |items| visitor.visit_seq(items)),
            b'n' => {
                self.literal("null")?;
                visitor.visit_unit()
            }
            b't' => {
                self.literal("true")?;
                visitor.visit_bool(true)
            }
            b'f' => {
                self.literal("false")?;
                visitor.visit_bool(false)
            }
            _ => self.visit_number(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.peek()? {
            b'n' => {
                self.literal("null")?;
                visitor.visit_none()
            }
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if name == TEXT_OF_VALUE {
            return visitor.visit_borrowed_bytes(self.skip()?.as_bytes());
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.peek()? {
            b'[' => Err(ReadError::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.skip()?;
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map enum identifier
    }
}

fn visit_string<'de, V: Visitor<'de>>(
    text: Cow<'de, str>,
    visitor: V,
) -> Result<V::Value, ReadError> {
    match text {
        Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
        Cow::Owned(text) => visitor.visit_string(text),
    }
}

impl<'de> Reader<'de> {
    fn visit_number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, ReadError> {
        let (text, is_integer) = self.number()?;
        if is_integer && let Ok(number) = text.parse() {
            return visitor.visit_u64(number);
        }
        // serde_json reads `-0` as a float, which keeps its sign.
        if is_integer
            && text != "-0"
            && let Ok(number) = text.parse()
        {
            return visitor.visit_i64(number);
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => visitor.visit_f64(number),
            _ => Err(Fault::Malformed.into()),
        }
    }

    /// Visits the items of an object or a list.
    fn nested<T>(
        &mut self,
        bracket: u8,
        visit: impl FnOnce(Items<'_, 'de>) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        self.take(bracket)?;
        if self.depth == MAX_DEPTH {
            return Err(Fault::Malformed.into());
        }
        self.depth += 1;
        let value = visit(Items {
            reader: self,
            is_first: true,
        })?;
        self.depth -= 1;
        Ok(value)
    }
}

/// The remaining items of an object or a list.
struct Items<'a, 'de> {
    reader: &'a mut Reader<'de>,
    is_first: bool,
}

impl Items<'_, '_> {
    fn next(&mut self, closing: u8) -> Result<bool, Fault> {
        let is_first = std::mem::replace(&mut self.is_first, false);
        self.reader.next_item(closing, is_first)
    }
}

impl<'de> MapAccess<'de> for Items<'_, 'de> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        if !self.next(b'}')? {
            return Ok(None);
        }
        seed.deserialize(Name(self.reader.name()?)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ReadError> {
        seed.deserialize(&mut *self.reader)
    }
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = ReadError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ReadError> {
        if !self.next(b']')? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

/// The name of a field.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserializer<'de> for Name<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visit_string(self.0, visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::event::value::tree::Tree;

    fn tree(text: &str) -> Result<Tree<'_>, ReadError> {
        let mut reader = Reader::new(text);
        let tree = Tree::deserialize(&mut reader)?;
        reader.end()?;
        Ok(tree)
    }

    #[test]
    fn a_value_is_what_serde_json_reads() {
        for text in [
            "0",
            "-0",
            "-1",
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775808",
            "-9223372036854775809",
            "0.1",
            "1e3",
            "1E-3",
            "1e999",
            "-1e999",
            "1e-999",
            "-0.0",
            "[]",
            "{}",
            r#"{"a":[1,2,{"b":null}],"a":true,"\u0063":"\n\"\ud83d\ude00"}"#,
            r#""\ud83d""#,
            "[1,]",
            r#"{"a":1,}"#,
            "[1 2]",
            r#"{"a" 1}"#,
            "{1:2}",
            "nul",
            "[false",
            "01",
            "1.",
            "-",
        ] {
            let expected: Option<Tree<'_>> = serde_json::from_str(text).ok();
            assert_eq!(tree(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn nesting_is_limited_as_in_serde_json() {
        for depth in [126, 127, 128, 129, 100_000] {
            let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            let expected = serde_json::from_str::<Tree<'_>>(&deep);
            assert_eq!(tree(&deep).is_ok(), expected.is_ok(), "{depth}");
        }
    }

    #[test]
    fn a_struct_is_an_object() {
        #[derive(Debug, Deserialize)]
        struct Pair {
            #[expect(dead_code, reason = "only its type matters")]
            first: u8,
        }
        let error = Pair::deserialize(&mut Reader::new("[1]")).unwrap_err();
        assert_eq!(error.fault, Fault::OtherType);
        assert!(Pair::deserialize(&mut Reader::new(r#"{"first": 1}"#)).is_ok());
    }
}
