//! User-defined types, which `serde_json` decodes.

use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Deserializer, Track};

use super::{
    envelope,
    error::{DecodeError, DecodeErrorKind, Details},
    path::Path,
    utf8,
};
use crate::event::{json::fault::Fault, types::EventType};

/// Decodes a whole event into a user-defined type.
pub(crate) fn decode_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    let text = utf8::text(body)?;
    serde_json::from_str(text).map_err(|_| locate::<T>(text, envelope::event_type_in(text)))
}

/// Decodes a value that is not a whole event into a user-defined type.
pub(super) fn decode_value<T: DeserializeOwned>(text: &str) -> Result<T, DecodeError> {
    serde_json::from_str(text).map_err(|_| locate::<T>(text, None))
}

/// Finds where decoding failed. It reads the text a second time and records the path, which is slower.
///
/// A user-defined type can put any text into its error messages, so no name is taken from them.
fn locate<T: DeserializeOwned>(text: &str, event_type: Option<EventType>) -> DecodeError {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut track = Track::new();
    let read = T::deserialize(Deserializer::new(&mut json, &mut track));
    let path = match read {
        Ok(_) => Path::default(),
        Err(_) => Path::from(&track.path()),
    };
    let (fault, line, column) = match read.and_then(|_| json.end()) {
        Err(error) => (fault_of(&error), error.line(), error.column()),
        // It failed the first time but not the second: the type's `Deserialize` is not deterministic.
        Ok(()) => (Fault::Refused, 0, 0),
    };
    DecodeError::new(Details {
        kind: DecodeErrorKind::Data,
        fault,
        path,
        line,
        column,
        event_type,
    })
}

/// The fault behind `serde_json`'s message.
fn fault_of(error: &serde_json::Error) -> Fault {
    match error.classify() {
        Category::Eof => Fault::EndsEarly,
        Category::Syntax | Category::Io => Fault::Malformed,
        Category::Data => {
            let message = error.to_string();
            if message.starts_with("missing field ") {
                Fault::MissingWithin
            } else if message.starts_with("invalid type: ") {
                Fault::OtherType
            } else {
                Fault::Refused
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Deserializer, de};

    use super::*;
    use crate::event::types::EventType;

    #[test]
    fn the_fault_in_an_own_type_is_located_but_not_quoted() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only the types matter")]
        struct Own {
            data: std::collections::BTreeMap<String, u8>,
            mine: u8,
        }
        let error = |body: &str| decode_json::<Own>(body.as_bytes()).unwrap_err();

        let wrong = error(r#"{"type": "user.created", "data": {"jane@example.org": "secret"}}"#);
        assert_eq!(
            (wrong.kind(), wrong.path()),
            (DecodeErrorKind::Data, "data.?")
        );
        assert_eq!(wrong.event_type(), Some(&EventType::UserCreated));
        assert!(!format!("{wrong} {wrong:?}").contains("secret"));

        let missing = error(r#"{"type": "secret", "data": {}}"#);
        assert!(
            missing
                .to_string()
                .starts_with("this JSON lacks a required field (line 1"),
            "{missing}"
        );
        assert!(!format!("{missing} {missing:?}").contains("secret"));

        assert_eq!(error("{").kind(), DecodeErrorKind::NotJson);
        assert_eq!(
            decode_json::<Own>(b"\xff").unwrap_err().kind(),
            DecodeErrorKind::NotUtf8
        );
        assert_eq!(decode_json::<u8>(b" 7 ").unwrap(), 7);
    }

    #[test]
    fn a_message_that_imitates_serde_is_not_quoted() {
        #[derive(Debug)]
        struct Liar;
        impl<'de> Deserialize<'de> for Liar {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = String::deserialize(deserializer)?;
                Err(de::Error::custom(format!("missing field `{value}`")))
            }
        }
        let error = decode_json::<Liar>(b"\"secret\"").unwrap_err();
        assert!(!format!("{error} {error:?} {}", error.path()).contains("secret"));
    }
}
