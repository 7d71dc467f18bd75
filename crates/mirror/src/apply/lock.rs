//! Which objects a transaction locks, so that no other applies something to them meanwhile.
//!
//! A lock has a number and no row, since an object may have no row yet.

use std::collections::BTreeMap;

use super::event::Operation;

/// The locks of some operations, in an order that is the same everywhere: two transactions do not wait for each other.
#[derive(Debug, Default)]
pub struct Locks {
    /// The number, and whether no other transaction may have it. A parent, which must not be deleted while its object is
    /// written, is shared.
    are_exclusive: BTreeMap<i64, bool>,
}

impl Locks {
    pub(crate) fn of(operations: &[Operation]) -> Self {
        let mut locks = Self::default();
        for operation in operations {
            match operation {
                Operation::Delete { table, id } => locks.add(table.name, id, true),
                Operation::Write { table, objects } => {
                    for object in objects {
                        locks.add(table.name, &object.id, true);
                        for (table, id) in &object.parents {
                            locks.add(table, id, false);
                        }
                    }
                }
            }
        }
        locks
    }

    fn add(&mut self, table: &str, id: &str, is_exclusive: bool) {
        *self.are_exclusive.entry(number(table, id)).or_default() |= is_exclusive;
    }

    /// The numbers, and whether each is exclusive.
    #[cfg(feature = "postgres")]
    pub(crate) fn unzip(&self) -> (Vec<i64>, Vec<bool>) {
        self.are_exclusive.iter().unzip()
    }
}

/// FNV-1a: the same number in every process. Two objects with one number only wait for each other.
fn number(table: &str, id: &str) -> i64 {
    let bytes = table.bytes().chain([0]).chain(id.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.cast_signed()
}
