//! From bytes to an event: the only module that knows how.
//!
//! The body is checked for UTF-8 once. The envelope is read with `data` as a piece of the body's
//! text, then `data` by the event's type. Only when something fails is the body read again, slower,
//! to find out where.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, DeserializeSeed, IgnoredAny, MapAccess},
};
use serde_json::value::RawValue;

use super::{
    ClerkEvent, DecodeError, DecodeErrorKind, EventAttributes, EventData, EventType, RawClerkEvent,
    RawJson, Timestamp, locate::locate,
};

/// Decodes a whole event, its data by its type.
pub(super) fn event(body: &[u8]) -> Result<ClerkEvent, DecodeError> {
    let text = utf8(body)?;
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
pub(super) fn raw_event(body: &[u8]) -> Result<RawClerkEvent, DecodeError> {
    envelope(utf8(body)?).map(RawClerkEvent::from)
}

/// Decodes the data of an event whose envelope is known; an error has no line and column.
pub(super) fn data(event_type: &EventType, data: &RawJson) -> Result<EventData, DecodeError> {
    EventData::from_text(event_type, data.as_str()).map_err(|_| {
        let place = locate(data.as_str(), TypedData(event_type)).under("data");
        place.into_error(DecodeErrorKind::Data, Some(event_type.clone()))
    })
}

/// Decodes a whole event into a type of the user's own.
#[allow(
    dead_code,
    reason = "the extractor uses it, for a type of the user's own"
)]
pub(crate) fn decode_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    let text = utf8(body)?;
    serde_json::from_str(text).map_err(|_| {
        let place = locate(text, PhantomData::<T>).without_names();
        place.into_error(DecodeErrorKind::Data, event_type_of(text))
    })
}

/// Decodes a value that is not a whole event into a type of the user's own.
pub(super) fn value<T: DeserializeOwned>(text: &str) -> Result<T, DecodeError> {
    serde_json::from_str(text).map_err(|_| {
        let place = locate(text, PhantomData::<T>).without_names();
        place.into_error(DecodeErrorKind::Data, None)
    })
}

/// What surrounds an event's data; `D` is how the data is kept.
#[derive(Deserialize)]
#[serde(remote = "Self")]
pub(super) struct Envelope<D> {
    #[serde(rename = "type")]
    pub(super) event_type: EventType,
    pub(super) data: D,
    pub(super) instance_id: Option<String>,
    pub(super) timestamp: Option<Timestamp>,
    pub(super) event_attributes: Option<EventAttributes>,
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
struct ObjectOnly<D>(D);

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
