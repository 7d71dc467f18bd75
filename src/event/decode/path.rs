//! JSON paths that hold no personal data.

use std::fmt::{self, Write as _};

use serde_path_to_error::Segment;

use crate::event::json::fault::Step;

/// The longest key that is printed.
const MAX_NAME_LEN: usize = 64;

/// A JSON path such as `data.email_addresses[0].id`; empty for the whole document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path(String);

impl Path {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Appends a field; `?` replaces a name that may be personal data.
    pub(super) fn push_name(&mut self, name: &str) {
        if !self.0.is_empty() {
            self.0.push('.');
        }
        self.0
            .push_str(if is_field_name(name) { name } else { "?" });
    }

    fn push_index(&mut self, index: usize) {
        // Writing to a `String` cannot fail.
        let _ = write!(self.0, "[{index}]");
    }
}

impl FromIterator<Step> for Path {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        let mut path = Self::default();
        for step in steps {
            match step {
                Step::Field(name) => path.push_name(name),
                Step::Index(index) => path.push_index(index),
            }
        }
        path
    }
}

impl From<&serde_path_to_error::Path> for Path {
    fn from(recorded: &serde_path_to_error::Path) -> Self {
        let mut path = Self::default();
        let mut segments: Vec<_> = recorded.iter().collect();
        // The last segment is unknown if the name of a field could not be read.
        segments.pop_if(|last| matches!(last, Segment::Unknown));
        for segment in segments {
            match segment {
                Segment::Seq { index } => path.push_index(*index),
                Segment::Map { key } => path.push_name(key),
                Segment::Enum { variant } => path.push_name(variant),
                Segment::Unknown => path.push_name("?"),
            }
        }
        path
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_field_name(name: &str) -> bool {
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=MAX_NAME_LEN).contains(&name.len()) && name.bytes().all(is_name_byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(names: &[&str]) -> String {
        let mut path = Path::default();
        names.iter().for_each(|name| path.push_name(name));
        path.as_str().to_owned()
    }

    #[test]
    fn a_key_that_may_be_personal_data_is_a_question_mark() {
        assert_eq!(path(&["data", "jane@example.org", "id"]), "data.?.id");
        assert_eq!(
            path(&["", "é", "a b", "a.b", "a\nb", "x-y_9"]),
            "?.?.?.?.?.x-y_9"
        );
        assert_eq!(
            path(&[&"a".repeat(64), &"a".repeat(65)]),
            format!("{}.?", "a".repeat(64))
        );
    }

    #[test]
    fn an_index_follows_its_list() {
        let steps = [Step::Field("data"), Step::Index(3), Step::Field("id")];
        assert_eq!(Path::from_iter(steps).as_str(), "data[3].id");
        assert_eq!(Path::from_iter([Step::Index(0)]).as_str(), "[0]");
    }
}
