//! Decodes a usual event in one pass over the body.
//!
//! `data` can be decoded only when `type` is known, but Clerk writes `type` last. To avoid reading the data
//! twice, this looks for `type` at the end of the body first, and checks it when the reader arrives there.
//! It gives up on anything unusual. Then the two steps of the [`envelope`](super::envelope) decide.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess};

use super::{data::DataOf, reader::Reader};
use crate::event::{
    data::EventData,
    event::{ClerkEvent, EventAttributes},
    types::EventType,
    value::timestamp::Timestamp,
};

/// How many bytes at the end of a body are searched for its type. The longest type has 32 bytes.
const TAIL_BYTES: usize = 64;

/// Decodes a usual event. `None` does not mean that the body is invalid.
pub(super) fn read(text: &str) -> Option<ClerkEvent> {
    let mut reader = Reader::new(text);
    let visitor = EventVisitor {
        type_at_end: type_at_end(text),
    };
    let event = reader.deserialize_map(visitor).ok()?;
    reader.end().ok()?;
    Some(event)
}

/// The type in the last field of the body, if that is a type that this version knows.
fn type_at_end(text: &str) -> Option<EventType> {
    let tail = text.get(text.len().saturating_sub(TAIL_BYTES)..)?;
    let object = tail.trim_ascii_end().strip_suffix('}')?;
    let (before, name) = object
        .trim_ascii_end()
        .strip_suffix('"')?
        .rsplit_once('"')?;
    let field = before.trim_ascii_end().strip_suffix(':')?;
    if !field.ends_with("\"type\"") {
        return None;
    }
    Some(EventType::from(name)).filter(|event_type| !matches!(event_type, EventType::Unknown(_)))
}

struct EventVisitor {
    type_at_end: Option<EventType>,
}

impl<'de> de::Visitor<'de> for EventVisitor {
    type Value = ClerkEvent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Clerk event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ClerkEvent, A::Error> {
        let mut event_type = None;
        let mut data: Option<EventData> = None;
        let mut instance_id: Option<Option<String>> = None;
        let mut timestamp: Option<Option<Timestamp>> = None;
        let mut event_attributes: Option<Option<EventAttributes>> = None;
        while let Some(name) = map.next_key::<&str>()? {
            match name {
                "type" => once(&mut event_type, map.next_value::<EventType>()?)?,
                "data" => {
                    let known = event_type.as_ref().or(self.type_at_end.as_ref());
                    let known = known.ok_or_else(give_up)?;
                    once(&mut data, map.next_value_seed(ObjectOf(known))?)?;
                }
                "instance_id" => once(&mut instance_id, map.next_value()?)?,
                "timestamp" => once(&mut timestamp, map.next_value()?)?,
                "event_attributes" => once(&mut event_attributes, map.next_value()?)?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let data = data.ok_or_else(give_up)?;
        if event_type.as_ref() != Some(data.event_type()) {
            return Err(give_up());
        }
        Ok(ClerkEvent {
            data,
            instance_id: instance_id.flatten(),
            timestamp: timestamp.flatten(),
            event_attributes: event_attributes.flatten(),
        })
    }
}

/// Decodes data of a known type. Data of an unknown type might not be an object: it gives up.
struct ObjectOf<'a>(&'a EventType);

impl<'de> DeserializeSeed<'de> for ObjectOf<'_> {
    type Value = EventData;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<EventData, D::Error> {
        match self.0 {
            EventType::Unknown(_) => Err(give_up()),
            known => DataOf(known).deserialize(deserializer),
        }
    }
}

/// Stores a value, and gives up if there already is one.
fn once<T, E: de::Error>(slot: &mut Option<T>, value: T) -> Result<(), E> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(give_up()),
    }
}

fn give_up<E: de::Error>() -> E {
    E::custom("")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = r#"{"id": "user_1", "public_metadata": {"type": "user.deleted"}}"#;

    #[test]
    fn it_reads_an_event_whose_type_comes_first_or_last() {
        for body in [
            format!(r#"{{"data": {DATA}, "timestamp": 1716883200000, "type": "user.created"}}"#),
            format!(r#"{{"data":{DATA},"object":"event","type" : "user.created"}}"#),
            format!(r#"{{"data":{DATA},"object":"event","type":"user.created"}} "#),
            format!(r#"{{"data":{DATA},"object":"event","type": "user.created" }}"#),
            format!(r#"{{"type": "user.created", "instance_id": "ins_1", "data": {DATA}}}"#),
            format!(r#"{{"event_attributes": null, "type": "user.created", "data": {DATA}}}"#),
        ] {
            let in_one = read(&body);
            assert_eq!(in_one.is_some(), !body.contains("type\" :"), "{body}");
            let event = ClerkEvent::from_slice(body.as_bytes()).unwrap();
            assert_eq!(in_one.unwrap_or_else(|| event.clone()), event, "{body}");
        }
    }

    #[test]
    fn it_gives_up_where_two_steps_decide() {
        for (body, is_event) in [
            (r#"{"data": {"id": "x"}, "type": "user.renamed"}"#, true),
            (
                r#"{"data": {"id": "x"}, "type": "user.created", "a": {"type":"user.deleted"}}"#,
                true,
            ),
            (
                r#"{"data": {"id": "x"}, "type": "user.created", "a": {"type":"x"}}"#,
                true,
            ),
            (
                r#"{"d\u0061ta": {"id": "x"}, "type": "user.created"}"#,
                true,
            ),
            (
                r#"{"data": {"id": "x"}, "a": "é", "type": "user.created", "b": "......................................................"}"#,
                true,
            ),
            (
                r#"{"data": {"id": "x"}, "data": {"id": "x"}, "type": "user.created"}"#,
                false,
            ),
            (
                r#"{"data": {"id": "x"}, "type": "user.created", "type": "user.created"}"#,
                false,
            ),
            (
                r#"{"timestamp": 1, "timestamp": 1, "data": {"id": "x"}, "type": "user.created"}"#,
                false,
            ),
            (
                r#"{"data": ["x", null, true, null, null], "type": "user.deleted"}"#,
                false,
            ),
            (r#"[{"id": "x"}, "type", "user.created"]"#, false),
            (r#"{"data": {}, "type": "user.created"}"#, false),
            (r#"{"data": {"id": "x"}, "type": "user.created"} 1"#, false),
            (r#"{"type": "user.created"}"#, false),
            (r#"{"data": {"id": "x"}}"#, false),
        ] {
            assert_eq!(read(body), None, "{body}");
            assert_eq!(
                ClerkEvent::from_slice(body.as_bytes()).is_ok(),
                is_event,
                "{body}"
            );
        }
    }

    #[test]
    fn the_longest_type_is_found_at_the_end() {
        for event_type in EventType::all() {
            let body = format!(r#"{{"data":{{}},"type":"{event_type}"}}"#);
            assert_eq!(type_at_end(&body).as_ref(), Some(event_type));
            assert!(event_type.as_str().len() + r#""type": """}"#.len() < TAIL_BYTES);
        }
        assert_eq!(type_at_end(""), None);
        assert_eq!(type_at_end("\"type\":"), None);
        assert_eq!(type_at_end(&"\u{e9}".repeat(1_000)), None);
    }
}
