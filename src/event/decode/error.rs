//! Why a body cannot be decoded.

use std::{error::Error, fmt};

use super::path::Path;
use crate::event::{
    json::{
        fault::{Fault, ReadError},
        reader::Reader,
    },
    types::EventType,
};

/// Decoding failed: the body is not a Clerk event, or its data does not fit the event's type.
///
/// The error says where the fault is ([`path`](Self::path), [`line`](Self::line),
/// [`column`](Self::column)) and what to do. It is safe to log: from the payload it holds only the names
/// of fields. It has no [`source`](Error::source), because serde's own messages quote values.
///
/// ```
/// use clerk_webhooks::{ClerkEvent, EventType, event::DecodeErrorKind};
///
/// let body = br#"{"type": "user.created", "data": {"id": "user_1", "locked": "no"}}"#;
/// let error = ClerkEvent::from_slice(body).unwrap_err();
/// assert_eq!(error.kind(), DecodeErrorKind::Data);
/// assert_eq!(error.path(), "data.locked");
/// assert_eq!((error.line(), error.column()), (1, 64));
/// assert_eq!(error.event_type(), Some(&EventType::UserCreated));
/// assert!(error.to_string().starts_with(
///     "`data.locked` of this `user.created` event has another JSON type than expected (line 1, column 64)"
/// ));
/// ```
#[derive(Clone)]
pub struct DecodeError(Box<Details>);

/// The decoding step that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The body is not UTF-8.
    NotUtf8,
    /// The body is not JSON: it ends early, is malformed, or nests too deeply.
    NotJson,
    /// The body is JSON but not a Clerk event: it has no string `type` or no object `data`, or an
    /// envelope field is a duplicate or has the wrong JSON type.
    Envelope,
    /// The event's `data` does not fit the type: a required field is missing, a field is a duplicate, or
    /// a value has the wrong JSON type. For your own type, this can be any part of the event.
    Data,
}

#[derive(Clone)]
pub(super) struct Details {
    pub(super) kind: DecodeErrorKind,
    pub(super) fault: Fault,
    pub(super) path: Path,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) event_type: Option<EventType>,
}

impl DecodeError {
    /// For text that is not JSON, the kind is [`DecodeErrorKind::NotJson`].
    pub(super) fn new(mut details: Details) -> Self {
        if details.fault.is_syntax() {
            details.kind = DecodeErrorKind::NotJson;
        }
        Self(Box::new(details))
    }

    /// `reader` is where it stopped.
    pub(super) fn from_read(
        error: &ReadError,
        kind: DecodeErrorKind,
        reader: &Reader<'_>,
        event_type: Option<EventType>,
    ) -> Self {
        let (line, column) = reader.position();
        Self::new(Details {
            kind,
            fault: error.fault(),
            path: error.path().collect(),
            line,
            column,
            event_type,
        })
    }

    /// `valid` is the part of the body before the first byte that is not UTF-8.
    pub(super) fn not_utf8(valid: &[u8]) -> Self {
        let mut lines = valid.split(|&byte| byte == b'\n');
        Self::new(Details {
            kind: DecodeErrorKind::NotUtf8,
            fault: Fault::NotUtf8,
            path: Path::default(),
            line: lines.clone().count(),
            column: lines.next_back().map_or(1, |line| line.len() + 1),
            event_type: None,
        })
    }

    /// Removes line and column, because they refer to a text that the caller has not seen.
    pub(super) fn without_position(mut self) -> Self {
        (self.0.line, self.0.column) = (0, 0);
        self
    }

    /// The decoding step that failed.
    ///
    /// ```
    /// use clerk_webhooks::{ClerkEvent, event::DecodeErrorKind};
    ///
    /// let error = ClerkEvent::from_slice(b"not JSON").unwrap_err();
    /// assert_eq!(error.kind(), DecodeErrorKind::NotJson);
    /// ```
    #[must_use]
    pub fn kind(&self) -> DecodeErrorKind {
        self.0.kind
    }

    /// Where the fault is, as a JSON path from the root: `data.email_addresses[0].id`.
    ///
    /// If a field is missing, the path ends in its name for this crate's types. For your own types it ends
    /// at the object that lacks the field.
    ///
    /// A key may be personal data. It is replaced by `?` unless it looks like a field name: at most 64
    /// ASCII letters, digits, `_` and `-`. The path is empty if the fault concerns the whole document.
    ///
    /// ```
    /// use clerk_webhooks::ClerkEvent;
    ///
    /// let body = br#"{"type": "user.deleted", "data": {"deleted": true}}"#;
    /// let error = ClerkEvent::from_slice(body).unwrap_err();
    /// assert_eq!(error.path(), "data.id");
    /// ```
    #[must_use]
    pub fn path(&self) -> &str {
        self.0.path.as_str()
    }

    /// The line of the fault, counted from 1; 0 if unknown.
    ///
    /// ```
    /// use clerk_webhooks::ClerkEvent;
    ///
    /// let body = br#"{
    ///     "type": null,
    ///     "data": {}
    /// }"#;
    /// let error = ClerkEvent::from_slice(body).unwrap_err();
    /// assert_eq!((error.path(), error.line(), error.column()), ("type", 2, 16));
    /// ```
    #[must_use]
    pub fn line(&self) -> usize {
        self.0.line
    }

    /// The column in that [line](Self::line), in bytes and counted from 1; 0 if unknown.
    ///
    /// For a missing field it is the end of the object that lacks it.
    #[must_use]
    pub fn column(&self) -> usize {
        self.0.column
    }

    /// The event's type, if the body names one.
    ///
    /// `Display` and `Debug` print it only if this version knows it, because an unknown type is untrusted
    /// text.
    ///
    /// ```
    /// use clerk_webhooks::{ClerkEvent, EventType};
    ///
    /// let body = br#"{"type": "user.created", "data": {}}"#;
    /// let error = ClerkEvent::from_slice(body).unwrap_err();
    /// assert_eq!(error.event_type(), Some(&EventType::UserCreated));
    /// ```
    #[must_use]
    pub fn event_type(&self) -> Option<&EventType> {
        self.0.event_type.as_ref()
    }

    fn known_type(&self) -> Option<&EventType> {
        self.event_type()
            .filter(|event_type| !matches!(event_type, EventType::Unknown(_)))
    }

    /// The value that cannot be decoded: "`data.id` of this `user.deleted` event".
    fn fmt_subject(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path().is_empty() {
            write!(f, "`{}` of ", self.0.path)?;
        }
        match self.known_type() {
            Some(event_type) => write!(f, "this `{event_type}` event"),
            None => f.write_str("this JSON"),
        }
    }

    fn fmt_position(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.line {
            0 => Ok(()),
            line => write!(f, " (line {line}, column {})", self.0.column),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_subject(f)?;
        f.write_str(self.0.fault.predicate())?;
        self.fmt_position(f)?;
        write!(f, "; {}", self.0.kind.advice())
    }
}

/// Prints everything except the text of an unknown event type.
impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError")
            .field("kind", &self.0.kind)
            .field("fault", &self.0.fault)
            .field("path", &self.path())
            .field("line", &self.0.line)
            .field("column", &self.0.column)
            .field("event_type", &self.known_type())
            .finish()
    }
}

impl Error for DecodeError {}

impl DecodeErrorKind {
    fn advice(self) -> &'static str {
        match self {
            Self::NotUtf8 | Self::NotJson => {
                "Clerk sends JSON in UTF-8: check what else posts to this endpoint"
            }
            Self::Envelope => {
                "a Clerk event has a string `type` and an object `data`: \
                 check what else posts to this endpoint, or decode a type of your own"
            }
            Self::Data => {
                "the event is not lost while the sender retries it or a dead-letter queue holds it: \
                 decode it as `RawClerkEvent` or as your own type; \
                 if the type is from this crate, report the path"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(
        kind: DecodeErrorKind,
        fault: Fault,
        path: &str,
        event_type: Option<EventType>,
    ) -> DecodeError {
        let mut at = Path::default();
        path.split_terminator('.')
            .for_each(|name| at.push_name(name));
        DecodeError::new(Details {
            kind,
            fault,
            path: at,
            line: 2,
            column: 7,
            event_type,
        })
    }

    #[test]
    fn the_message_says_what_is_wrong_where_and_what_to_do() {
        let missing = error(
            DecodeErrorKind::Data,
            Fault::Missing,
            "data.id",
            Some(EventType::UserDeleted),
        );
        let text = missing.to_string();
        assert!(
            text.starts_with(
                "`data.id` of this `user.deleted` event is missing (line 2, column 7); "
            )
        );
        assert!(text.contains("RawClerkEvent"));

        let malformed = error(DecodeErrorKind::NotJson, Fault::EndsEarly, "", None).to_string();
        assert!(
            malformed.starts_with("this JSON ends too early (line 2, column 7); Clerk sends JSON")
        );
    }

    #[test]
    fn an_unknown_type_is_not_printed() {
        let unknown = EventType::from("secret.text");
        let error = error(
            DecodeErrorKind::Envelope,
            Fault::OtherType,
            "data",
            Some(unknown.clone()),
        );
        assert_eq!(error.event_type(), Some(&unknown));
        assert!(!format!("{error} {error:?}").contains("secret"));
    }

    #[test]
    fn it_is_send_and_sync_and_has_no_source() {
        fn promised<T: Clone + Send + Sync + Error + 'static>(_: &T) {}
        let error = error(DecodeErrorKind::NotUtf8, Fault::NotUtf8, "", None);
        promised(&error);
        assert!(error.source().is_none());
        assert!(size_of::<DecodeError>() <= size_of::<usize>());
    }
}
