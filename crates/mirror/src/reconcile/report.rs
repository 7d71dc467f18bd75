//! [`Report`]: what a reconcile found.

/// What a reconcile found, table by table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The tables that were compared, in the order in which they were read.
    pub tables: Vec<TableReport>,
}

/// What a reconcile found in one table. With [`fix`](super::Reconcile::fix), everything but
/// [`unconfirmed`](Self::unconfirmed) has been fixed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableReport {
    /// The table, such as `users`.
    pub table: &'static str,
    /// How many objects Clerk has.
    pub objects: u64,
    /// Objects that the table did not have.
    pub missing: u64,
    /// Objects of which the table had an older version.
    pub stale: u64,
    /// Rows whose objects Clerk does not have: a look-up of each confirmed it.
    pub extra: u64,
    /// Rows that were not in Clerk's list, and that no look-up can confirm. They are never deleted.
    pub unconfirmed: u64,
}

/// One difference between Clerk and the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference<'a> {
    /// The table, such as `users`.
    pub table: &'static str,
    /// The object's id.
    pub id: &'a str,
    /// What is different.
    pub kind: DifferenceKind,
}

/// The kinds of [`Difference`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DifferenceKind {
    /// Clerk has the object, the table does not.
    Missing,
    /// The table has an older version of the object.
    Stale,
    /// The table has the object, and Clerk has not: confirmed by a look-up.
    Extra,
    /// The table has the object, and it was not in Clerk's list: not confirmed.
    Unconfirmed,
}

impl DifferenceKind {
    /// `missing`, `stale`, `extra` or `unconfirmed`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Stale => "stale",
            Self::Extra => "extra",
            Self::Unconfirmed => "unconfirmed",
        }
    }
}

impl Report {
    /// Whether nothing was different.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.tables.iter().all(|table| table.differences() == 0)
    }

    /// How many rows were not in Clerk's lists and could not be confirmed: those that `fix` leaves.
    #[must_use]
    pub fn unconfirmed(&self) -> u64 {
        self.tables.iter().map(|table| table.unconfirmed).sum()
    }
}

impl TableReport {
    pub(super) fn new(table: &'static str) -> Self {
        Self {
            table,
            ..Self::default()
        }
    }

    /// The sum of all differences.
    #[must_use]
    pub fn differences(&self) -> u64 {
        self.missing + self.stale + self.extra + self.unconfirmed
    }

    pub(super) fn count(&mut self, kind: DifferenceKind) {
        let counter = match kind {
            DifferenceKind::Missing => &mut self.missing,
            DifferenceKind::Stale => &mut self.stale,
            DifferenceKind::Extra => &mut self.extra,
            DifferenceKind::Unconfirmed => &mut self.unconfirmed,
        };
        *counter += 1;
    }
}
