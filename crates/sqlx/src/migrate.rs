//! Makes and changes the tables.

use sqlx::{Connection as _, Pool, SqlStr};

use crate::{
    connect,
    engine::{Engine, Sql, Value, number, sealed::Dialect as _},
    error::DatabaseError,
};

/// This crate's own table of versions: sqlx's `_sqlx_migrations` belongs to your program.
const CREATE_VERSIONS: &str =
    "create table if not exists clerk_migrations (version bigint primary key)";
const NEWEST: &str = "select coalesce(max(version), 0) from clerk_migrations";
const APPLIED: &str = "insert into clerk_migrations (version) values ($1)";

/// Makes the tables of the store, the inbox and the queue, or updates those of an older version of this crate.
///
/// Call it each time your program starts. Any number of processes may call it at the same time. The role needs
/// the right to make tables only when a table is missing or out of date.
///
/// Applied migrations are recorded in this crate's own table, `clerk_migrations`, not in the table of sqlx's
/// migrations. To use your own migration tool instead, run [`MIGRATIONS`](crate::sql::postgres::MIGRATIONS).
///
/// `migrate` also checks the connection's settings, and logs a warning for each weak one. On Postgres:
/// `synchronous_commit=off`. On SQLite: `synchronous` below FULL, no write-ahead log, or no busy timeout.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use clerk_webhooks_sqlx::{migrate, open_sqlite};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("app.db");
/// let pool = open_sqlite(path).await?;
/// migrate(&pool).await?;
/// # Ok(())
/// # }
/// # #[cfg(feature = "sqlite")]
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
///
/// # Errors
///
/// When the database cannot be reached, or when the role may not make tables. An unreachable database is reported
/// within a second; one that is starting, busy or locked after 10 s.
pub async fn migrate<DB: Engine>(pool: &Pool<DB>) -> Result<(), DatabaseError> {
    let mut connection = connect::first(pool).await?;
    let migrated = async {
        connect::warn_of_weak_settings::<DB>(&mut connection).await?;
        apply::<DB>(&mut connection, Sql::<DB>::MIGRATIONS).await
    };
    let migrated = migrated.await;
    migrated.map_err(DatabaseError::of(DB::NAME, "make its tables"))
}

/// Locks nothing when the tables are up to date.
async fn apply<DB: Engine>(
    connection: &mut DB::Connection,
    migrations: &'static [&'static str],
) -> sqlx::Result<()> {
    if migrations.len() <= version::<DB>(connection).await? {
        return Ok(());
    }
    let mut transaction = connection
        .begin_with(SqlStr::from_static(Sql::<DB>::BEGIN))
        .await?;
    Sql::<DB>::run(&mut transaction, Sql::<DB>::LOCK_MIGRATIONS).await?;
    Sql::<DB>::run(&mut transaction, CREATE_VERSIONS).await?;
    let applied = version::<DB>(&mut transaction).await?;
    for (migration, version) in migrations.iter().zip(1..).skip(applied) {
        Sql::<DB>::run(&mut transaction, migration).await?;
        Sql::<DB>::execute(&mut transaction, APPLIED, &[Value::Number(version)]).await?;
    }
    transaction.commit().await
}

/// How many of the migrations have been applied.
async fn version<DB: Engine>(connection: &mut DB::Connection) -> sqlx::Result<usize> {
    if number::<DB>(connection, Sql::<DB>::HAS_VERSIONS).await? == 0 {
        return Ok(0);
    }
    let newest = number::<DB>(connection, NEWEST).await?;
    Ok(usize::try_from(newest).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: &str = "alter table clerk_inbox add made_up integer not null default 2";

    /// From nothing to version 1, from there to a made-up version 2, and each again.
    async fn two_versions<DB: Engine>(connection: &mut DB::Connection) {
        const ADDED: &str = "select cast(coalesce(max(made_up), 0) as bigint) from clerk_inbox";
        let two: &'static [&'static str] =
            Box::leak([Sql::<DB>::MIGRATIONS, &[SECOND]].concat().into());
        for migrations in [
            Sql::<DB>::MIGRATIONS,
            Sql::<DB>::MIGRATIONS,
            two,
            two,
            Sql::<DB>::MIGRATIONS,
        ] {
            apply::<DB>(connection, migrations).await.unwrap();
            if migrations.len() == 1 && version::<DB>(connection).await.unwrap() == 1 {
                let before = number::<DB>(connection, ADDED).await;
                before.expect_err("the column is of version 2");
                Sql::<DB>::run(connection, "delete from clerk_inbox")
                    .await
                    .unwrap();
                let row =
                    "insert into clerk_inbox (scope, id, received_at) values ('users', 'msg_1', 0)";
                Sql::<DB>::run(connection, row).await.unwrap();
            }
        }
        assert_eq!(version::<DB>(connection).await.unwrap(), 2);
        assert_eq!(number::<DB>(connection, ADDED).await.unwrap(), 2);
    }

    #[cfg(feature = "sqlite")]
    #[tokio::test]
    async fn a_second_version_is_applied_once_on_sqlite() {
        let mut connection = sqlx::SqliteConnection::connect(":memory:").await.unwrap();
        two_versions::<sqlx::Sqlite>(&mut connection).await;
    }

    #[cfg(feature = "postgres")]
    #[tokio::test]
    #[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
    async fn a_second_version_is_applied_once_on_postgres() {
        let url = std::env::var("CLERK_WEBHOOKS_POSTGRES_URL").unwrap();
        let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
        let mine = "create schema clerk_migrate_test; set search_path = clerk_migrate_test";
        let drop = "drop schema if exists clerk_migrate_test cascade";
        for statements in [drop, mine] {
            Sql::<sqlx::Postgres>::run(&mut connection, statements)
                .await
                .unwrap();
        }
        two_versions::<sqlx::Postgres>(&mut connection).await;
        Sql::<sqlx::Postgres>::run(&mut connection, drop)
            .await
            .unwrap();
    }
}
