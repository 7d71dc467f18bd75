//! JSON that stays the text that was sent.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeOwned, IgnoredAny, MapAccess},
    ser,
};
use serde_json::value::RawValue;

use crate::event::decode::{self, error::DecodeError};

/// A JSON value kept as the text that was sent: metadata and whatever has no fixed shape.
///
/// Numbers keep their digits and objects their order; nothing is parsed until you ask for it with
/// [`parse`](Self::parse). `null` stands for both a `null` and a field that was not sent.
/// `Debug` prints the length alone, since metadata often holds personal data.
///
/// ```
/// use clerk_webhooks::event::{RawJson, User};
///
/// #[derive(serde::Deserialize, Default)]
/// struct Metadata {
///     plan: Option<String>,
/// }
///
/// let user: User = serde_json::from_str(
///     r#"{"id": "user_1", "public_metadata": {"plan": "pro"}, "private_metadata": null}"#,
/// )?;
/// assert_eq!(user.public_metadata.as_str(), r#"{"plan": "pro"}"#);
/// assert_eq!(user.public_metadata.parse::<Metadata>()?.plan.as_deref(), Some("pro"));
/// assert!(user.private_metadata.is_null());
/// assert_eq!(format!("{:?}", user.public_metadata), "RawJson(15 bytes)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Where the text is not available
///
/// Inside your own internally tagged, adjacently tagged, untagged and flattened types serde hands
/// over a buffered value instead of text, and so does a `serde_json::Value`. The value is then
/// printed anew: it is the same value, but white space, the digits of a float and the spelling of
/// escapes may differ from what was sent.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RawJson(Cow<'static, str>);

const NULL: &str = "null";
const EMPTY_OBJECT: &str = "{}";

impl RawJson {
    /// `null`, also for what was not sent.
    pub const NULL: Self = Self(Cow::Borrowed(NULL));

    /// The JSON text, without white space around it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is `null` or was not sent.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.0 == NULL
    }

    /// Whether it holds nothing: `null`, not sent, or an object without fields.
    ///
    /// ```
    /// use clerk_webhooks::event::RawJson;
    ///
    /// assert!(RawJson::default().is_empty());
    /// assert!(serde_json::from_str::<RawJson>("{ }")?.is_empty());
    /// assert!(!serde_json::from_str::<RawJson>("[]")?.is_empty());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.is_null()
            || self
                .object_body()
                .is_some_and(|body| body.trim_ascii().is_empty())
    }

    /// Decodes it into a type of your own.
    ///
    /// `null` is tried as it is first, so that an `Option` gives `None`, and then as `{}`, so that
    /// a struct whose fields all have defaults gives those.
    ///
    /// ```
    /// use clerk_webhooks::event::RawJson;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Metadata {
    ///     #[serde(default)]
    ///     beta: bool,
    /// }
    ///
    /// assert!(!RawJson::NULL.parse::<Metadata>()?.beta);
    /// assert!(RawJson::NULL.parse::<Option<Metadata>>()?.is_none());
    /// # Ok::<(), clerk_webhooks::event::DecodeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If `T` refuses the value. The error's path starts at this value, its kind is
    /// [`Data`](crate::event::DecodeErrorKind::Data), or [`NotJson`](crate::event::DecodeErrorKind::NotJson) for
    /// a number or an escape that no type can hold.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        if self.is_null() {
            return decode::value(NULL).or_else(|_| decode::value(EMPTY_OBJECT));
        }
        decode::value(&self.0)
    }

    pub(in crate::event) fn is_object(&self) -> bool {
        self.0.starts_with('{')
    }

    /// The text of the string in the top-level field `name`, if there is one without escapes.
    pub(in crate::event) fn field_str(&self, name: &str) -> Option<&str> {
        let mut deserializer = serde_json::Deserializer::from_str(&self.0);
        let field = deserializer.deserialize_map(FieldVisitor(name)).ok()??;
        serde_json::from_str(field.get()).ok()
    }

    fn object_body(&self) -> Option<&str> {
        self.0.strip_prefix('{')?.strip_suffix('}')
    }

    fn from_text(text: &str) -> Self {
        match text {
            NULL => Self::NULL,
            EMPTY_OBJECT => Self(Cow::Borrowed(EMPTY_OBJECT)),
            other => Self(Cow::Owned(other.to_owned())),
        }
    }

    fn from_owned(text: String) -> Self {
        match text.as_str() {
            NULL | EMPTY_OBJECT => Self::from_text(&text),
            _ => Self(Cow::Owned(text)),
        }
    }
}

/// `null`.
impl Default for RawJson {
    fn default() -> Self {
        Self::NULL
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawJson({} bytes)", self.0.len())
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(raw_value_name(), TextVisitor)
    }
}

/// Takes the raw text where the deserializer has it, and buffers and prints the value where not.
struct TextVisitor;

impl<'de> de::Visitor<'de> for TextVisitor {
    type Value = RawJson;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    /// `serde_json`'s way to hand over raw text: a map of one entry.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawJson, A::Error> {
        match map.next_entry::<IgnoredAny, Text>()? {
            Some((_, Text(raw))) => Ok(raw),
            None => Err(de::Error::custom("raw JSON without its text")),
        }
    }

    /// Every other deserializer hands over the value itself.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<RawJson, D::Error> {
        let value = serde_json::Value::deserialize(value)?;
        Ok(RawJson::from_owned(value.to_string()))
    }
}

/// JSON text inside a string, as `serde_json` passes it on.
struct Text(RawJson);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(JsonTextVisitor).map(Text)
    }
}

struct JsonTextVisitor;

impl de::Visitor<'_> for JsonTextVisitor {
    type Value = RawJson;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<RawJson, E> {
        Ok(RawJson::from_text(text))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<RawJson, E> {
        Ok(RawJson::from_owned(text))
    }
}

struct FieldVisitor<'a>(&'a str);

impl<'de> de::Visitor<'de> for FieldVisitor<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if key == self.0 {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// The name by which `serde_json` recognises a request for raw text.
///
/// It is private there, but `RawValue` passes it to every deserializer: this asks with one that
/// does nothing but give the name back.
fn raw_value_name() -> &'static str {
    match <&RawValue>::deserialize(NameOnly) {
        Err(NewtypeName(name)) => name,
        Ok(_) => "",
    }
}

struct NameOnly;

impl<'de> Deserializer<'de> for NameOnly {
    type Error = NewtypeName;

    fn deserialize_any<V: de::Visitor<'de>>(self, _: V) -> Result<V::Value, NewtypeName> {
        Err(NewtypeName(""))
    }

    fn deserialize_newtype_struct<V: de::Visitor<'de>>(
        self,
        name: &'static str,
        _: V,
    ) -> Result<V::Value, NewtypeName> {
        Err(NewtypeName(name))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The name of a newtype struct, travelling as an error.
#[derive(Debug)]
struct NewtypeName(&'static str);

impl fmt::Display for NewtypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NewtypeName {}

impl de::Error for NewtypeName {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::DecodeErrorKind;

    fn raw(text: &str) -> RawJson {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn any_json_is_kept_as_it_was_sent() {
        for text in [
            "1.50",
            "1e2",
            "-0",
            "\"\\u00e9\"",
            "[1 , 2]",
            r#"{ "b":1, "a":{"a":1,"a":2} }"#,
            "true",
        ] {
            assert_eq!(raw(&format!(" {text}\n")).as_str(), text);
            assert_eq!(serde_json::to_string(&raw(text)).unwrap(), text);
        }
        assert!(serde_json::from_str::<RawJson>("{").is_err());
    }

    #[test]
    fn what_is_common_and_empty_costs_no_allocation() {
        for text in ["null", "{}"] {
            assert!(matches!(raw(text).0, Cow::Borrowed(_)), "{text}");
            let owned = serde_json::from_reader::<_, RawJson>(text.as_bytes()).unwrap();
            assert!(matches!(owned.0, Cow::Borrowed(_)), "{text}");
            let buffered: RawJson =
                serde_json::from_value(serde_json::from_str(text).unwrap()).unwrap();
            assert!(matches!(buffered.0, Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn null_and_empty() {
        let judged = |text| (raw(text).is_null(), raw(text).is_empty());
        assert_eq!(judged("null"), (true, true));
        assert_eq!(judged("{}"), (false, true));
        assert_eq!(judged("{ \n }"), (false, true));
        for text in ["[]", "\"\"", "0", "false", r#"{"a":null}"#] {
            assert_eq!(judged(text), (false, false), "{text}");
        }
        assert_eq!(RawJson::default(), RawJson::NULL);
    }

    #[test]
    fn null_parses_as_null_first_and_as_an_empty_object_second() {
        #[derive(Debug, Default, PartialEq, Deserialize)]
        #[serde(default)]
        struct Settings {
            beta: bool,
        }
        assert_eq!(RawJson::NULL.parse::<Option<Settings>>().unwrap(), None);
        assert_eq!(
            RawJson::NULL.parse::<Settings>().unwrap(),
            Settings::default()
        );
        assert_eq!(
            RawJson::NULL.parse::<serde_json::Value>().unwrap(),
            serde_json::Value::Null
        );
        assert!(RawJson::NULL.parse::<u8>().is_err());
    }

    #[test]
    fn an_error_names_the_place_but_no_value() {
        #[derive(Debug, Deserialize)]
        struct Seats {
            #[expect(dead_code, reason = "only its type matters")]
            seats: Vec<u8>,
        }
        let error = raw(r#"{"seats": [1, "secret"]}"#)
            .parse::<Seats>()
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.path()),
            (DecodeErrorKind::Data, "seats[1]")
        );
        assert!(!format!("{error} {error:?}").contains("secret"));

        let error = raw(r#"{"secret": 1}"#).parse::<Seats>().unwrap_err();
        assert_eq!(error.path(), "");
        assert!(
            error.to_string().contains("lacks a required field"),
            "{error}"
        );
    }

    #[test]
    fn deep_nesting_is_kept_and_refused_only_when_parsed() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let error = raw(&deep).parse::<serde_json::Value>().unwrap_err();
        assert_eq!(error.kind(), DecodeErrorKind::NotJson);
    }

    #[test]
    fn debug_prints_the_length_alone() {
        assert_eq!(
            format!("{:?}", raw(r#"{"name":"secret"}"#)),
            "RawJson(17 bytes)"
        );
    }

    #[test]
    fn a_field_is_found_only_if_it_is_a_plain_string() {
        let found = |text: &str| raw(text).field_str("id").map(str::to_owned);
        assert_eq!(
            found(r#"{"a": {"id": "no"}, "id": "yes"}"#).as_deref(),
            Some("yes")
        );
        for text in [
            "{}",
            r#"{"id": 1}"#,
            r#"{"id": null}"#,
            r#"{"id": "a\u00e9"}"#,
            "[]",
            r#""id""#,
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
