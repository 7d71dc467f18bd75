//! JSON that stays text.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer};

use super::tree::Tree;
use crate::event::json::{fault::ReadError, read::Read, reader::Reader};

/// A JSON value that is kept as text, for metadata and other fields without a fixed structure.
///
/// In an event from [`ClerkEvent::from_slice`], [`RawClerkEvent::from_slice`] or the extractor, it is the
/// text that Clerk sent, byte for byte. It is parsed only when you call [`parse`](Self::parse). A field
/// that Clerk did not send is `null`. `Debug` prints only the length, because metadata often holds
/// personal data.
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
/// When `serde_json` or another deserializer reads a type that contains `RawJson`, the text is written
/// again from the value. The value stays the same, but white space, the digits of a fraction and the
/// spelling of escapes may change. JSON that `serde_json` always refuses is an error: more than 127
/// levels of nesting, a number beyond `f64`, or half a surrogate pair.
///
/// # Writing with serde
///
/// Serializing passes the value to the serializer, number by number and string by string. JSON that
/// `serde_json` cannot read is an error here too. [`as_str`](Self::as_str) always returns the text.
///
/// # Keys with a special meaning in `serde_json`
///
/// Users write metadata: `unsafe_metadata` comes from their browser. Two features of `serde_json` make
/// `serde_json::Value` treat one key specially: `raw_value` the key `$serde_json::private::RawValue`,
/// and `arbitrary_precision` the key `$serde_json::private::Number`. This crate enables neither feature
/// and treats neither key specially. If another dependency of yours enables one:
///
/// - Events, raw events and everything in them decode as before, and serialize to the same value.
/// - `serde_json::Value` treats the key specially wherever it reads: as `T` in `VerifiedClerkEvent<T>`,
///   inside your own types, and in `parse::<Value>()`. There, an object such as
///   `{"$serde_json::private::RawValue": "x"}` is an error or becomes another value. Use your own struct
///   or `HashMap<String, RawJson>` instead.
/// - With `arbitrary_precision`, reading `RawJson` with serde turns one kind of object into a number: an
///   object with the single field `$serde_json::private::Number` that holds the text of a number.
///
/// [`ClerkEvent::from_slice`]: crate::ClerkEvent::from_slice
/// [`RawClerkEvent::from_slice`]: crate::RawClerkEvent::from_slice
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RawJson(Cow<'static, str>);

const NULL: &str = "null";
const EMPTY_OBJECT: &str = "{}";

impl RawJson {
    /// `null`, which also stands for a field that Clerk did not send.
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

    /// Whether it is `null`, or Clerk did not send it.
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

    /// Whether it is `null`, Clerk did not send it, or it is an object without fields.
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

    /// Stores `json`, which must be the text of one JSON value.
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

impl Read for RawJson {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        if reader.take_text(EMPTY_OBJECT) {
            return Ok(Self(Cow::Borrowed(EMPTY_OBJECT)));
        }
        Ok(Self::from_text(Cow::Borrowed(reader.skip()?)))
    }

    fn absent() -> Option<Self> {
        Some(Self::NULL)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Tree::deserialize(deserializer)?.to_json();
        Ok(Self::from_text(Cow::Owned(json)))
    }
}
