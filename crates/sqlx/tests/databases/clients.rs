//! The exported SQL, run by other clients on the databases of the stores.

use clerk_webhooks::idempotency::{Claim, ClaimToken, IdempotencyStore, MessageKey, Outcome};
use clerk_webhooks_sqlx::{PostgresStore, SqliteStore, inbox, sql};
use diesel::{
    Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection,
    connection::SimpleConnection as _,
    sql_query,
    sql_types::{BigInt, Text},
};
use tokio_postgres::NoTls;

use crate::{
    scenarios::store,
    support::{LONG, Schema, SqliteFile, new_key},
};

const FAILED: Claim = Claim::Completed(Outcome::PermanentlyFailed);

async fn expect<S: IdempotencyStore<Error: std::fmt::Debug>>(
    store: &S,
    key: &MessageKey,
    expected: Claim,
) {
    assert_eq!(store::seen(store, key).await, expected);
}

/// Connected to the schema; the connection's task ends with the client.
async fn tokio_postgres_client(schema: &Schema) -> tokio_postgres::Client {
    let url = std::env::var("CLERK_WEBHOOKS_POSTGRES_URL").unwrap();
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let search_path = format!("set search_path to {}", schema.name());
    client.batch_execute(&search_path).await.unwrap();
    client
}

#[tokio::test]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn tokio_postgres_and_the_store_share_claims() {
    use sql::postgres::store::{CLAIM, COMPLETE, EXTEND, FORGET, PURGE, RELEASE};
    let schema = Schema::create().await;
    let client = tokio_postgres_client(&schema).await;
    for migration in sql::postgres::MIGRATIONS {
        client.batch_execute(migration).await.unwrap();
    }
    let store = PostgresStore::new(schema.pool(1).await);
    let (key, token, lease) = (new_key(), ClaimToken::random().to_string(), 60_000_i64);
    let (scope, id) = (key.scope(), key.message_id());
    let claim = async || -> String {
        let row = client
            .query_one(CLAIM, &[&scope, &id, &token, &lease])
            .await;
        row.unwrap().get(0)
    };

    assert_eq!(claim().await, token);
    assert_eq!(claim().await, token, "it can be repeated");
    expect(&store, &key, Claim::InProgress).await;
    assert_eq!(
        client
            .execute(EXTEND, &[&lease, &scope, &id, &token])
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        client
            .execute(RELEASE, &[&scope, &id, &token])
            .await
            .unwrap(),
        1
    );
    store::claimed(&store, &key, LONG).await;
    assert_ne!(claim().await, token);
    assert_eq!(
        client
            .execute(EXTEND, &[&lease, &scope, &id, &token])
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        client
            .execute(COMPLETE, &[&scope, &id, &"permanently_failed", &lease])
            .await
            .unwrap(),
        1
    );
    expect(&store, &key, FAILED).await;
    assert_eq!(claim().await, "permanently_failed");
    assert_eq!(client.execute(FORGET, &[&scope, &id]).await.unwrap(), 1);
    assert_eq!(
        client
            .execute(COMPLETE, &[&scope, &id, &"succeeded", &0_i64])
            .await
            .unwrap(),
        1
    );
    assert_eq!(client.execute(PURGE, &[&1_000_i64]).await.unwrap(), 1);
}

#[tokio::test]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn tokio_postgres_and_sqlx_share_the_inbox() {
    use sql::postgres::inbox::{FIRST_TIME, FORGET, PURGE};
    let schema = Schema::create().await;
    let mut client = tokio_postgres_client(&schema).await;
    for migration in sql::postgres::MIGRATIONS {
        client.batch_execute(migration).await.unwrap();
    }

    for (ends_with_commit, expected) in [(false, 1), (true, 1), (true, 0)] {
        let transaction = client.transaction().await.unwrap();
        let noted = transaction
            .execute(FIRST_TIME, &[&"users", &"msg_1"])
            .await
            .unwrap();
        assert_eq!(noted, expected);
        if ends_with_commit {
            transaction.commit().await.unwrap();
        }
    }
    let mut tx = schema.pool(1).await.begin().await.unwrap();
    assert!(!inbox::first_time(&mut tx, "users", "msg_1").await.unwrap());
    tx.rollback().await.unwrap();
    assert_eq!(
        client.execute(FORGET, &[&"users", &"msg_1"]).await.unwrap(),
        1
    );
    assert_eq!(
        client
            .execute(FIRST_TIME, &[&"users", &"msg_1"])
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        client
            .execute(PURGE, &[&60_000_i64, &1_000_i64])
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        client.execute(PURGE, &[&0_i64, &1_000_i64]).await.unwrap(),
        1
    );
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    state: String,
}

/// A diesel connection waits for locks in its own thread: the tests await nothing beside it.
fn diesel_connection(file: &SqliteFile) -> SqliteConnection {
    let path = file.path();
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    connection
        .batch_execute("pragma busy_timeout = 5000")
        .unwrap();
    connection
}

#[tokio::test]
async fn diesel_and_the_store_share_claims() {
    use sql::sqlite::store::{CLAIM, COMPLETE, EXTEND, FORGET, PURGE, RELEASE};
    let file = SqliteFile::new();
    let store = SqliteStore::new(file.pool().await);
    let mut connection = diesel_connection(&file);
    for migration in sql::sqlite::MIGRATIONS {
        connection.batch_execute(migration).unwrap();
    }
    let (key, token) = (new_key(), ClaimToken::random().to_string());
    let about = |statement: &'static str| {
        let statement = sql_query(statement).bind::<Text, _>(key.scope());
        statement.bind::<Text, _>(key.message_id())
    };
    let claim = || {
        about(CLAIM)
            .bind::<Text, _>(&token)
            .bind::<BigInt, _>(60_000)
    };
    // Not `get_result`, which stops at the row.
    let holder = |connection: &mut SqliteConnection| {
        let mut rows: Vec<Found> = claim().load(connection).unwrap();
        rows.pop().unwrap().state
    };
    let extend = || {
        let statement = sql_query(EXTEND).bind::<BigInt, _>(60_000);
        let statement = statement.bind::<Text, _>(key.scope());
        let statement = statement.bind::<Text, _>(key.message_id());
        statement.bind::<Text, _>(&token)
    };
    let complete = |outcome, retention| {
        let statement = about(COMPLETE).bind::<Text, _>(outcome);
        statement.bind::<BigInt, _>(retention)
    };

    assert_eq!(holder(&mut connection), token);
    assert_eq!(holder(&mut connection), token, "it can be repeated");
    expect(&store, &key, Claim::InProgress).await;
    assert_eq!(extend().execute(&mut connection).unwrap(), 1);
    let release = about(RELEASE).bind::<Text, _>(&token);
    assert_eq!(release.execute(&mut connection).unwrap(), 1);
    store::claimed(&store, &key, LONG).await;
    assert_ne!(holder(&mut connection), token);
    assert_eq!(extend().execute(&mut connection).unwrap(), 0);
    assert_eq!(
        complete("permanently_failed", 60_000)
            .execute(&mut connection)
            .unwrap(),
        1
    );
    expect(&store, &key, FAILED).await;
    assert_eq!(holder(&mut connection), "permanently_failed");
    assert_eq!(about(FORGET).execute(&mut connection).unwrap(), 1);
    assert_eq!(
        complete("succeeded", 0).execute(&mut connection).unwrap(),
        1
    );
    let purge = sql_query(PURGE).bind::<BigInt, _>(1_000);
    assert_eq!(purge.execute(&mut connection).unwrap(), 1);
}

#[tokio::test]
async fn diesel_and_sqlx_share_the_inbox() {
    use diesel::result::Error::RollbackTransaction;
    use sql::sqlite::inbox::{FIRST_TIME, FORGET, PURGE};
    let file = SqliteFile::new();
    let pool = file.pool().await;
    let mut connection = diesel_connection(&file);
    for migration in sql::sqlite::MIGRATIONS {
        connection.batch_execute(migration).unwrap();
    }
    let about = |statement: &'static str| {
        sql_query(statement)
            .bind::<Text, _>("users")
            .bind::<Text, _>("msg_1")
    };
    let purge = |older_than| {
        sql_query(PURGE)
            .bind::<BigInt, _>(older_than)
            .bind::<BigInt, _>(9)
    };

    let failed = connection.immediate_transaction(|connection| {
        assert_eq!(about(FIRST_TIME).execute(connection)?, 1);
        Err::<(), _>(RollbackTransaction)
    });
    assert!(failed.is_err());
    let noted = |connection: &mut SqliteConnection| {
        connection.immediate_transaction(|connection| about(FIRST_TIME).execute(connection))
    };
    assert_eq!(noted(&mut connection), Ok(1));
    assert_eq!(noted(&mut connection), Ok(0));

    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    assert!(!inbox::first_time(&mut tx, "users", "msg_1").await.unwrap());
    tx.rollback().await.unwrap();
    assert_eq!(about(FORGET).execute(&mut connection), Ok(1));
    assert_eq!(noted(&mut connection), Ok(1));
    assert_eq!(purge(60_000).execute(&mut connection), Ok(0));
    assert_eq!(purge(0).execute(&mut connection), Ok(1));
}
