//! Databases that cannot be reached or not be written. Every error says what to do, and nothing is half-written.

use std::{net::TcpListener, time::Duration};

use clerk_webhooks_mirror::Mirror;
use serde_json::json;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use crate::support::{
    PostgresDatabase, SqliteFile, TestEngine as _, at, count, deliver, event, execute, mirror,
    select, texts, user,
};

fn created(id: &str) -> String {
    let mut data = user(id, "Ada", 1);
    data["email_addresses"] = json!([{ "id": "idn_1", "email_address": "a@example.com" }]);
    event("user.created", at(1), data).to_string()
}

#[tokio::test]
async fn a_sqlite_file_that_is_read_only_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path().join("a.db"));
    let writable = options.clone().create_if_missing(true);
    let pool = SqlitePoolOptions::new()
        .connect_with(writable)
        .await
        .unwrap();
    let read_only = SqlitePoolOptions::new()
        .connect_with(options.read_only(true))
        .await
        .unwrap();
    let refused = Mirror::new(read_only.clone()).await.unwrap_err();
    assert!(
        refused.to_string().contains("the database is read-only"),
        "{}",
        texts(&refused)
    );
    mirror(&pool).await;
    let reader = Mirror::new(read_only).await.unwrap(); // nothing to write yet
    assert_eq!(deliver(&reader, &created("user_1")).await, 500);
    assert_eq!(count(&pool, "users").await, 0);
}

/// A table is missing: the e-mail address, which was written before, is not there either.
#[tokio::test]
async fn nothing_is_half_written_when_a_table_is_missing_on_sqlite() {
    let file = SqliteFile::new().await;
    let (pool, mirror) = (file.pool(), mirror(&file.pool()).await);
    let rename = "alter table clerk_external_accounts rename to elsewhere";
    sqlx::Sqlite::execute(&pool, rename.to_owned()).await;
    assert_eq!(deliver(&mirror, &created("user_1")).await, 500);
    assert_eq!(count(&pool, "email_addresses").await, 0);
    let back = "alter table elsewhere rename to clerk_external_accounts";
    sqlx::Sqlite::execute(&pool, back.to_owned()).await;
    assert_eq!(deliver(&mirror, &created("user_1")).await, 204);
    assert_eq!(count(&pool, "email_addresses").await, 1);
}

#[tokio::test]
async fn a_server_that_is_down_at_the_start_is_reported_at_once() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let options = PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(nobody.port());
    let pool = PgPoolOptions::new().connect_lazy_with(options);
    let started = tokio::time::timeout(Duration::from_secs(5), Mirror::new(pool)).await;
    let error = started.expect("it waited").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the mirror in PostgreSQL cannot make its tables: the server cannot be reached, or the connection broke; \
         check its address, and that it is up"
    );
}

#[tokio::test]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn connections_that_break_in_the_middle_are_replaced() {
    let database = PostgresDatabase::create().await;
    let (pool, mirror) = (database.pool(), mirror(&database.pool()).await);
    assert_eq!(deliver(&mirror, &created("user_1")).await, 204);
    // Holds the row's lock, so that the delivery waits in the middle of its transaction; then its connection ends.
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("lock table clerk.email_addresses")
        .execute(&mut *holder)
        .await
        .unwrap();
    let (waiting, body) = (mirror.clone(), created("user_2"));
    let delivery = tokio::spawn(async move { deliver(&waiting, &body).await });
    let waits = "select cast(pid as text) from pg_stat_activity where wait_event_type = 'Lock'
        and datname = current_database()";
    while select(&pool, waits).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let end = "select cast(pg_terminate_backend(pid) as text) from pg_stat_activity where wait_event_type = 'Lock'
        and datname = current_database()";
    select(&pool, end).await;
    assert_eq!(delivery.await.unwrap(), 500);
    holder.rollback().await.unwrap();
    assert_eq!(count(&pool, "users").await, 1);
    assert_eq!(deliver(&mirror, &created("user_2")).await, 204);
    assert_eq!(
        (
            count(&pool, "users").await,
            count(&pool, "email_addresses").await
        ),
        (2, 2)
    );
}

#[tokio::test]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn a_transaction_that_would_not_see_others_deletions_is_refused() {
    let database = PostgresDatabase::create().await;
    let (pool, mirror) = (database.pool(), mirror(&database.pool()).await);
    let body = created("user_1");
    let event = clerk_webhooks::RawClerkEvent::from_slice(body.as_bytes()).unwrap();
    for level in ["repeatable read", "serializable"] {
        let begin = sqlx::AssertSqlSafe(format!("begin isolation level {level}"));
        let mut transaction = pool.begin_with(begin).await.unwrap();
        let applied = mirror.apply_raw(&mut transaction, "msg_1", &event).await;
        let refused = applied.unwrap_err();
        let text = texts(&refused);
        assert!(
            text.contains("needs the isolation level `read committed`"),
            "{text}"
        );
        assert!(
            text.contains(&format!("the isolation level is {level}")),
            "{text}"
        );
    }
    assert_eq!(count(&pool, "users").await, 0);
}

#[tokio::test]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn a_role_needs_no_right_to_make_tables_that_are_there() {
    let database = PostgresDatabase::create().await;
    let role = format!("{}_role", database.name);
    execute(&format!("create role {role} login")).await;
    let pool = PgPool::connect_with(database.options().username(&role))
        .await
        .unwrap();

    let refused = Mirror::new(pool.clone()).await.unwrap_err();
    assert!(
        refused.to_string().contains("create on the database"),
        "{}",
        texts(&refused)
    );
    let owner = mirror(&database.pool()).await;
    let reads = format!(
        "grant usage on schema clerk to {role}; grant select on all tables in schema clerk to {role}"
    );
    sqlx::Postgres::execute(&database.pool(), reads).await;
    let reader = Mirror::new(pool.clone()).await.unwrap();
    assert_eq!(deliver(&reader, &created("user_1")).await, 500);
    assert_eq!(count(&database.pool(), "users").await, 0);

    let writes = format!("grant insert, update, delete on all tables in schema clerk to {role}");
    sqlx::Postgres::execute(&database.pool(), writes).await;
    assert_eq!(deliver(&reader, &created("user_1")).await, 204);
    assert_eq!(count(&database.pool(), "users").await, 1);
    drop(owner);
    pool.close().await;
    sqlx::Postgres::execute(
        &database.pool(),
        format!("drop owned by {role}; drop role {role}"),
    )
    .await;
}
