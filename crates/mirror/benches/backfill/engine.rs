//! A fresh database of each engine.

use std::fmt::Write as _;

use clerk_webhooks_mirror::Engine;
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, Pool, Postgres, Row as _, Sqlite,
    postgres::PgConnectOptions,
};

use crate::Error;

/// Rows as texts.
pub(crate) type Rows = Vec<Vec<Option<String>>>;

/// What differs between the engines.
pub(crate) trait Measured: Engine + Sized {
    const TITLE: &'static str;
    const PREFIX: &'static str;
    /// In one statement of the bare insert. Of 1, 10, 50 and 500, the fastest.
    const ROWS: usize;

    /// Makes `bare_TABLE` with the columns and indices of a table of the mirror.
    async fn copy_table(pool: &Pool<Self>, table: &str) -> Result<(), Error>;

    /// The columns of a table, and their types.
    async fn columns(pool: &Pool<Self>, table: &str) -> Result<Vec<(String, String)>, Error>;

    /// The rows of a query whose columns are texts.
    async fn rows(pool: &Pool<Self>, query: String) -> Result<Rows, Error>;

    /// Runs statements with these texts in one transaction.
    async fn insert(pool: &Pool<Self>, statements: &[(String, Rows)]) -> Result<(), Error>;
}

macro_rules! common {
    () => {
        async fn rows(pool: &Pool<Self>, query: String) -> Result<Rows, Error> {
            let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(pool).await?;
            let texts = rows
                .iter()
                .map(|row| (0..row.len()).map(|at| row.try_get(at)).collect());
            Ok(texts.collect::<Result<_, sqlx::Error>>()?)
        }

        async fn insert(pool: &Pool<Self>, statements: &[(String, Rows)]) -> Result<(), Error> {
            let mut transaction = pool.begin().await?;
            for (statement, rows) in statements {
                let mut query = sqlx::query(AssertSqlSafe(statement.as_str()));
                for text in rows.iter().flatten() {
                    query = query.bind(text);
                }
                query.execute(&mut *transaction).await?;
            }
            Ok(transaction.commit().await?)
        }
    };
}

impl Measured for Sqlite {
    const TITLE: &'static str = "SQLite";
    const PREFIX: &'static str = "clerk_";
    const ROWS: usize = 10;

    common!();

    async fn copy_table(pool: &Pool<Self>, table: &str) -> Result<(), Error> {
        let query = format!(
            "select sql from sqlite_schema where tbl_name = 'clerk_{table}' and sql is not null"
        );
        for definition in Self::rows(pool, query)
            .await?
            .into_iter()
            .flatten()
            .flatten()
        {
            let definition =
                definition.replace(&format!("clerk_{table}"), &format!("bare_{table}"));
            sqlx::query(AssertSqlSafe(definition)).execute(pool).await?;
        }
        Ok(())
    }

    async fn columns(pool: &Pool<Self>, table: &str) -> Result<Vec<(String, String)>, Error> {
        let query = format!("select name, type from pragma_table_info('clerk_{table}')");
        pairs(Self::rows(pool, query).await?)
    }
}

impl Measured for Postgres {
    const TITLE: &'static str = "Postgres";
    const PREFIX: &'static str = "clerk.";
    const ROWS: usize = 500;

    common!();

    async fn copy_table(pool: &Pool<Self>, table: &str) -> Result<(), Error> {
        let statement = format!("create table bare_{table} (like clerk.{table} including all)");
        sqlx::query(AssertSqlSafe(statement)).execute(pool).await?;
        Ok(())
    }

    async fn columns(pool: &Pool<Self>, table: &str) -> Result<Vec<(String, String)>, Error> {
        let query = format!(
            "select column_name::text, data_type::text from information_schema.columns
             where table_schema = 'clerk' and table_name = '{table}' order by ordinal_position"
        );
        pairs(Self::rows(pool, query).await?)
    }
}

fn pairs(rows: Rows) -> Result<Vec<(String, String)>, Error> {
    let pair = |row: Vec<Option<String>>| {
        let [name, kind] = <[_; 2]>::try_from(row).ok()?;
        name.zip(kind)
    };
    rows.into_iter()
        .map(pair)
        .collect::<Option<_>>()
        .ok_or_else(|| "a column without a name".into())
}

/// `insert into ... values (cast($1 as ...), ...), ...` for so many rows.
pub(crate) fn insert_statement(table: &str, columns: &[(String, String)], rows: usize) -> String {
    let names: Vec<_> = columns
        .iter()
        .map(|(name, _)| format!("\"{name}\""))
        .collect();
    let mut statement = format!("insert into bare_{table} ({}) values ", names.join(", "));
    for row in 0..rows {
        for (at, (_, kind)) in columns.iter().enumerate() {
            let open = ["(", if row == 0 { "" } else { ", " }];
            let before = if at == 0 {
                open[1].to_owned() + open[0]
            } else {
                ", ".to_owned()
            };
            let _ = write!(
                statement,
                "{before}cast(${} as {kind})",
                row * columns.len() + at + 1
            );
        }
        statement.push(')');
    }
    statement
}

pub(crate) async fn sqlite(
    measure: impl AsyncFnOnce(Pool<Sqlite>) -> Result<(), Error>,
) -> Result<(), Error> {
    let folder = tempfile::tempdir()?;
    let pool = clerk_webhooks_sqlx::open_sqlite(folder.path().join("mirror.db")).await?;
    measure(pool.clone()).await?;
    pool.close().await;
    Ok(())
}

pub(crate) async fn postgres(
    measure: impl AsyncFnOnce(Pool<Postgres>) -> Result<(), Error>,
) -> Result<(), Error> {
    let options: PgConnectOptions = std::env::var("CLERK_WEBHOOKS_POSTGRES_URL")?.parse()?;
    let name = format!("backfill_bench_{:016x}", fastrand::u64(..));
    let mut admin = PgConnection::connect_with(&options).await?;
    sqlx::query(AssertSqlSafe(format!("create database {name}")))
        .execute(&mut admin)
        .await?;
    let pool = Pool::connect_with(options.database(&name)).await?;
    let measured = measure(pool.clone()).await;
    pool.close().await;
    let drop = format!("drop database {name} with (force)");
    sqlx::query(AssertSqlSafe(drop)).execute(&mut admin).await?;
    measured
}
