//! What a mirror keeps.

use std::collections::BTreeSet;

use crate::schema::{
    table::{Group, Table},
    tables::TABLES,
};

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    groups: BTreeSet<Group>,
    private_metadata: bool,
}

impl Settings {
    pub(crate) fn with_groups(mut self, groups: impl IntoIterator<Item = Group>) -> Self {
        self.groups = groups.into_iter().collect();
        self
    }

    pub(crate) fn with_private_metadata(mut self) -> Self {
        self.private_metadata = true;
        self
    }

    pub(crate) fn keeps(&self, table: &Table) -> bool {
        self.groups.contains(&table.group)
    }

    /// Whether it matters that an object of this table was deleted.
    pub(crate) fn keeps_a_trace_of(&self, table: &Table) -> bool {
        let has_parent = |other: &&Table| {
            other
                .parents
                .iter()
                .any(|parent| parent.table == table.name)
        };
        self.keeps(table)
            || TABLES
                .into_iter()
                .filter(has_parent)
                .any(|other| self.keeps(other))
    }

    pub(crate) fn keeps_private_metadata(&self) -> bool {
        self.private_metadata
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            groups: BTreeSet::from(Group::DEFAULT),
            private_metadata: false,
        }
    }
}
