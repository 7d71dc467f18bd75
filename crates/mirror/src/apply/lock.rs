//! Which objects a transaction locks, so that no other applies something to them meanwhile.
//!
//! A lock has a number and no row, since an object may have no row yet.

use super::event::Operation;
use crate::engine::script::Locks;

/// The locks of some operations. A parent's is shared: it must not be deleted while its object is written.
pub(crate) fn locks_of(operations: &[Operation]) -> Locks {
    let mut locks = Locks::new();
    let mut add = |table: &str, id: &str, is_exclusive: bool| {
        *locks.entry(number(table, id)).or_default() |= is_exclusive;
    };
    for operation in operations {
        match operation {
            Operation::Delete { table, id } => add(table.name, id, true),
            Operation::Write { table, objects } => {
                for object in objects {
                    add(table.name, &object.id, true);
                    for (table, id) in &object.parents {
                        add(table, id, false);
                    }
                }
            }
        }
    }
    locks
}

/// FNV-1a: the same number in every process. Two objects with one number only wait for each other.
pub(crate) fn number(table: &str, id: &str) -> i64 {
    let bytes = table.bytes().chain([0]).chain(id.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.cast_signed()
}
