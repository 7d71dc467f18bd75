//! User-defined types, which `serde_json` decodes.

use serde::de::DeserializeOwned;

use super::{
    envelope,
    error::{DecodeError, DecodeErrorKind},
    locate::Place,
    utf8,
};

/// Decodes a whole event into a user-defined type.
pub(crate) fn decode_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    let text = utf8::text(body)?;
    serde_json::from_str(text).map_err(|_| {
        let event_type = envelope::event_type_in(text);
        Place::of_own_type::<T>(text).into_error(DecodeErrorKind::Data, event_type)
    })
}

/// Decodes a value that is not a whole event into a user-defined type.
pub(super) fn decode_value<T: DeserializeOwned>(text: &str) -> Result<T, DecodeError> {
    serde_json::from_str(text)
        .map_err(|_| Place::of_own_type::<T>(text).into_error(DecodeErrorKind::Data, None))
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
