//! A database for each test, gone when the test is over; and events.

use std::{env, thread};

use clerk_webhooks::{RawClerkEvent, SigningSecret, Verifier, testing::SignedRequest};
use clerk_webhooks_mirror::{Change, Engine, Mirror, MirrorError};
use clerk_webhooks_sqlx::open_sqlite;
use http::Request;
use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Executor as _, PgPool, Pool, Postgres, Row as _, Sqlite,
    SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

const VARIABLE: &str = "CLERK_WEBHOOKS_POSTGRES_URL";

pub(crate) type Row = Vec<Option<String>>;

/// An engine, as the tests use it.
pub(crate) trait TestEngine: Engine {
    const PREFIX: &'static str;
    const BEGIN: &'static str;

    fn rows(pool: &Pool<Self>, query: String) -> impl Future<Output = Vec<Row>> + Send;

    fn execute(pool: &Pool<Self>, statement: String) -> impl Future<Output = ()> + Send;
}

macro_rules! run_statements {
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

        async fn execute(pool: &Pool<Self>, statement: String) {
            sqlx::raw_sql(AssertSqlSafe(statement))
                .execute(pool)
                .await
                .unwrap();
        }
    };
}

impl TestEngine for Sqlite {
    const PREFIX: &'static str = "clerk_";
    const BEGIN: &'static str = "begin immediate";

    run_statements!();
}

impl TestEngine for Postgres {
    const PREFIX: &'static str = "clerk.";
    const BEGIN: &'static str = "begin";

    run_statements!();
}

/// The rows of a query, each as its values with `|` between them. `clerk.` stands for the engine's prefix.
pub(crate) async fn select<DB: TestEngine>(pool: &Pool<DB>, query: &str) -> Vec<String> {
    let rows = DB::rows(pool, query.replace("clerk.", DB::PREFIX)).await;
    let line = |row: Row| {
        let values: Vec<_> = row
            .into_iter()
            .map(|value| value.unwrap_or("null".to_owned()))
            .collect();
        values.join("|")
    };
    rows.into_iter().map(line).collect()
}

/// How many rows a table has.
pub(crate) async fn count<DB: TestEngine>(pool: &Pool<DB>, table: &str) -> usize {
    let query = format!("select cast(count(*) as text) from clerk.{table}");
    select(pool, &query).await[0].parse().unwrap()
}

/// The stored JSON of an object.
pub(crate) async fn object<DB: TestEngine>(pool: &Pool<DB>, table: &str, id: &str) -> Value {
    let query = format!("select cast(object as text) from clerk.{table} where id = '{id}'");
    serde_json::from_str(&select(pool, &query).await[0]).unwrap()
}

/// Applies an event in a transaction of its own.
pub(crate) async fn apply<DB: TestEngine>(
    mirror: &Mirror<DB>,
    pool: &Pool<DB>,
    message_id: &str,
    event: &Value,
) -> Change {
    let event = RawClerkEvent::from_slice(event.to_string().as_bytes()).unwrap();
    let mut transaction = pool.begin_with(DB::BEGIN).await.unwrap();
    let change = mirror
        .apply_raw(&mut transaction, message_id, &event)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    change
}

/// Sends a body to the service, without a network. Returns the status.
pub(crate) async fn deliver<DB: Engine>(mirror: &Mirror<DB>, body: &str) -> u16 {
    let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let signed = SignedRequest::new(&secret, body.to_owned());
    let verified = Verifier::new(secret).verify(&signed.headers(), signed.body().clone());
    let mut request = Request::new(());
    request.extensions_mut().insert(verified.unwrap());
    mirror
        .service()
        .oneshot(request)
        .await
        .unwrap()
        .status()
        .as_u16()
}

pub(crate) async fn mirror<DB: Engine>(pool: &Pool<DB>) -> Mirror<DB> {
    Mirror::new(pool.clone()).await.unwrap()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the data is made where it is passed"
)]
pub(crate) fn event(event_type: &str, timestamp: i64, data: Value) -> Value {
    json!({ "type": event_type, "timestamp": timestamp, "data": data, "object": "event" })
}

/// A moment, in milliseconds.
pub(crate) fn at(moment: i64) -> i64 {
    1_700_000_000_000 + moment
}

pub(crate) fn user(id: &str, name: &str, updated_at: i64) -> Value {
    json!({ "id": id, "first_name": name, "updated_at": at(updated_at), "created_at": at(0) })
}

pub(crate) fn membership(id: &str, organization: &str, user: &str, updated_at: i64) -> Value {
    json!({
        "id": id, "role": "org:member", "organization": { "id": organization },
        "public_user_data": { "user_id": user }, "updated_at": at(updated_at),
    })
}

/// An error's text and that of its source.
pub(crate) fn texts(error: &MirrorError) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string);
    format!("{error}: {}", source.unwrap_or_default())
}

pub(crate) struct SqliteFile {
    pool: SqlitePool,
    _folder: TempDir,
}

impl SqliteFile {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pool = open_sqlite(folder.path().join("test.db")).await.unwrap();
        Self {
            pool,
            _folder: folder,
        }
    }

    pub(crate) fn pool(&self) -> SqlitePool {
        self.pool.clone()
    }
}

/// A database of its own on the server, since the schema's name is fixed.
pub(crate) struct PostgresDatabase {
    pub(crate) name: String,
    pool: PgPool,
}

impl PostgresDatabase {
    pub(crate) async fn create() -> Self {
        let name = format!("clerk_mirror_test_{:016x}", fastrand::u64(..));
        execute(&format!("create database {name}")).await;
        let pool = PgPoolOptions::new().max_connections(8);
        let pool = pool.connect_with(server().database(&name)).await.unwrap();
        Self { name, pool }
    }

    pub(crate) fn pool(&self) -> PgPool {
        self.pool.clone()
    }

    pub(crate) fn options(&self) -> PgConnectOptions {
        server().database(&self.name)
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        let statement = format!("drop database {} with (force)", self.name);
        let dropped = thread::spawn(move || Runtime::new().unwrap().block_on(execute(&statement)));
        if dropped.join().is_err() && !thread::panicking() {
            panic!("database {} is left behind", self.name);
        }
    }
}

fn server() -> PgConnectOptions {
    let url = env::var(VARIABLE).unwrap_or_else(|_| panic!("set {VARIABLE} to a server's URL"));
    url.parse().unwrap()
}

pub(crate) async fn execute(statements: &str) {
    let mut connection = server().connect().await.unwrap();
    connection
        .execute(sqlx::raw_sql(AssertSqlSafe(statements)))
        .await
        .unwrap();
}
