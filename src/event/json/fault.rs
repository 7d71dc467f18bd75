//! What can be wrong with a value, and where.

use std::fmt;

/// What is wrong with the value at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::event) enum Fault {
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
    pub(in crate::event) fn is_syntax(self) -> bool {
        matches!(self, Self::EndsEarly | Self::Malformed)
    }

    /// The text to print after the value's path: "`data.id` is missing".
    pub(in crate::event) fn predicate(self) -> &'static str {
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

/// Why and where reading stopped. It holds no text of the JSON.
///
/// It is one pointer, which keeps every result of a successful read small.
#[derive(Debug)]
pub(in crate::event) struct ReadError(Box<(Fault, Vec<Step>)>);

/// One step of the path to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::event) enum Step {
    Field(&'static str),
    Index(usize),
}

impl ReadError {
    /// The same error, seen from the object or the list that holds the value.
    #[cold]
    pub(in crate::event) fn within(mut self, step: Step) -> Self {
        self.0.1.push(step);
        self
    }

    pub(in crate::event) fn fault(&self) -> Fault {
        self.0.0
    }

    /// The path from the outermost value to the fault.
    pub(in crate::event) fn path(&self) -> impl Iterator<Item = Step> {
        self.0.1.iter().rev().copied()
    }
}

impl From<Fault> for ReadError {
    #[cold]
    fn from(fault: Fault) -> Self {
        Self(Box::new((fault, Vec::new())))
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this JSON")?;
        f.write_str(self.fault().predicate())
    }
}
