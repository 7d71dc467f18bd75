//! From bytes to an event: the only module that knows how.
//!
//! The body is checked for UTF-8 once. What is well-formed and known is then read in one pass
//! ([`one_pass`]); everything else in two: the envelope with `data` as a piece of the body's text,
//! then `data` by the event's type. Only when something fails is the body read again, slower, to
//! find out where ([`locate`](mod@locate)).

pub(crate) mod error;
mod locate;
mod one_pass;
mod path;

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, DeserializeSeed, IgnoredAny, MapAccess},
};
use serde_json::value::RawValue;

use self::{
    error::{DecodeError, DecodeErrorKind},
    locate::locate,
};
use crate::event::{
    event::{ClerkEvent, EventAttributes},
    raw::RawClerkEvent,
    types::{EventData, EventType},
    value::{raw_json::RawJson, timestamp::Timestamp},
};

/// Decodes a whole event, its data by its type.
pub(in crate::event) fn event(body: &[u8]) -> Result<ClerkEvent, DecodeError> {
    let text = utf8(body)?;
    one_pass::event(text).map_or_else(|| event_in_two_passes(text), Ok)
}

/// The envelope first, with `data` as a piece of the text, then `data` by the event's type.
fn event_in_two_passes(text: &str) -> Result<ClerkEvent, DecodeError> {
    let envelope: Envelope<&RawValue> = envelope(text)?;
    let event_type = envelope.event_type;
    let Ok(data) = EventData::from_text(&event_type, envelope.data.get()) else {
        let place = locate(text, DataOfEvent(&event_type));
        return Err(place.into_error(DecodeErrorKind::Data, Some(event_type)));
    };
    Ok(ClerkEvent {
        data,
        instance_id: envelope.instance_id,
        timestamp: envelope.timestamp,
        event_attributes: envelope.event_attributes,
    })
}

/// Decodes the envelope alone.
pub(in crate::event) fn raw_event(body: &[u8]) -> Result<RawClerkEvent, DecodeError> {
    envelope(utf8(body)?).map(RawClerkEvent::from)
}

/// Decodes the data of an event whose envelope is known; an error has no line and column.
pub(in crate::event) fn data(
    event_type: &EventType,
    data: &RawJson,
) -> Result<EventData, DecodeError> {
    EventData::from_text(event_type, data.as_str()).map_err(|_| {
        let place = locate(data.as_str(), TypedData(event_type)).under("data");
        place.into_error(DecodeErrorKind::Data, Some(event_type.clone()))
    })
}

/// Decodes a whole event into a type of the user's own.
pub(crate) fn decode_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    let text = utf8(body)?;
    serde_json::from_str(text).map_err(|_| {
        let place = locate(text, PhantomData::<T>).without_names();
        place.into_error(DecodeErrorKind::Data, event_type_of(text))
    })
}

/// Decodes a value that is not a whole event into a type of the user's own.
pub(in crate::event) fn value<T: DeserializeOwned>(text: &str) -> Result<T, DecodeError> {
    serde_json::from_str(text).map_err(|_| {
        let place = locate(text, PhantomData::<T>).without_names();
        place.into_error(DecodeErrorKind::Data, None)
    })
}

/// What surrounds an event's data; `D` is how the data is kept.
#[derive(Deserialize)]
#[serde(remote = "Self")]
pub(in crate::event) struct Envelope<D> {
    #[serde(rename = "type")]
    pub(in crate::event) event_type: EventType,
    pub(in crate::event) data: D,
    pub(in crate::event) instance_id: Option<String>,
    pub(in crate::event) timestamp: Option<Timestamp>,
    pub(in crate::event) event_attributes: Option<EventAttributes>,
}

impl<'de, D: Deserialize<'de>> Deserialize<'de> for Envelope<D> {
    fn deserialize<S: Deserializer<'de>>(deserializer: S) -> Result<Self, S::Error> {
        Self::deserialize(ObjectOnly(deserializer))
    }
}

/// How an envelope can keep its data.
trait EnvelopeData {
    fn is_object(&self) -> bool;
}

impl EnvelopeData for &RawValue {
    fn is_object(&self) -> bool {
        self.get().starts_with('{')
    }
}

impl EnvelopeData for RawJson {
    fn is_object(&self) -> bool {
        Self::is_object(self)
    }
}

fn utf8(body: &[u8]) -> Result<&str, DecodeError> {
    std::str::from_utf8(body).map_err(|error| {
        let valid = body.get(..error.valid_up_to()).unwrap_or_default();
        DecodeError::not_utf8(valid)
    })
}

fn envelope<'de, D>(text: &'de str) -> Result<Envelope<D>, DecodeError>
where
    D: Deserialize<'de> + EnvelopeData,
{
    match serde_json::from_str::<Envelope<D>>(text) {
        Ok(envelope) if envelope.data.is_object() => Ok(envelope),
        _ => {
            let place = locate(text, PhantomData::<Envelope<AnyObject>>);
            Err(place.into_error(DecodeErrorKind::Envelope, event_type_of(text)))
        }
    }
}

/// The event's type, if there is one to be had at all.
fn event_type_of(text: &str) -> Option<EventType> {
    #[derive(Deserialize)]
    struct TypeOnly {
        #[serde(rename = "type")]
        event_type: EventType,
    }
    serde_json::from_str::<TypeOnly>(text)
        .ok()
        .map(|event| event.event_type)
}

/// The data of an event of this type.
struct TypedData<'a>(&'a EventType);

impl<'de> DeserializeSeed<'de> for TypedData<'_> {
    type Value = EventData;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<EventData, D::Error> {
        EventData::deserialize_as(self.0, deserializer)
    }
}

/// The data of an event of this type, inside of the whole event: for an error's path and position.
struct DataOfEvent<'a>(&'a EventType);

impl<'de> DeserializeSeed<'de> for DataOfEvent<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> de::Visitor<'de> for DataOfEvent<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Clerk event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "data" {
                map.next_value_seed(TypedData(self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// Any JSON object.
struct AnyObject;

impl<'de> Deserialize<'de> for AnyObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AnyObject)
    }
}

impl<'de> de::Visitor<'de> for AnyObject {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self)
    }
}

/// Reads a struct from an object alone: serde's derive would take an array of its fields too.
pub(in crate::event) struct ObjectOnly<D>(pub(in crate::event) D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ObjectOnly<D> {
    type Error = D::Error;

    fn deserialize_any<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: impl AsRef<[u8]>) -> (DecodeErrorKind, String, usize, usize) {
        let error = event(body.as_ref()).unwrap_err();
        (
            error.kind(),
            error.path().to_owned(),
            error.line(),
            error.column(),
        )
    }

    fn path_of(body: &str) -> (DecodeErrorKind, String) {
        let (kind, path, ..) = refused(body);
        (kind, path)
    }

    #[test]
    fn every_kind_of_body_that_is_no_event() {
        use DecodeErrorKind::{Data, Envelope, NotJson, NotUtf8};
        let is = |body: &str, kind, path: &str| {
            assert_eq!(path_of(body), (kind, path.to_owned()), "{body}");
        };
        is("", NotJson, "");
        is("hello", NotJson, "");
        is("{}", Envelope, "type");
        is("[]", Envelope, "");
        is("7", Envelope, "");
        is(r#"{"type": "user.created"}"#, Envelope, "data");
        is(r#"{"data": {"id": "x"}}"#, Envelope, "type");
        is(r#"{"type": 7, "data": {}}"#, Envelope, "type");
        is(r#"{"type": "user.created", "data": []}"#, Envelope, "data");
        is(r#"{"type": "user.created", "data": "x"}"#, Envelope, "data");
        is(
            r#"{"type": "user.created", "data": null}"#,
            Envelope,
            "data",
        );
        is(
            r#"{"type": "x", "data": {}, "timestamp": "1"}"#,
            Envelope,
            "timestamp",
        );
        is(
            r#"{"type": "x", "data": {}, "event_attributes": {"http_request": {"client_ip": 1}}}"#,
            Envelope,
            "event_attributes.http_request.client_ip",
        );
        is(
            r#"{"type": "x", "data": {}, "type": "x"}"#,
            Envelope,
            "type",
        );
        is(r#"{"type": "x", "data": {}} {}"#, NotJson, "");
        is(r#"{"type": "user.created", "data": {}}"#, Data, "data.id");
        is(
            r#"{"type": "user.created", "data": {"id": 1}}"#,
            Data,
            "data.id",
        );
        is(
            r#"{"type": "session.ended", "data": {"id": "x"}}"#,
            Data,
            "data.user_id",
        );
        assert_eq!(refused(b"{\n\xff").0, NotUtf8);
    }

    #[test]
    fn positions_are_those_of_the_whole_body() {
        let body =
            "{\n \"type\": \"user.created\",\n \"data\": {\"id\": \"x\",\n  \"locked\": 1}\n}";
        assert_eq!(
            refused(body),
            (DecodeErrorKind::Data, "data.locked".to_owned(), 4, 13)
        );
        assert_eq!(
            refused(b"{\n  \"\xff\"}"),
            (DecodeErrorKind::NotUtf8, String::new(), 2, 4)
        );
    }

    #[test]
    fn every_truncation_is_an_error() {
        let body = r#"{"data":{"id":"user_1","email_addresses":[{"id":"i","email_address":"e"}],"public_metadata":{"a":[1]}},"type":"user.created"}"#;
        assert!(event(body.as_bytes()).is_ok());
        for end in 0..body.len() {
            let kind = event(&body.as_bytes()[..end]).unwrap_err().kind();
            assert_eq!(kind, DecodeErrorKind::NotJson, "{end}");
        }
    }

    #[test]
    fn deep_nesting_overflows_nothing() {
        let deep = "[".repeat(200_000);
        let closed = format!("{deep}{}", "]".repeat(200_000));
        for data in [
            format!(r#"{{"id": "x", "public_metadata": {deep}"#),
            format!(r#"{{"id": "x", "email_addresses": {deep}"#),
            format!(r#"{{"id": "x", "email_addresses": {closed}}}"#),
            format!(r#"{{"id": {closed}}}"#),
        ] {
            assert!(
                event(format!(r#"{{"type": "user.created", "data": {data}}}"#).as_bytes()).is_err()
            );
        }
        for data in [
            format!(r#"{{"id": "x", "public_metadata": {closed}}}"#),
            format!(r#"{{"id": "x", "new": {closed}}}"#),
        ] {
            assert!(
                event(format!(r#"{{"type": "user.created", "data": {data}}}"#).as_bytes()).is_ok()
            );
            assert!(
                event(format!(r#"{{"type": "user.renamed", "data": {data}}}"#).as_bytes()).is_ok()
            );
        }
    }

    #[test]
    fn a_type_of_ones_own_is_located_but_not_quoted() {
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
    fn a_message_that_looks_like_serdes_own_gives_nothing_away() {
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
