//! Finds where decoding failed. It reads the text a second time and records the path, which is slower.

use serde::de::{DeserializeOwned, DeserializeSeed};
use serde_json::error::Category;
use serde_path_to_error::{Deserializer, Track};

use super::{
    error::{DecodeError, DecodeErrorKind, Details},
    fault::Fault,
    path::Path,
    reader::Reader,
};
use crate::event::types::EventType;

/// A fault and its position.
#[derive(Debug)]
pub(super) struct Place {
    fault: Fault,
    path: Path,
    line: usize,
    column: usize,
}

impl Place {
    /// Finds where `seed`, which reads one of this crate's types, fails.
    ///
    /// A field that is missing or a duplicate is part of the path.
    pub(super) fn of<'de, S: DeserializeSeed<'de>>(text: &'de str, seed: S) -> Self {
        let mut reader = Reader::new(text);
        let mut track = Track::new();
        let read = seed.deserialize(Deserializer::new(&mut reader, &mut track));
        let error = match read {
            Ok(_) => match reader.end() {
                Ok(()) => return Self::unknown(),
                Err(fault) => return Self::at(fault, Path::default(), reader.position()),
            },
            Err(error) => error,
        };
        let mut path = Path::from(&track.path());
        if let Some(field) = error.field {
            path.push_name(field);
        }
        Self::at(error.fault, path, reader.position())
    }

    /// Finds where a user-defined type fails.
    ///
    /// Such a type can put any text into its error messages, so no name is taken from them.
    pub(super) fn of_own_type<T: DeserializeOwned>(text: &str) -> Self {
        let mut json = serde_json::Deserializer::from_str(text);
        let mut track = Track::new();
        let read = T::deserialize(Deserializer::new(&mut json, &mut track));
        let (error, path) = match read {
            Ok(_) => match json.end() {
                Ok(()) => return Self::unknown(),
                Err(error) => (error, Path::default()),
            },
            Err(error) => (error, Path::from(&track.path())),
        };
        Self::at(fault_of(&error), path, (error.line(), error.column()))
    }

    fn at(fault: Fault, path: Path, (line, column): (usize, usize)) -> Self {
        Self {
            fault,
            path,
            line,
            column,
        }
    }

    /// Decoding failed the first time but not the second: the type's `Deserialize` is not deterministic.
    fn unknown() -> Self {
        Self::at(Fault::Refused, Path::default(), (0, 0))
    }

    /// The same place in a larger document, which holds this one in the field `name`.
    pub(super) fn under(self, name: &str) -> Self {
        Self::at(self.fault, self.path.under(name), (0, 0))
    }

    /// The error for this place. For text that is not JSON, [`DecodeErrorKind::NotJson`] replaces `kind`.
    pub(super) fn into_error(
        self,
        kind: DecodeErrorKind,
        event_type: Option<EventType>,
    ) -> DecodeError {
        let kind = if self.fault.is_syntax() {
            DecodeErrorKind::NotJson
        } else {
            kind
        };
        DecodeError::new(Details {
            kind,
            fault: self.fault,
            path: self.path,
            line: self.line,
            column: self.column,
            event_type,
        })
    }
}

/// The fault behind `serde_json`'s message.
fn fault_of(error: &serde_json::Error) -> Fault {
    match error.classify() {
        Category::Eof => Fault::EndsEarly,
        Category::Syntax | Category::Io => Fault::Malformed,
        Category::Data => {
            let message = error.to_string();
            if message.starts_with("missing field ") {
                Fault::MissingWithin
            } else if message.starts_with("invalid type: ") {
                Fault::OtherType
            } else {
                Fault::Refused
            }
        }
    }
}
