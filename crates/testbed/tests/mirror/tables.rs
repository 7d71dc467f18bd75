//! Reads the mirror's tables, and compares them with the model's.

use std::collections::{BTreeMap, BTreeSet};

use clerk_webhooks_mirror::Engine;
use clerk_webhooks_testbed::model::{Model, TABLES, Table};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Pool, Postgres, Row as _, Sqlite};

type Row = Vec<Option<String>>;

/// An engine whose tables can be read as text.
pub(crate) trait Tables: Engine {
    const PREFIX: &'static str;
    const BEGIN: &'static str;

    /// A time as milliseconds since 1970.
    fn millis(column: &str) -> String;

    fn rows(pool: &Pool<Self>, query: String) -> impl Future<Output = Vec<Row>> + Send;
}

macro_rules! rows {
    () => {
        async fn rows(pool: &Pool<Self>, query: String) -> Vec<Row> {
            let rows = sqlx::query(AssertSqlSafe(query))
                .fetch_all(pool)
                .await
                .unwrap();
            let texts = |row: &<Self as sqlx::Database>::Row| {
                (0..row.len()).map(|column| row.get(column)).collect()
            };
            rows.iter().map(texts).collect()
        }
    };
}

impl Tables for Sqlite {
    const PREFIX: &'static str = "clerk_";
    const BEGIN: &'static str = "begin immediate";

    fn millis(column: &str) -> String {
        format!("strftime('%s', {column}) * 1000 + cast(substr({column}, 21, 3) as integer)")
    }

    rows!();
}

impl Tables for Postgres {
    const PREFIX: &'static str = "clerk.";
    const BEGIN: &'static str = "begin";

    fn millis(column: &str) -> String {
        format!("cast(extract(epoch from {column}) * 1000 as bigint)")
    }

    rows!();
}

/// Panics when a table differs from the model's.
pub(crate) async fn assert_equal<DB: Tables>(pool: &Pool<DB>, model: &Model) {
    for table in &TABLES {
        let (rows, expected) = (rows(pool, table).await, model.rows(table));
        assert!(!expected.is_empty(), "a history without {}", table.name);
        for (id, row) in &expected {
            assert_eq!(rows.get(id), Some(row), "{} of {}", id, table.name);
        }
        let extra: Vec<_> = rows
            .keys()
            .filter(|id| !expected.contains_key(*id))
            .collect();
        assert!(
            extra.is_empty(),
            "{extra:?} of {} are gone in the model",
            table.name
        );
    }
    for (list, field) in [
        ("email_addresses", "email_address"),
        ("phone_numbers", "phone_number"),
        ("external_accounts", "provider_user_id"),
    ] {
        assert_eq!(
            parts(pool, list, field).await,
            model.parts(list, field),
            "{list}"
        );
    }
}

pub(crate) async fn users<DB: Tables>(pool: &Pool<DB>) -> i64 {
    let query = format!("select cast(count(*) as text) from {}users", DB::PREFIX);
    let rows = DB::rows(pool, query).await;
    rows[0][0].as_ref().unwrap().parse().unwrap()
}

async fn rows<DB: Tables>(
    pool: &Pool<DB>,
    table: &Table,
) -> BTreeMap<String, (Vec<Option<String>>, Value)> {
    let value = |field: &clerk_webhooks_testbed::model::Field| {
        let column = format!(r#""{}""#, field.column);
        let value = if field.is_time {
            DB::millis(&column)
        } else {
            column
        };
        format!("cast({value} as text)")
    };
    let values: Vec<_> = table.fields.iter().map(value).collect();
    let query = format!(
        "select id, cast(object as text), {} from {}{}",
        values.join(", "),
        DB::PREFIX,
        table.name
    );
    let rows = DB::rows(pool, query).await.into_iter();
    let row = |row: Row| {
        let mut columns = row.into_iter();
        let id = columns.next().unwrap().unwrap();
        let object = serde_json::from_str(&columns.next().unwrap().unwrap()).unwrap();
        (id, (columns.collect(), object))
    };
    rows.map(row).collect()
}

async fn parts<DB: Tables>(
    pool: &Pool<DB>,
    list: &str,
    field: &str,
) -> BTreeSet<(String, String, Option<String>)> {
    let query = format!("select user_id, id, {field} from {}{list}", DB::PREFIX);
    let rows = DB::rows(pool, query).await.into_iter();
    let row = |mut row: Row| {
        let value = row.pop().unwrap();
        let id = row.pop().unwrap().unwrap();
        (row.pop().unwrap().unwrap(), id, value)
    };
    rows.map(row).collect()
}
