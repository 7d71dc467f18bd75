//! A JSON value in memory, in which no key has a special meaning.

use std::{borrow::Cow, fmt, sync::LazyLock};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess},
};

use crate::event::json::{
    fault::{Fault, ReadError},
    number::Number,
    reader::Reader,
};

/// The maximum nesting that `serde_json` accepts.
const MAX_DEPTH: usize = 127;

/// Any JSON value.
///
/// `serde_json::Value` cannot be used for this. With `serde_json`'s features `raw_value` and
/// `arbitrary_precision`, which any dependency can enable, it treats keys such as
/// `$serde_json::private::RawValue` specially. Users can write such keys into their metadata.
#[derive(Debug, PartialEq)]
pub(in crate::event) enum Tree<'de> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(Cow<'de, str>),
    List(Vec<Self>),
    Object(Vec<(Cow<'de, str>, Self)>),
}

/// With `serde_json`'s `arbitrary_precision`, an object with this single key represents a number. `None`
/// if the feature is off.
static NUMBER_KEY: LazyLock<Option<String>> = LazyLock::new(|| {
    let Ok(Tree::Object(fields)) = serde_json::from_str("0.5") else {
        return None;
    };
    fields.into_iter().next().map(|(key, _)| key.into_owned())
});

impl<'de> Tree<'de> {
    /// Reads JSON text, and refuses what `serde_json` refuses.
    pub(in crate::event) fn from_json(json: &'de str) -> Result<Self, ReadError> {
        let mut reader = Reader::new(json);
        let tree = Self::read(&mut reader, MAX_DEPTH)?;
        reader.end()?;
        Ok(tree)
    }

    /// `depth` is how many objects and lists may still be nested.
    fn read(reader: &mut Reader<'de>, depth: usize) -> Result<Self, Fault> {
        match reader.peek()? {
            b'n' => reader.literal("null").map(|()| Self::Null),
            b't' => reader.literal("true").map(|()| Self::Bool(true)),
            b'f' => reader.literal("false").map(|()| Self::Bool(false)),
            b'"' => reader.string().map(Self::Text),
            b'[' => {
                let depth = depth.checked_sub(1).ok_or(Fault::Malformed)?;
                let mut items = Vec::new();
                let mut has_next = reader.open(b'[')?;
                while has_next {
                    items.push(Self::read(reader, depth)?);
                    has_next = reader.next_item(b']', false)?;
                }
                Ok(Self::List(items))
            }
            b'{' => {
                let depth = depth.checked_sub(1).ok_or(Fault::Malformed)?;
                let mut fields = Vec::new();
                let mut has_next = reader.open(b'{')?;
                while has_next {
                    fields.push((reader.name()?, Self::read(reader, depth)?));
                    has_next = reader.next_item(b'}', false)?;
                }
                Ok(Self::Object(fields))
            }
            _ => reader.number().map(|number| match number {
                Number::Unsigned(number) => Self::Unsigned(number),
                Number::Signed(number) => Self::Signed(number),
                Number::Float(number) => Self::Float(number),
            }),
        }
    }
}

impl Tree<'_> {
    /// The value as JSON text, without white space.
    ///
    /// Use it for a tree from another deserializer: an object that represents a number becomes that
    /// number.
    pub(in crate::event) fn to_json(&self) -> String {
        let mut json = String::new();
        self.print(&mut json);
        json
    }

    fn print(&self, json: &mut String) {
        match self {
            Self::Null => json.push_str("null"),
            Self::Bool(value) => json.push_str(if *value { "true" } else { "false" }),
            Self::Unsigned(number) => json.push_str(&number.to_string()),
            Self::Signed(number) => json.push_str(&number.to_string()),
            Self::Float(number) => json.push_str(&scalar(number)),
            Self::Text(text) => json.push_str(&scalar(text)),
            Self::List(items) => {
                print_items('[', items, ']', json, Self::print);
            }
            Self::Object(fields) => match number_in(fields) {
                Some(number) => json.push_str(number),
                None => print_items('{', fields, '}', json, |(name, value), json| {
                    json.push_str(&scalar(name));
                    json.push(':');
                    value.print(json);
                }),
            },
        }
    }
}

/// A number or a string as `serde_json` writes it.
fn scalar(value: &impl Serialize) -> String {
    // Serializing a scalar into memory cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}

fn print_items<T>(
    open: char,
    items: &[T],
    close: char,
    json: &mut String,
    print: impl Fn(&T, &mut String),
) {
    json.push(open);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        print(item, json);
    }
    json.push(close);
}

/// The number that an object represents, if it represents one.
fn number_in<'a>(fields: &'a [(Cow<'_, str>, Tree<'_>)]) -> Option<&'a str> {
    match fields {
        [(key, Tree::Text(text))] if is_number_key(key) && is_number(text) => Some(text),
        _ => None,
    }
}

/// Whether `key` marks an object that represents a number.
pub(in crate::event) fn is_number_key(key: &str) -> bool {
    NUMBER_KEY.as_deref() == Some(key)
}

fn is_number(text: &str) -> bool {
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && text.ends_with(|last: char| last.is_ascii_digit())
        && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

impl<'de> Deserialize<'de> for Tree<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> de::Visitor<'de> for TreeVisitor {
    type Value = Tree<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Tree<'de>, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree<'de>, E> {
        Ok(Tree::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree<'de>, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Tree<'de>, E> {
        Ok(Tree::Unsigned(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Tree<'de>, E> {
        Ok(Tree::Signed(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Tree<'de>, E> {
        Ok(Tree::Float(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Owned(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree<'de>, A::Error> {
        let mut fields = Vec::new();
        while let Some(name) = map.next_key()? {
            let Tree::Text(name) = name else {
                return Err(de::Error::custom("an object's key must be a string"));
            };
            fields.push((name, map.next_value()?));
        }
        Ok(Tree::Object(fields))
    }
}

impl Serialize for Tree<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Unsigned(number) => serializer.serialize_u64(*number),
            Self::Signed(number) => serializer.serialize_i64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(fields) => {
                serializer.collect_map(fields.iter().map(|(name, value)| (name, value)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_printed_as_serde_json_prints_it() {
        let json = r#"{"a":[null,true,-1,18446744073709551615,0.5,1e+300],"a":"\u0001\"é","":{}}"#;
        let tree: Tree<'_> = serde_json::from_str(json).unwrap();
        assert_eq!(tree.to_json(), json);
        assert_eq!(serde_json::to_string(&tree).unwrap(), json);
    }

    #[test]
    fn no_key_has_a_meaning() {
        for key in [
            "$serde_json::private::RawValue",
            "$serde_json::private::Number",
        ] {
            for value in ["\"x\"", "\"[1]\"", "1", "null"] {
                let json = format!(r#"{{"{key}":{value}}}"#);
                let tree: Tree<'_> = serde_json::from_str(&json).unwrap();
                assert_eq!(tree.to_json(), json);
            }
        }
    }

    #[test]
    fn a_text_is_the_value_that_serde_json_reads() {
        for json in [
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
            r#" { "a" : [ 1 , 2 ] } "#,
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
            let expected: Option<Tree<'_>> = serde_json::from_str(json).ok();
            assert_eq!(Tree::from_json(json).ok(), expected, "{json}");
        }
    }

    #[test]
    fn nesting_is_limited_as_in_serde_json() {
        for depth in [126, 127, 128, 129, 100_000] {
            let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            let expected = serde_json::from_str::<Tree<'_>>(&deep);
            assert_eq!(Tree::from_json(&deep).is_ok(), expected.is_ok(), "{depth}");
        }
    }
}
