//! The envelope: the fields around an event's data.

use super::{
    data,
    error::{DecodeError, DecodeErrorKind},
};
use crate::event::{
    data::EventData,
    event::EventAttributes,
    json::{
        fault::{Fault, ReadError, Step},
        object::{missing, read_fields},
        read::Read,
        reader::Reader,
    },
    types::EventType,
    value::timestamp::Timestamp,
};

/// How many bytes at the end of a body are searched for its type. The longest type has 32 bytes.
const TAIL_BYTES: usize = 64;

/// An event whose data may still be text.
pub(super) struct Envelope<'a> {
    text: &'a str,
    pub(super) event_type: EventType,
    data: Data,
    pub(super) instance_id: Option<String>,
    pub(super) timestamp: Option<Timestamp>,
    pub(super) event_attributes: Option<EventAttributes>,
}

/// The data of an event: where in the text the object is, and the object if it was read.
struct Data {
    start: usize,
    end: usize,
    read: Option<EventData>,
}

impl<'a> Envelope<'a> {
    /// Reads an event. Its data stays text.
    pub(super) fn raw(text: &'a str) -> Result<Self, DecodeError> {
        Self::from_text(text, false)
    }

    /// Reads an event, with its data if the event's type is found before the data.
    ///
    /// Clerk writes the type last, so it is also searched for at the end of the body.
    pub(super) fn typed(text: &'a str) -> Result<Self, DecodeError> {
        Self::from_text(text, true)
    }

    fn from_text(text: &'a str, is_typed: bool) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(text);
        let read = Self::read(text, &mut reader, is_typed);
        read.and_then(|event| {
            reader.end()?;
            Ok(event)
        })
        .map_err(|error| {
            let event_type = event_type_in(text);
            DecodeError::from_read(&error, DecodeErrorKind::Envelope, &reader, event_type)
        })
    }

    fn read(text: &'a str, reader: &mut Reader<'a>, is_typed: bool) -> Result<Self, ReadError> {
        let type_at_end = if is_typed {
            type_at_end(text.as_bytes())
        } else {
            None
        };
        let mut data = None;
        let mut event_attributes: Option<Option<EventAttributes>> = None;
        let mut instance_id: Option<Option<String>> = None;
        let mut timestamp: Option<Option<Timestamp>> = None;
        let mut event_type: Option<EventType> = None;
        read_fields!(reader,
            ("data") => data = {
                let event_type = event_type.as_ref().or(type_at_end.as_ref());
                Data::read(reader, event_type.filter(|_| is_typed))
            };
            ("event_attributes") => event_attributes = Read::read(reader);
            ("instance_id") => instance_id = Read::read(reader);
            ("timestamp") => timestamp = Read::read(reader);
            ("type") => event_type = read_type(reader, type_at_end.as_ref());
        );
        Ok(Self {
            text,
            event_type: event_type.ok_or_else(|| missing("type"))?,
            data: data.ok_or_else(|| missing("data"))?,
            instance_id: instance_id.flatten(),
            timestamp: timestamp.flatten(),
            event_attributes: event_attributes.flatten(),
        })
    }

    /// The text of the data, a JSON object.
    pub(super) fn data_text(&self) -> &'a str {
        let Data { start, end, .. } = self.data;
        self.text.get(start..end).unwrap_or_default()
    }

    /// The data, which is read now if it is still text.
    pub(super) fn take_data(&mut self) -> Result<EventData, DecodeError> {
        let read = self.data.read.take();
        // Another type may have been at the end of the body, or the data was read for a type that is
        // not the event's.
        if let Some(data) = read.filter(|data| *data.event_type() == self.event_type) {
            return Ok(data);
        }
        let mut reader = Reader::new(self.text);
        reader.go_to(self.data.start);
        data::read(&self.event_type, &mut reader).map_err(|error| {
            let error = error.within(Step::Field("data"));
            let event_type = Some(self.event_type.clone());
            DecodeError::from_read(&error, DecodeErrorKind::Data, &reader, event_type)
        })
    }
}

impl Data {
    /// Reads the data as that of an event of this type. If there is no type, or the data does not fit it,
    /// the data stays text.
    fn read(reader: &mut Reader<'_>, event_type: Option<&EventType>) -> Result<Self, ReadError> {
        let is_object = reader.peek()? == b'{';
        let start = reader.at();
        if let Some(event_type) = event_type
            && is_object
            && let Ok(data) = data::read(event_type, reader)
        {
            let end = reader.at();
            return Ok(Self {
                start,
                end,
                read: Some(data),
            });
        }
        reader.go_to(start);
        reader.skip()?;
        if !is_object {
            return Err(Fault::OtherType.into());
        }
        Ok(Self {
            start,
            end: reader.at(),
            read: None,
        })
    }
}

/// Reads the type. If it is the one at the end of the body, that was already searched among all types.
fn read_type(
    reader: &mut Reader<'_>,
    type_at_end: Option<&EventType>,
) -> Result<EventType, ReadError> {
    let text = reader.text()?;
    let known = type_at_end.filter(|known| known.as_str() == text);
    Ok(known.map_or_else(|| EventType::from(&*text), EventType::clone))
}

/// The type in the last field of the body, if the body ends in one.
fn type_at_end(body: &[u8]) -> Option<EventType> {
    let tail = body.get(body.len().saturating_sub(TAIL_BYTES)..)?;
    let object = tail.trim_ascii_end().strip_suffix(b"}")?;
    let name_and_before = object.trim_ascii_end().strip_suffix(b"\"")?;
    let quote = name_and_before.iter().rposition(|byte| *byte == b'"')?;
    let (before, name) = name_and_before.split_at_checked(quote)?;
    let field = before.trim_ascii_end().strip_suffix(b":")?;
    let name = std::str::from_utf8(name.get(1..)?).ok()?;
    field.ends_with(b"\"type\"").then(|| EventType::from(name))
}

/// The event type in a body, for every delivery: of most bodies only the end is read.
///
/// In a JSON object, the field before the last brace is a field of that object.
pub(crate) fn event_type_at_end_or_of(body: &[u8]) -> Option<EventType> {
    type_at_end(body).or_else(|| event_type_of(body))
}

/// The event type in a body, for logs.
pub(crate) fn event_type_of(body: &[u8]) -> Option<EventType> {
    event_type_in(std::str::from_utf8(body).ok()?)
}

/// The event's type, if `text` is a JSON object with one string `type`.
pub(super) fn event_type_in(text: &str) -> Option<EventType> {
    let read = |reader: &mut Reader<'_>| -> Result<Option<EventType>, ReadError> {
        let mut event_type = None;
        read_fields!(reader, ("type") => event_type = Read::read(reader););
        reader.end()?;
        Ok(event_type)
    };
    read(&mut Reader::new(text)).ok()?
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::{event::event::ClerkEvent, testing::fixtures};

    const DATA: &str = r#"{"id": "user_1", "public_metadata": {"type": "user.deleted"}}"#;

    /// Whether the event is decoded, and whether its data was read in the same pass as its envelope.
    fn is_event_and_in_one_pass(body: &str) -> (bool, bool) {
        let is_event = ClerkEvent::from_slice(body.as_bytes()).is_ok();
        let in_one_pass = Envelope::typed(body).is_ok_and(|event| {
            let data = event.data.read.as_ref();
            data.is_some_and(|data| *data.event_type() == event.event_type)
        });
        (is_event, in_one_pass)
    }

    #[test]
    fn every_fixture_is_read_in_one_pass() {
        for (event_type, body) in fixtures::all() {
            assert_eq!(
                is_event_and_in_one_pass(&body),
                (true, true),
                "{event_type}"
            );
        }
    }

    #[test]
    fn every_example_of_clerk_is_read_in_one_pass() {
        let Some(folder) = std::env::var_os("CLERK_WEBHOOKS_SHARED") else {
            // `eprintln!` would be swallowed: the test passes.
            let test = std::thread::current();
            let name = test.name().unwrap_or_default();
            writeln!(
                std::io::stderr(),
                "\nskipped: {name}: CLERK_WEBHOOKS_SHARED is not set"
            )
            .unwrap();
            return;
        };
        let folder = std::path::Path::new(&folder).join("clerk/examples");
        let mut examples = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let body = std::fs::read_to_string(file.unwrap().path()).unwrap();
            assert_eq!(is_event_and_in_one_pass(&body), (true, true), "{body}");
            examples += 1;
        }
        assert_eq!(examples, 45);
    }

    #[test]
    fn an_event_whose_type_comes_first_or_last_is_read_in_one_pass() {
        for body in [
            format!(r#"{{"data": {DATA}, "timestamp": 1716883200000, "type": "user.created"}}"#),
            format!(r#"{{"data":{DATA},"object":"event","type":"user.created"}} "#),
            format!(r#"{{"data":{DATA},"object":"event","type": "user.created" }}"#),
            format!(r#"{{"type": "user.created", "instance_id": "ins_1", "data": {DATA}}}"#),
            format!(r#"{{"event_attributes": null, "type": "user.created", "data": {DATA}}}"#),
            r#"{"data": {"id": "x"}, "type": "user.renamed"}"#.to_owned(),
        ] {
            assert_eq!(is_event_and_in_one_pass(&body), (true, true), "{body}");
        }
    }

    #[test]
    fn data_is_read_later_if_its_type_is_not_known_yet() {
        for body in [
            r#"{"data": {"id": "x"}, "type": "user.created", "a": {"type":"user.deleted"}}"#,
            r#"{"data": {"id": "x"}, "type": "user.created", "a": "type"}"#,
            r#"{"data": {"id": "x"}, "type": "user.created", "a": "\"type\":\"user.deleted"}"#,
            r#"{"data": {"id": "x"}, "typ\u0065": "user.created", "a": {"type":"user.deleted"}}"#,
            r#"{"data": {"id": "x"}, "type": "user.created", "a": "é", "b": "......................................................"}"#,
        ] {
            assert_eq!(is_event_and_in_one_pass(body), (true, false), "{body}");
        }
    }

    #[test]
    fn names_may_have_escapes_or_white_space() {
        for body in [
            r#"{"d\u0061ta" : {"\u0069d" : "x"} , "type": "user.created"}"#,
            "{\n\"type\"\n:\"user.created\"\n,\n\"data\"\n:\n{\n\"id\"\n:\n\"x\"\n}\n}\n",
            r#"{"n\u0065w" : 1, "data": {"id" : "x", "n\u0065w": "\u0069"}, "type": "user.created"}"#,
        ] {
            assert_eq!(is_event_and_in_one_pass(body), (true, true), "{body}");
        }
    }

    #[test]
    fn what_is_not_an_event_is_refused() {
        for body in [
            r#"{"data": {"id": "x"}, "data": {"id": "x"}, "type": "user.created"}"#,
            r#"{"data": {"id": "x"}, "type": "user.created", "type": "user.created"}"#,
            r#"{"data": {"id": "x"}, "type": "user.created", "\u0074ype": "user.created"}"#,
            r#"{"timestamp": 1, "timestamp": 1, "data": {"id": "x"}, "type": "user.created"}"#,
            r#"{"data": ["x", null, true, null, null], "type": "user.deleted"}"#,
            r#"[{"id": "x"}, "type", "user.created"]"#,
            r#"{"data": {}, "type": "user.created"}"#,
            r#"{"data": {"id": "x"}, "type": "user.created"} 1"#,
            r#"{"data": {"id": "x"}, "type": "user.created",}"#,
            r#"{"data": {"\u0069d":"id":"x"}, "type": "user.created"}"#,
            r#"{"type": "user.created"}"#,
            r#"{"data": {"id": "x"}}"#,
        ] {
            assert!(!is_event_and_in_one_pass(body).0, "{body}");
        }
    }

    #[test]
    fn the_type_of_a_body_is_that_of_its_outer_object() {
        let created = Some(EventType::UserCreated);
        for body in [
            r#"{"data": {"type": "user.deleted"}, "type": "user.created"}"#,
            r#"{"type": "user.created", "data": {"type": "user.deleted"}}"#,
            r#"{"type": "user.created", "x": "\"type\":\"user.deleted\""}"#,
            r#"{"data": {}, "type" : "user.created" } "#,
        ] {
            assert_eq!(event_type_at_end_or_of(body.as_bytes()), created, "{body}");
        }
        for body in ["", "{}", "\u{e9}", r#"["type"]"#, r#"{"type": 1}"#] {
            assert_eq!(event_type_at_end_or_of(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn the_longest_type_is_found_at_the_end() {
        for event_type in EventType::all() {
            let body = format!(r#"{{"data":{{}},"type":"{event_type}"}}"#);
            assert_eq!(type_at_end(body.as_bytes()).as_ref(), Some(event_type));
            assert!(event_type.as_str().len() + r#""type": """}"#.len() < TAIL_BYTES);
        }
        assert_eq!(type_at_end(b""), None);
        assert_eq!(type_at_end(b"\"type\":"), None);
        assert_eq!(type_at_end("\u{e9}".repeat(1_000).as_bytes()), None);
    }
}
