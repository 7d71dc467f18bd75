//! Where in a document decoding failed, and how: the slow second reading after a failure.

use serde::de::DeserializeSeed;
use serde_json::error::Category;
use serde_path_to_error::Track;

use super::{
    error::{DecodeError, DecodeErrorKind, Details, Fault},
    path::Path,
};
use crate::event::types::EventType;

/// Reads `text` again with its path recorded, to say where `seed` fails.
///
/// A field that is missing or appears twice is part of the path.
pub(super) fn locate<'de, S: DeserializeSeed<'de>>(text: &'de str, seed: S) -> Place {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut track = Track::new();
    let recorder = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    match seed.deserialize(recorder) {
        Ok(_) => json
            .end()
            .err()
            .map_or_else(Place::unknown, |error| Place::of(&error, Path::default())),
        Err(error) => Place::of(&error, Path::from(&track.path())),
    }
}

/// A fault and its position.
pub(super) struct Place {
    fault: Fault,
    path: Path,
    /// A field that is missing or appears twice in the object at `path`.
    field: Option<String>,
    line: usize,
    column: usize,
}

impl Place {
    fn of(error: &serde_json::Error, path: Path) -> Self {
        let (fault, field) = fault_of(error);
        Self {
            fault,
            path,
            field,
            line: error.line(),
            column: error.column(),
        }
    }

    fn unknown() -> Self {
        Self {
            fault: Fault::Refused,
            path: Path::default(),
            field: None,
            line: 0,
            column: 0,
        }
    }

    /// Keeps only what `serde_json` itself says, not the messages of the type.
    ///
    /// A type of the user's own can put a value where ours have a field's name.
    pub(super) fn without_names(mut self) -> Self {
        self.field = None;
        self
    }

    /// This place, seen from an object that holds the document in the field `name`.
    pub(super) fn under(self, name: &str) -> Self {
        Self {
            path: self.path.under(name),
            line: 0,
            column: 0,
            ..self
        }
    }

    /// The error for this place; a document that is no JSON is that, whatever it should have been.
    pub(super) fn into_error(
        mut self,
        kind: DecodeErrorKind,
        event_type: Option<EventType>,
    ) -> DecodeError {
        if let Some(field) = &self.field {
            self.path.push_name(field);
        }
        let fault = match self.fault {
            Fault::Missing if self.field.is_none() => Fault::MissingWithin,
            Fault::Twice if self.field.is_none() => Fault::Refused,
            fault => fault,
        };
        let kind = if fault.is_syntax() {
            DecodeErrorKind::NotJson
        } else {
            kind
        };
        let Self {
            path, line, column, ..
        } = self;
        DecodeError::new(Details {
            kind,
            fault,
            path,
            line,
            column,
            event_type,
        })
    }
}

/// The fault behind serde's message, and the field that it names.
fn fault_of(error: &serde_json::Error) -> (Fault, Option<String>) {
    match error.classify() {
        Category::Eof => (Fault::CutOff, None),
        Category::Syntax | Category::Io => (Fault::Malformed, None),
        Category::Data => data_fault_of(&error.to_string()),
    }
}

fn data_fault_of(message: &str) -> (Fault, Option<String>) {
    if let Some(field) = quoted_after(message, "missing field ") {
        return (Fault::Missing, Some(field));
    }
    if let Some(field) = quoted_after(message, "duplicate field ") {
        return (Fault::Twice, Some(field));
    }
    if message.starts_with("invalid type: ") {
        return (Fault::OtherType, None);
    }
    (Fault::Refused, None)
}

fn quoted_after(message: &str, prefix: &str) -> Option<String> {
    let (name, _) = message
        .strip_prefix(prefix)?
        .strip_prefix('`')?
        .split_once('`')?;
    Some(name.to_owned())
}
