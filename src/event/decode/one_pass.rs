//! The fast way to an event: one reading of the body, for well-formed events of a known type.
//!
//! Clerk writes `data` before `type`, so that a reader who must know the type first has to read all
//! data twice. But `type` is then the last field, where it can be looked up; what is found there is
//! a guess until the reading gets to it. Whatever is unusual makes this way give up, and the way of
//! two readings decides.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess};

use super::ObjectOnly;
use crate::event::{
    event::{ClerkEvent, EventAttributes},
    types::{EventData, EventType},
    value::timestamp::Timestamp,
};

/// How far from its end a body is searched for its type: the longest is 33 bytes long.
const TAIL_BYTES: usize = 64;

/// Reads an event of a known type; `None` says nothing about the body.
pub(super) fn event(text: &str) -> Option<ClerkEvent> {
    let mut json = serde_json::Deserializer::from_str(text);
    let event = json
        .deserialize_map(EventVisitor {
            guess: type_at_end(text),
        })
        .ok()?;
    json.end().ok()?;
    Some(event)
}

/// The last field of the body, if it looks like a type.
fn type_at_end(text: &str) -> Option<EventType> {
    let tail = text.get(text.len().saturating_sub(TAIL_BYTES)..)?;
    let object = tail.trim_ascii_end().strip_suffix('}')?;
    let (before, name) = object
        .trim_ascii_end()
        .strip_suffix('"')?
        .rsplit_once('"')?;
    let field = before.trim_ascii_end().strip_suffix(':')?;
    field.ends_with("\"type\"").then(|| EventType::from(name))
}

struct EventVisitor {
    guess: Option<EventType>,
}

impl<'de> de::Visitor<'de> for EventVisitor {
    type Value = ClerkEvent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Clerk event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ClerkEvent, A::Error> {
        let mut event_type = None;
        let mut data = None;
        let mut instance_id: Option<Option<String>> = None;
        let mut timestamp: Option<Option<Timestamp>> = None;
        let mut event_attributes: Option<Option<EventAttributes>> = None;
        while let Some(name) = map.next_key::<&str>()? {
            match name {
                "type" => once(&mut event_type, map.next_value::<EventType>()?)?,
                "data" => {
                    let known = event_type.as_ref().or(self.guess.as_ref());
                    let known = known.ok_or_else(give_up)?;
                    once(&mut data, map.next_value_seed(ObjectOfType(known))?)?;
                }
                "instance_id" => once(&mut instance_id, map.next_value()?)?,
                "timestamp" => once(&mut timestamp, map.next_value()?)?,
                "event_attributes" => once(&mut event_attributes, map.next_value()?)?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let data: EventData = data.ok_or_else(give_up)?;
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

/// The data of an event of a known type, if it is an object.
struct ObjectOfType<'a>(&'a EventType);

impl<'de> DeserializeSeed<'de> for ObjectOfType<'_> {
    type Value = EventData;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<EventData, D::Error> {
        match self.0 {
            EventType::Unknown(_) => Err(give_up()),
            known => EventData::deserialize_as(known, ObjectOnly(deserializer)),
        }
    }
}

/// Fills a slot that must be empty.
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
    use crate::event::decode;

    const DATA: &str = r#"{"id": "user_1", "public_metadata": {"type": "user.deleted"}}"#;

    #[test]
    fn it_reads_an_event_whose_type_is_known_in_time() {
        for body in [
            format!(r#"{{"data": {DATA}, "timestamp": 1716883200000, "type": "user.created"}}"#),
            format!(r#"{{"data":{DATA},"object":"event","type" : "user.created"}}"#),
            format!(r#"{{"data":{DATA},"object":"event","type":"user.created"}} "#),
            format!(r#"{{"data":{DATA},"object":"event","type": "user.created" }}"#),
            format!(r#"{{"type": "user.created", "instance_id": "ins_1", "data": {DATA}}}"#),
            format!(r#"{{"event_attributes": null, "type": "user.created", "data": {DATA}}}"#),
        ] {
            let in_one = event(&body);
            assert_eq!(in_one.is_some(), !body.contains("type\" :"), "{body}");
            let event = decode::event(body.as_bytes()).unwrap();
            assert_eq!(in_one.unwrap_or_else(|| event.clone()), event, "{body}");
        }
    }

    #[test]
    fn it_gives_up_where_two_passes_decide() {
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
            assert_eq!(event(body), None, "{body}");
            assert_eq!(decode::event(body.as_bytes()).is_ok(), is_event, "{body}");
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
