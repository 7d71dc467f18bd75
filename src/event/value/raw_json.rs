//! JSON that stays text.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, de};

use super::tree::Tree;

/// A JSON value kept as text: metadata and whatever else has no fixed shape.
///
/// In an event from [`ClerkEvent::from_slice`], [`RawClerkEvent::from_slice`] or the extractor the
/// text is the sender's own, byte for byte. Nothing is parsed until you call
/// [`parse`](Self::parse). `null` stands for both a `null` and a field that was not sent. `Debug`
/// prints the length alone, since metadata often holds personal data.
///
/// ```
/// use clerk_webhooks::{ClerkEvent, event::RawJson};
///
/// #[derive(serde::Deserialize, Default)]
/// struct Metadata {
///     plan: Option<String>,
/// }
///
/// let event = ClerkEvent::from_slice(
///     br#"{"type": "user.created", "data": {"id": "user_1", "public_metadata": {"plan": "pro"}}}"#,
/// )?;
/// let user = event.data.as_user().ok_or("another event")?;
/// assert_eq!(user.public_metadata.as_str(), r#"{"plan": "pro"}"#);
/// assert_eq!(user.public_metadata.parse::<Metadata>()?.plan.as_deref(), Some("pro"));
/// assert!(user.private_metadata.is_null());
/// assert_eq!(format!("{:?}", user.public_metadata), "RawJson(15 bytes)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Reading with serde
///
/// Where `serde_json` or another deserializer reads a type that holds `RawJson`, the value is printed
/// anew: it is the same value, but white space, the digits of a fraction and the spelling of escapes
/// may differ. What `serde_json` refuses anywhere is an error there: more than 127 levels of nesting,
/// a number beyond `f64`, half a surrogate pair.
///
/// # Writing with serde
///
/// Serializing passes the value on to the serializer, number by number and string by string. What
/// `serde_json` could not read is an error here too; [`as_str`](Self::as_str) always has the text.
///
/// # Keys that `serde_json` obeys
///
/// Users write metadata (`unsafe_metadata` from their browser), and `serde_json` has two features that
/// give a key a meaning: with `raw_value` a `serde_json::Value` obeys
/// `$serde_json::private::RawValue`, with `arbitrary_precision` it obeys
/// `$serde_json::private::Number`. This crate switches on neither and obeys neither key. If another
/// dependency of yours switches one on:
///
/// - Events, raw events and everything in them decode as before, and serialize to the same value.
/// - `serde_json::Value` obeys the key wherever it reads: as `T` in `VerifiedClerkEvent<T>`, inside a
///   type of yours, and in `parse::<Value>()`. An object such as
///   `{"$serde_json::private::RawValue": "x"}` is an error there, or becomes another value. Use a
///   struct of yours, or `HashMap<String, RawJson>`, instead.
/// - With `arbitrary_precision`, where `RawJson` is read with serde, an object whose only field is
///   `$serde_json::private::Number` and holds the text of a number becomes that number.
///
/// [`ClerkEvent::from_slice`]: crate::ClerkEvent::from_slice
/// [`RawClerkEvent::from_slice`]: crate::RawClerkEvent::from_slice
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RawJson(Cow<'static, str>);

/// The name under which [`RawJson`] asks a deserializer for a value.
///
/// The reader of this crate answers with the text of the value, as bytes; every other deserializer
/// with the value.
pub(in crate::event) const TEXT_OF_VALUE: &str = "clerk_webhooks::RawJson";

const NULL: &str = "null";
const EMPTY_OBJECT: &str = "{}";

impl RawJson {
    /// `null`, also for what was not sent.
    pub const NULL: Self = Self(Cow::Borrowed(NULL));

    /// The JSON text, without white space around it.
    ///
    /// ```
    /// use clerk_webhooks::event::RawJson;
    ///
    /// assert_eq!(RawJson::NULL.as_str(), "null");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The JSON text as a `String`.
    ///
    /// ```
    /// use clerk_webhooks::event::RawJson;
    ///
    /// assert_eq!(RawJson::NULL.into_string(), "null");
    /// ```
    #[must_use]
    pub fn into_string(self) -> String {
        self.0.into_owned()
    }

    /// Whether it is `null` or was not sent.
    ///
    /// ```
    /// use clerk_webhooks::event::RawJson;
    ///
    /// assert!(RawJson::default().is_null());
    /// ```
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
        let fields = self
            .0
            .strip_prefix('{')
            .and_then(|json| json.strip_suffix('}'));
        self.is_null() || fields.is_some_and(|fields| fields.trim_ascii().is_empty())
    }

    /// Keeps `json`, which must be the text of one JSON value.
    pub(in crate::event) fn from_text(json: Cow<'_, str>) -> Self {
        Self(match &*json {
            NULL => Cow::Borrowed(NULL),
            EMPTY_OBJECT => Cow::Borrowed(EMPTY_OBJECT),
            _ => Cow::Owned(json.into_owned()),
        })
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

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(TEXT_OF_VALUE, RawJsonVisitor)
    }
}

struct RawJsonVisitor;

impl<'de> de::Visitor<'de> for RawJsonVisitor {
    type Value = RawJson;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    /// The reader of this crate hands over the text; JSON has no bytes with which to confuse it.
    fn visit_borrowed_bytes<E: de::Error>(self, json: &'de [u8]) -> Result<RawJson, E> {
        let json = std::str::from_utf8(json).map_err(E::custom)?;
        Ok(RawJson::from_text(Cow::Borrowed(json)))
    }

    /// Every other deserializer hands over the value itself.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<RawJson, D::Error> {
        let json = Tree::deserialize(value)?.to_json();
        Ok(RawJson::from_text(Cow::Owned(json)))
    }
}
