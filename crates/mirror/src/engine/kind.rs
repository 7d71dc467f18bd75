//! [`Kind`]: the type of a column's values.

/// The type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text that is looked up. A longer one than [`Kind::LONGEST_KEY`] is null: an index cannot hold it.
    Key,
    Text,
    Integer,
    Boolean,
    /// Milliseconds since 1970 in the object.
    Timestamp,
    /// An object or a list.
    Json,
}

impl Kind {
    /// In bytes. An index of Postgres holds about 2,700.
    pub(crate) const LONGEST_KEY: usize = 1_000;
}
