//! Makes and changes the tables.

use std::{io, time::Duration};

use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Pool, SqlSafeStr as _, SqlStr};
use tokio::time::timeout;

use crate::{
    engine::{Engine, Sql, sealed::Dialect as _},
    schema::ddl::MIGRATIONS,
};

/// How long a server may take to answer at all: one behind a firewall never does.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// Makes the tables, or updates those of an older version. Locks nothing when they are up to date.
pub(crate) async fn migrate<DB: Engine>(
    pool: &Pool<DB>,
    migrations: &[String],
) -> sqlx::Result<()> {
    let mut connection = timeout(LONGEST_CONNECT, first_connection(pool))
        .await
        .map_err(|elapsed| sqlx::Error::Io(io::Error::from(elapsed)))??;
    let prefix = Sql::<DB>::PREFIX;
    if migrations.len() <= version::<DB>(&mut connection).await? {
        return Ok(());
    }
    let mut transaction = connection.begin_with(Sql::<DB>::BEGIN).await?;
    let create_versions =
        format!("create table if not exists {prefix}{MIGRATIONS} (version bigint primary key)");
    for statement in [Sql::<DB>::LOCK_MIGRATIONS, Sql::<DB>::CREATE_SCHEMA] {
        Sql::<DB>::run(&mut transaction, SqlStr::from_static(statement)).await?;
    }
    Sql::<DB>::run(&mut transaction, sql(create_versions)).await?;
    let applied = version::<DB>(&mut transaction).await?;
    for (migration, version) in migrations.iter().zip(1_usize..).skip(applied) {
        let record = format!("insert into {prefix}{MIGRATIONS} (version) values ({version})");
        Sql::<DB>::run(&mut transaction, sql(migration.clone())).await?;
        Sql::<DB>::run(&mut transaction, sql(record)).await?;
    }
    transaction.commit().await
}

/// A pool that cannot connect only says that it waited in vain: a connection outside it says why.
async fn first_connection<DB: Engine>(
    pool: &Pool<DB>,
) -> sqlx::Result<sqlx::pool::PoolConnection<DB>> {
    if pool.size() == 0 {
        pool.connect_options().connect().await?.close().await?;
    }
    pool.acquire().await
}

/// How many of the migrations have been applied.
async fn version<DB: Engine>(connection: &mut DB::Connection) -> sqlx::Result<usize> {
    let has_versions = SqlStr::from_static(Sql::<DB>::HAS_VERSIONS);
    if number::<DB>(connection, has_versions).await? == 0 {
        return Ok(0);
    }
    let prefix = Sql::<DB>::PREFIX;
    let newest = sql(format!(
        "select cast(coalesce(max(version), 0) as text) from {prefix}{MIGRATIONS}"
    ));
    number::<DB>(connection, newest).await
}

async fn number<DB: Engine>(connection: &mut DB::Connection, query: SqlStr) -> sqlx::Result<usize> {
    let rows = Sql::<DB>::rows(connection, query, &[]).await?;
    let number = rows.into_iter().flatten().flatten().next();
    Ok(number
        .and_then(|number| number.parse().ok())
        .unwrap_or_default())
}

/// No text from outside is in a statement, only names and numbers of this crate.
fn sql(statement: String) -> SqlStr {
    AssertSqlSafe(statement).into_sql_str()
}
