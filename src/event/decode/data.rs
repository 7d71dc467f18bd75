//! Decodes an event's data as its type requires.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, Error as _, IgnoredAny, MapAccess},
};

use super::{
    fault::{Fault, ReadError},
    reader::Reader,
};
use crate::event::{
    data::EventData,
    types::EventType,
    unknown::{Ids, UnknownEvent},
    value::raw_json::RawJson,
};

/// Decodes `text`, the data of an event of this type.
pub(super) fn read(event_type: &EventType, text: &str) -> Result<EventData, ReadError> {
    let mut reader = Reader::new(text);
    let data = DataOf(event_type).deserialize(&mut reader)?;
    reader.end()?;
    Ok(data)
}

/// Decodes the data of an event of this type.
pub(super) struct DataOf<'a>(pub(super) &'a EventType);

impl<'de> DeserializeSeed<'de> for DataOf<'_> {
    type Value = EventData;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<EventData, D::Error> {
        if let EventType::Unknown(_) = self.0 {
            let data = RawJson::deserialize(deserializer)?;
            let ids = ids_in(data.as_str());
            let event = UnknownEvent::new(self.0.clone(), data, ids);
            return Ok(EventData::Unknown(Box::new(event)));
        }
        let data = EventData::deserialize_as(self.0, deserializer)?;
        // An object inside another object may lack its id; the object of an event may not.
        if data.object().is_some_and(|object| object.id().is_empty()) {
            return Err(D::Error::missing_field("id"));
        }
        Ok(data)
    }
}

/// The top-level ids in the data of an unknown event.
fn ids_in(data: &str) -> Ids {
    let mut ids = Ids::default();
    // An id that cannot be read is `None`: the event is delivered with the ids that can be read.
    let _ = read_ids(data, &mut ids);
    ids
}

fn read_ids(data: &str, ids: &mut Ids) -> Result<(), Fault> {
    let mut reader = Reader::new(data);
    reader.take(b'{')?;
    let mut is_first = true;
    while reader.next_item(b'}', is_first)? {
        is_first = false;
        let id = match &*reader.name()? {
            "id" => &mut ids.object_id,
            "user_id" => &mut ids.user_id,
            "organization_id" => &mut ids.organization_id,
            _ => {
                reader.skip()?;
                continue;
            }
        };
        let value = Reader::new(reader.skip()?).string();
        *id = value.ok().map(|text| text.into_owned());
    }
    Ok(())
}

/// Decodes only the data of a whole event, to find the path and the position of an error.
pub(super) struct EventWithDataOf<'a>(pub(super) &'a EventType);

impl<'de> DeserializeSeed<'de> for EventWithDataOf<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> de::Visitor<'de> for EventWithDataOf<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Clerk event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == "data" {
                map.next_value_seed(DataOf(self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}
