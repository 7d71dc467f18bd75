//! [`Progress`].

/// How far a table is. A callback gets it after each page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The table, such as `users`.
    pub table: &'static str,
    /// The number of Clerk's objects that were read, those before an interruption included.
    pub done: u64,
    /// How many there were when the table was begun. `None` if Clerk does not say it.
    pub total: Option<u64>,
    /// Whether this table is done.
    pub is_complete: bool,
}
