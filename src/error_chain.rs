//! Walks an error's sources and prints them on one line.

use std::{
    error::Error,
    fmt::{self, Write as _},
};

/// An error, its source, and so on.
pub(crate) fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// Prints an error and its sources on one line, separated by colons. Control characters and line breaks are
/// escaped, so that text from outside cannot forge a log line.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(OneLine(f), "{}", self.0)?;
        sources(self.0)
            .skip(1)
            .try_for_each(|source| write!(OneLine(f), ": {source}"))
    }
}

struct OneLine<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| match c {
            // Unicode's line and paragraph separators are not control characters, but they break lines.
            '\u{2028}' | '\u{2029}' => write!(self.0, "{}", c.escape_unicode()),
            c if c.is_control() => write!(self.0, "{}", c.escape_default()),
            c => self.0.write_char(c),
        })
    }
}
