//! Reads an event's data as its type requires.

use crate::event::{
    data::EventData,
    json::{
        fault::{Fault, ReadError},
        object::missing,
        read::Read,
        reader::Reader,
    },
    types::EventType,
    unknown::{Ids, UnknownEvent},
    value::raw_json::RawJson,
};

/// Reads the data of an event of this type.
pub(super) fn read(
    event_type: &EventType,
    reader: &mut Reader<'_>,
) -> Result<EventData, ReadError> {
    if let EventType::Unknown(_) = event_type {
        let data = RawJson::read(reader)?;
        let ids = ids_in(data.as_str());
        let event = UnknownEvent::new(event_type.clone(), data, ids);
        return Ok(EventData::Unknown(Box::new(event)));
    }
    let data = EventData::read_as(event_type, reader)?;
    // An object inside another object may lack its id; the object of an event may not.
    if data.object().is_some_and(|object| object.id().is_empty()) {
        return Err(missing("id"));
    }
    Ok(data)
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
