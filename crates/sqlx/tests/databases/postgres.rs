//! Postgres: a schema of its own for each test.

use std::{error::Error as _, net::TcpListener, time::Duration};

use clerk_webhooks::{
    idempotency::{Claim, ClaimToken, IdempotencyStore as _, MessageKey},
    testing::idempotency_store,
};
use clerk_webhooks_sqlx::{PostgresStore, inbox, migrate};
use sqlx::{
    AssertSqlSafe, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    scenarios::{inbox::Inbox, store},
    support::{LONG, Schema, new_key},
};

/// Far beyond what a loaded machine takes.
const PATIENCE: Duration = Duration::from_secs(60);

async fn migrated(schema: &Schema) -> PostgresStore {
    let pool = schema.pool(4).await;
    migrate(&pool).await.unwrap();
    PostgresStore::new(pool)
}

async fn inbox(schema: &Schema) -> Inbox<sqlx::Postgres> {
    let pool = schema.pool(4).await;
    migrate(&pool).await.unwrap();
    Inbox(pool)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn the_store_keeps_the_contract() {
    let schema = Schema::create().await;
    idempotency_store::check(migrated(&schema).await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn two_pools_are_one_store() {
    let schema = Schema::create().await;
    let stores = [migrated(&schema).await, migrated(&schema).await];
    store::what_one_pool_does_the_other_sees(stores.clone()).await;
    store::of_32_claims_at_once_one_wins(stores.clone()).await;
    store::never_do_two_hold_a_message_at_once(stores).await;
}

#[tokio::test]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn what_a_key_or_a_duration_may_be() {
    let schema = Schema::create().await;
    let store = migrated(&schema).await;
    store::a_long_scope_of_odd_characters_is_kept(store.clone()).await;
    store::the_longest_durations_are_kept(store.clone()).await;
    let nul = MessageKey::new("a\0b", "msg_1");
    let refused = store.claim(&nul, ClaimToken::random(), LONG).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("take it out of the scope"), "{refused}");
}

#[tokio::test]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn the_servers_clock_ends_a_lease() {
    let schema = Schema::create().await;
    let elsewhere = schema
        .options()
        .options([("timezone", "Pacific/Kiritimati")]);
    let pool = PgPool::connect_with(elsewhere).await.unwrap();
    let (stores, key) = (
        [migrated(&schema).await, PostgresStore::new(pool.clone())],
        new_key(),
    );
    let expire_in = async |millis: i64| {
        let statement = "update clerk_idempotency
            set expires_at = (extract(epoch from clock_timestamp()) * 1000)::bigint + $1";
        sqlx::query(statement)
            .bind(millis)
            .execute(&pool)
            .await
            .unwrap();
    };

    for store in &stores {
        store::completed(store, &key, Duration::ZERO).await;
        let first = store::claimed(store, &key, Duration::from_secs(1)).await;
        expire_in(3_600_000).await;
        for store in &stores {
            assert_eq!(store::seen(store, &key).await, Claim::InProgress);
        }
        assert!(store.extend(&key, first, LONG).await.unwrap());
        expire_in(-1).await;
        assert!(
            !store.extend(&key, first, LONG).await.unwrap(),
            "nobody has claimed it since"
        );
        store::claimed(store, &key, LONG).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn migrating_again_or_all_at_once_harms_nothing() {
    let schema = Schema::create().await;
    let mut processes = JoinSet::new();
    for _ in 0..16 {
        let pool = schema.pool(1).await;
        processes.spawn(async move {
            migrate(&pool).await.unwrap();
        });
    }
    processes.join_all().await;
    let (store, key) = (migrated(&schema).await, new_key());
    store::completed(&store, &key, LONG).await;
    migrate(&schema.pool(1).await).await.unwrap();
    assert_eq!(store::seen(&store, &key).await, store::SUCCEEDED);
}

/// The rights to write rows are enough for a service whose tables were made by another role.
#[tokio::test]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn a_role_that_may_not_create_tables_may_migrate_when_they_are_there() {
    let schema = Schema::create().await;
    let owner = schema.pool(1).await;
    let (role, name) = (format!("{}_role", schema.name()), schema.name());
    let execute = async |statements: String| {
        sqlx::raw_sql(AssertSqlSafe(statements))
            .execute(&owner)
            .await
            .unwrap();
    };
    execute(format!(
        "create role {role}; grant usage on schema {name} to {role}"
    ))
    .await;
    let as_role = schema.options().options([("role", &role)]);
    let as_role = PgPool::connect_with(as_role).await.unwrap();
    let store = PostgresStore::new(as_role.clone());

    let before = migrate(&as_role).await.unwrap_err();
    assert!(
        before.to_string().contains("permission denied; grant"),
        "{before}"
    );

    migrate(&owner).await.unwrap();
    execute(format!(
        "grant select, insert, update, delete on all tables in schema {name} to {role}"
    ))
    .await;
    migrate(&as_role).await.unwrap();
    store::claimed(&store, &new_key(), LONG).await;
    as_role.close().await;
    execute(format!("drop owned by {role}; drop role {role}")).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn purging_removes_what_has_expired_and_keeps_the_rest() {
    let schema = Schema::create().await;
    let pool = schema.pool(4).await;
    let (store, done, running) = (PostgresStore::new(pool.clone()), new_key(), new_key());
    migrate(&pool).await.unwrap();
    let fill = "insert into clerk_idempotency select 'users', i, case when i % 2 = 0 then 'token' end, \
        'succeeded', 0 from generate_series(1, 2500) as i";
    sqlx::query(fill).execute(&pool).await.unwrap();
    store::completed(&store, &done, LONG).await;
    let token = store::claimed(&store, &running, LONG).await;

    let (first, second) = tokio::join!(store.purge(), store.purge());
    let rest = store.purge().await.unwrap();
    assert_eq!(first.unwrap() + second.unwrap() + rest, 2_500);
    assert_eq!(store.purge().await.unwrap(), 0);
    assert_eq!(store::seen(&store, &done).await, store::SUCCEEDED);
    assert!(store.extend(&running, token, LONG).await.unwrap());
}

#[tokio::test]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn purging_passes_over_what_is_locked() {
    let schema = Schema::create().await;
    let pool = schema.pool(2).await;
    let (store, locked) = (PostgresStore::new(pool.clone()), new_key());
    migrate(&pool).await.unwrap();
    store::completed(&store, &locked, Duration::ZERO).await;
    store::completed(&store, &new_key(), Duration::ZERO).await;

    let mut tx = pool.begin().await.unwrap();
    let lock = "select * from clerk_idempotency where id = $1 for update";
    sqlx::query(lock)
        .bind(locked.message_id())
        .execute(&mut *tx)
        .await
        .unwrap();
    let purged = timeout(PATIENCE, store.purge()).await.unwrap();
    assert_eq!(purged.unwrap(), 1);
    tx.rollback().await.unwrap();
    assert_eq!(store.purge().await.unwrap(), 1);
}

#[tokio::test]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn an_error_says_what_to_do() {
    let schema = Schema::create().await;
    let pool = schema.pool(1).await;
    let store = PostgresStore::new(pool.clone());
    store::each_operation_says(store.clone(), "call `migrate` when the program starts").await;
    let error = store.purge().await.unwrap_err();
    let source = error.source().unwrap().to_string();
    assert!(
        source.contains(r#"relation "clerk_idempotency" does not exist"#),
        "{source}"
    );

    migrate(&pool).await.unwrap();
    let replica = schema
        .options()
        .options([("default_transaction_read_only", "on")]);
    let replica = PostgresStore::new(PgPool::connect_with(replica).await.unwrap());
    store::each_operation_says(replica, "connect to the primary").await;

    pool.close().await;
    store::each_operation_says(store, "close it only after the server has shut down").await;
}

#[tokio::test]
async fn a_server_that_is_down_is_an_error_that_says_so() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let options = PgConnectOptions::new()
        .host("127.0.0.1")
        .port(nobody.port());
    let pool = PgPoolOptions::new()
        .acquire_timeout(Duration::from_millis(50))
        .connect_lazy_with(options);
    store::each_operation_says(PostgresStore::new(pool), "the server cannot be reached").await;
}

#[tokio::test]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn the_inbox_notes_with_the_work_or_not_at_all() {
    let schema = Schema::create().await;
    let inbox = inbox(&schema).await;
    inbox.a_rollback_makes_it_the_first_time_again().await;
    inbox.scopes_are_kept_apart().await;
}

#[tokio::test]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn a_dropped_transaction_notes_nothing() {
    let schema = Schema::create().await;
    inbox(&schema)
        .await
        .a_dropped_transaction_notes_nothing()
        .await;
}

#[tokio::test]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn what_the_inbox_forgets_is_done_again() {
    let schema = Schema::create().await;
    inbox(&schema).await.what_is_forgotten_is_done_again().await;
}

#[tokio::test]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn purging_the_inbox_removes_what_is_old() {
    let schema = Schema::create().await;
    let fill = "insert into clerk_inbox select 'users', i, \
        (extract(epoch from clock_timestamp()) * 1000)::bigint - 91 * 86400000::bigint from generate_series(1, 2500) as i";
    let inbox = inbox(&schema).await;
    inbox
        .purging_removes_what_is_old_and_keeps_the_rest(fill)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn of_32_transactions_at_once_one_does_the_work() {
    for failures in [0, 3] {
        let schema = Schema::create().await;
        let pools = [schema.pool(16).await, schema.pool(16).await];
        migrate(&pools[0]).await.unwrap();
        let effects = "create table effects (id text not null)";
        sqlx::query(effects).execute(&pools[0]).await.unwrap();
        Inbox::of_32_at_once_one_does_the_work(pools, failures).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn the_second_waits_for_the_first_to_commit_or_to_roll_back() {
    let schema = Schema::create().await;
    let pool = inbox(&schema).await.0;
    for (message_id, first_commits) in [("msg_1", true), ("msg_2", false)] {
        let mut first = pool.begin().await.unwrap();
        assert!(
            inbox::first_time(&mut first, "users", message_id)
                .await
                .unwrap()
        );

        let mut second = pool.begin().await.unwrap();
        let pid = "select pg_backend_pid()";
        let pid: i32 = sqlx::query_scalar(pid)
            .fetch_one(&mut *second)
            .await
            .unwrap();
        let waiting = tokio::spawn(async move {
            inbox::first_time(&mut second, "users", message_id)
                .await
                .unwrap()
        });
        timeout(PATIENCE, waits_for_a_lock(&pool, pid))
            .await
            .unwrap();
        assert!(!waiting.is_finished());

        if first_commits {
            first.commit().await.unwrap();
        } else {
            first.rollback().await.unwrap();
        }
        assert_eq!(waiting.await.unwrap(), !first_commits);
    }
}

async fn waits_for_a_lock(pool: &PgPool, pid: i32) {
    let statement = "select exists (select from pg_locks where pid = $1 and not granted)";
    while !sqlx::query_scalar::<_, bool>(statement)
        .bind(pid)
        .fetch_one(pool)
        .await
        .unwrap()
    {
        sleep(Duration::from_millis(5)).await;
    }
}
