//! What can be wrong with a value.

use std::fmt;

use serde::de;

/// What is wrong with the value at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    NotUtf8,
    EndsEarly,
    Malformed,
    /// The path ends in the missing field.
    Missing,
    /// A field is missing in the object at the path.
    MissingWithin,
    OtherType,
    Duplicate,
    Refused,
}

impl Fault {
    /// Whether the text is not JSON at all.
    pub(super) fn is_syntax(self) -> bool {
        matches!(self, Self::EndsEarly | Self::Malformed)
    }

    /// The text to print after the value's path: "`data.id` is missing".
    pub(super) fn predicate(self) -> &'static str {
        match self {
            Self::NotUtf8 => " is not UTF-8",
            Self::EndsEarly => " ends too early",
            Self::Malformed => " is malformed or nested too deeply",
            Self::Missing => " is missing",
            Self::MissingWithin => " lacks a required field",
            Self::OtherType => " has another JSON type than expected",
            Self::Duplicate => " is a duplicate",
            Self::Refused => " is not a value that the type accepts",
        }
    }
}

/// Why the reader stopped. It holds no text of the JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadError {
    pub(super) fault: Fault,
    /// The field that is missing or a duplicate.
    pub(super) field: Option<&'static str>,
}

impl From<Fault> for ReadError {
    fn from(fault: Fault) -> Self {
        Self { fault, field: None }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this JSON")?;
        f.write_str(self.fault.predicate())
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::from(Fault::Refused)
    }

    fn invalid_type(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self::from(Fault::OtherType)
    }

    fn missing_field(field: &'static str) -> Self {
        Self {
            fault: Fault::Missing,
            field: Some(field),
        }
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self {
            fault: Fault::Duplicate,
            field: Some(field),
        }
    }
}
