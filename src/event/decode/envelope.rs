//! The envelope: the fields around an event's data.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, Unexpected},
};

use super::{
    error::{DecodeError, DecodeErrorKind},
    fault::ReadError,
    locate::Place,
    reader::Reader,
};
use crate::event::{
    event::EventAttributes,
    types::EventType,
    value::{raw_json::TEXT_OF_VALUE, timestamp::Timestamp},
};

/// An event whose data is still a slice of the body's text.
#[derive(Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(rename = "type")]
    pub(super) event_type: EventType,
    #[serde(borrow)]
    data: ObjectText<'a>,
    pub(super) instance_id: Option<String>,
    pub(super) timestamp: Option<Timestamp>,
    pub(super) event_attributes: Option<EventAttributes>,
}

impl<'a> Envelope<'a> {
    /// Decodes the envelope of the event in `text`.
    pub(super) fn from_text(text: &'a str) -> Result<Self, DecodeError> {
        read(text).map_err(|_| {
            let place = Place::of(text, PhantomData::<Self>);
            place.into_error(DecodeErrorKind::Envelope, event_type_in(text))
        })
    }

    /// The text of the data, a JSON object.
    pub(super) fn data(&self) -> &'a str {
        self.data.0
    }
}

/// The event type in a body, for logs.
pub(crate) fn event_type_of(body: &[u8]) -> Option<EventType> {
    event_type_in(std::str::from_utf8(body).ok()?)
}

/// The event's type, if `text` is a JSON object with one string `type`.
pub(super) fn event_type_in(text: &str) -> Option<EventType> {
    #[derive(Deserialize)]
    struct TypeOnly {
        #[serde(rename = "type")]
        event_type: EventType,
    }
    let read: Result<TypeOnly, _> = read(text);
    read.ok().map(|event| event.event_type)
}

fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, ReadError> {
    let mut reader = Reader::new(text);
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// The text of an object.
struct ObjectText<'a>(&'a str);

impl<'de: 'a, 'a> Deserialize<'de> for ObjectText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(TEXT_OF_VALUE, ObjectTextVisitor)
    }
}

struct ObjectTextVisitor;

impl<'de> de::Visitor<'de> for ObjectTextVisitor {
    type Value = ObjectText<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_borrowed_bytes<E: de::Error>(self, json: &'de [u8]) -> Result<ObjectText<'de>, E> {
        match std::str::from_utf8(json) {
            Ok(json) if json.starts_with('{') => Ok(ObjectText(json)),
            _ => Err(E::invalid_type(Unexpected::Bytes(json), &self)),
        }
    }
}
