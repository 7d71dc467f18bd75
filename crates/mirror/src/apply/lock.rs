//! Which objects a transaction locks, so that no other applies something to them meanwhile.
//!
//! A lock has a number and no row, since an object may have no row yet.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Pool, SqlSafeStr as _, Transaction};

use super::event::Operation;
use crate::engine::{Engine, Sql, sealed::Dialect as _};

/// The locks of some operations.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    /// In order, so that two transactions do not wait for each other.
    exclusive: BTreeSet<i64>,
    /// A parent must not be deleted while its object is written.
    shared: BTreeSet<i64>,
}

impl Locks {
    pub(crate) fn of(operations: &[Operation]) -> Self {
        let mut locks = Self::default();
        for operation in operations {
            match operation {
                Operation::Delete { table, id } => {
                    locks.exclusive.insert(number(table.name, id));
                }
                Operation::Write { table, objects } => {
                    for object in objects {
                        locks.exclusive.insert(number(table.name, &object.id));
                        let parents = object.parents.iter();
                        locks
                            .shared
                            .extend(parents.map(|(table, id)| number(table, id)));
                    }
                }
            }
        }
        locks
    }

    /// Begins a transaction with these locks, in one round trip.
    pub(crate) async fn begin<DB: Engine>(
        &self,
        pool: &Pool<DB>,
    ) -> sqlx::Result<Transaction<'static, DB>> {
        let statements = format!("{}{}", Sql::<DB>::BEGIN, self.statements::<DB>());
        pool.begin_with(AssertSqlSafe(statements)).await
    }

    /// Takes the locks in a transaction that has begun.
    pub(crate) async fn take<DB: Engine>(
        &self,
        connection: &mut DB::Connection,
    ) -> sqlx::Result<()> {
        let statements = self.statements::<DB>();
        let statements = statements.trim_start_matches("; ");
        if statements.is_empty() {
            return Ok(());
        }
        Sql::<DB>::run(connection, AssertSqlSafe(statements).into_sql_str()).await
    }

    fn statements<DB: Engine>(&self) -> String {
        let [exclusive, shared] =
            [&self.exclusive, &self.shared].map(|keys| keys.iter().copied().collect::<Vec<_>>());
        Sql::<DB>::lock(&exclusive, &shared)
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
