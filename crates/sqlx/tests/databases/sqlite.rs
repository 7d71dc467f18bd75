//! SQLite: files in a folder of their own.

use std::time::Duration;

use clerk_webhooks::{
    idempotency::{Claim, ClaimToken, IdempotencyStore as _, MessageKey},
    testing::idempotency_store,
};
use clerk_webhooks_sqlx::{SqliteStore, inbox, migrate, open_sqlite};
use sqlx::{
    Error, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};
use tokio::task::JoinSet;

use crate::{
    scenarios::{inbox::Inbox, store},
    support::{LONG, SqliteFile, new_key},
};

async fn migrated(file: &SqliteFile) -> SqliteStore {
    let pool = file.pool().await;
    migrate(&pool).await.unwrap();
    SqliteStore::new(pool)
}

async fn inbox(file: &SqliteFile) -> Inbox<sqlx::Sqlite> {
    let pool = file.pool().await;
    migrate(&pool).await.unwrap();
    Inbox(pool)
}

/// As another program would open it: more connections, little patience.
async fn impatient_pool(file: &SqliteFile) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(file.path())
        .busy_timeout(Duration::from_millis(10));
    SqlitePoolOptions::new()
        .connect_with(options)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_keeps_the_contract() {
    let file = SqliteFile::new();
    idempotency_store::check(migrated(&file).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pools_are_one_store() {
    let file = SqliteFile::new();
    let stores = [migrated(&file).await, migrated(&file).await];
    store::what_one_pool_does_the_other_sees(stores.clone()).await;
    store::of_32_claims_at_once_one_wins(stores.clone()).await;
    store::never_do_two_hold_a_message_at_once(stores).await;
}

#[tokio::test]
async fn what_a_key_or_a_duration_may_be() {
    let file = SqliteFile::new();
    let store = migrated(&file).await;
    store::a_long_scope_of_odd_characters_is_kept(store.clone()).await;
    store::the_longest_durations_are_kept(store.clone()).await;
    for scope in ["a\0b", "a\0c", "a"] {
        store::claimed(&store, &MessageKey::new(scope, "msg_1"), LONG).await;
    }
}

#[tokio::test]
async fn claims_survive_a_restart() {
    let file = SqliteFile::new();
    let (done, running) = (new_key(), new_key());
    let before = file.pool().await;
    migrate(&before).await.unwrap();
    let store = SqliteStore::new(before.clone());
    store::completed(&store, &done, LONG).await;
    let token = store::claimed(&store, &running, LONG).await;
    before.close().await;

    let store = migrated(&file).await;
    assert_eq!(store::seen(&store, &done).await, store::SUCCEEDED);
    assert_eq!(store::seen(&store, &running).await, Claim::InProgress);
    assert!(store.extend(&running, token, LONG).await.unwrap());
}

#[tokio::test]
async fn the_databases_clock_ends_a_lease() {
    let file = SqliteFile::new();
    let (pool, key) = (file.pool().await, new_key());
    let store = SqliteStore::new(pool.clone());
    migrate(&pool).await.unwrap();
    let expire_in = async |millis: i64| {
        let statement = "update clerk_idempotency set expires_at = cast(unixepoch('subsec') * 1000 as integer) + ?";
        sqlx::query(statement)
            .bind(millis)
            .execute(&pool)
            .await
            .unwrap();
    };

    let first = store::claimed(&store, &key, Duration::from_secs(1)).await;
    expire_in(3_600_000).await;
    assert_eq!(store::seen(&store, &key).await, Claim::InProgress);
    assert!(store.extend(&key, first, LONG).await.unwrap());
    expire_in(-1).await;
    assert!(
        !store.extend(&key, first, LONG).await.unwrap(),
        "nobody has claimed it since"
    );
    store::claimed(&store, &key, LONG).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migrating_again_or_all_at_once_harms_nothing() {
    let file = SqliteFile::new();
    let mut processes = JoinSet::new();
    for _ in 0..16 {
        let path = file.path();
        processes.spawn(async move {
            let pool = open_sqlite(path).await.unwrap();
            migrate(&pool).await.unwrap();
        });
    }
    processes.join_all().await;
    let (store, key) = (migrated(&file).await, new_key());
    store::completed(&store, &key, LONG).await;
    migrate(&file.pool().await).await.unwrap();
    assert_eq!(store::seen(&store, &key).await, store::SUCCEEDED);
}

#[tokio::test]
async fn purging_removes_what_has_expired_and_keeps_the_rest() {
    let file = SqliteFile::new();
    let (pool, done, running) = (file.pool().await, new_key(), new_key());
    let store = SqliteStore::new(pool.clone());
    migrate(&pool).await.unwrap();
    let fill = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 2500)
        insert into clerk_idempotency select 'users', i, iif(i % 2, 'token', null), 'succeeded', 0
        from n";
    sqlx::query(fill).execute(&pool).await.unwrap();
    store::completed(&store, &done, LONG).await;
    let token = store::claimed(&store, &running, LONG).await;

    assert_eq!(store.purge().await.unwrap(), 2_500);
    assert_eq!(store.purge().await.unwrap(), 0);
    assert_eq!(store::seen(&store, &done).await, store::SUCCEEDED);
    assert!(store.extend(&running, token, LONG).await.unwrap());
}

#[tokio::test]
async fn a_pool_of_open_sqlite_is_durable_and_alone() {
    let file = SqliteFile::new();
    let pool = file.pool().await;
    assert_eq!(pool.options().get_max_connections(), 1);
    let mode: String = sqlx::query_scalar("pragma journal_mode")
        .fetch_one(&pool)
        .await
        .unwrap();
    let synchronous: i64 = sqlx::query_scalar("pragma synchronous")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!((mode.as_str(), synchronous), ("wal", 2), "2 is FULL");
}

#[tokio::test]
async fn an_error_says_what_to_do() {
    let file = SqliteFile::new();
    let pool = file.pool().await;
    let store = SqliteStore::new(pool.clone());
    store::each_operation_says(store.clone(), "call `migrate` when the program starts").await;

    migrate(&pool).await.unwrap();
    let writing = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let locked_out = SqliteStore::new(impatient_pool(&file).await);
    store::each_operation_says(locked_out, "wrote for longer than the busy timeout").await;
    writing.rollback().await.unwrap();

    pool.close().await;
    store::each_operation_says(store, "close it only after the server has shut down").await;

    let absent = file.path().join("absent");
    let error = open_sqlite(absent).await.unwrap_err();
    assert!(error.to_string().contains("check its path"), "{error}");
}

/// Without a write-ahead log a reader keeps a writer from committing. The claim's row is there before that.
#[tokio::test]
async fn a_claim_that_could_not_be_committed_is_not_granted() {
    let file = SqliteFile::new();
    let options = SqliteConnectOptions::new()
        .filename(file.path())
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Delete)
        .busy_timeout(Duration::from_millis(10));
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let (store, key) = (SqliteStore::new(pool.clone()), new_key());
    migrate(&pool).await.unwrap();
    let mut reading = pool.begin().await.unwrap();
    sqlx::query("select * from clerk_idempotency")
        .execute(&mut *reading)
        .await
        .unwrap();
    for _ in 0..2 {
        let not_granted = store.claim(&key, ClaimToken::random(), LONG).await;
        assert!(not_granted.is_err(), "{not_granted:?}");
    }
    reading.rollback().await.unwrap();
    store::claimed(&store, &key, LONG).await;
}

#[tokio::test]
async fn a_read_only_file_says_so() {
    let file = SqliteFile::new();
    migrated(&file).await;
    let options = SqliteConnectOptions::new()
        .filename(file.path())
        .read_only(true);
    let store = SqliteStore::new(SqlitePool::connect_with(options).await.unwrap());
    store::each_operation_says(store, "the database is read-only").await;
}

#[tokio::test]
async fn purging_is_found_by_the_index() {
    let file = SqliteFile::new();
    let pool = file.pool().await;
    migrate(&pool).await.unwrap();
    let plan = format!(
        "explain query plan {}",
        clerk_webhooks_sqlx::sql::sqlite::store::PURGE
    );
    let plan = sqlx::AssertSqlSafe(plan);
    let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(plan).fetch_all(&pool).await.unwrap();
    let searches = plan.iter().filter(|step| step.3.contains("SEARCH"));
    let is_by_expiry = |step: &String| step.contains("clerk_idempotency_expires_at");
    assert!(
        searches.clone().any(|step| is_by_expiry(&step.3)),
        "{plan:?}"
    );
    assert!(
        !plan.iter().any(|step| step.3.starts_with("SCAN clerk_")),
        "{plan:?}"
    );
}

#[tokio::test]
async fn the_inbox_notes_with_the_work_or_not_at_all() {
    let file = SqliteFile::new();
    let inbox = inbox(&file).await;
    inbox.a_rollback_makes_it_the_first_time_again().await;
    inbox.scopes_are_kept_apart().await;
}

#[tokio::test]
async fn a_dropped_transaction_notes_nothing() {
    let file = SqliteFile::new();
    inbox(&file)
        .await
        .a_dropped_transaction_notes_nothing()
        .await;
}

#[tokio::test]
async fn what_the_inbox_forgets_is_done_again() {
    let file = SqliteFile::new();
    inbox(&file).await.what_is_forgotten_is_done_again().await;
}

#[tokio::test]
async fn purging_the_inbox_removes_what_is_old() {
    let file = SqliteFile::new();
    let fill = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 2500)
        insert into clerk_inbox select 'users', i, (unixepoch() - 91 * 86400) * 1000 from n";
    let inbox = inbox(&file).await;
    inbox
        .purging_removes_what_is_old_and_keeps_the_rest(fill)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_32_transactions_at_once_one_does_the_work() {
    for failures in [0, 3] {
        let file = SqliteFile::new();
        let pools = [inbox(&file).await.0, file.pool().await];
        let effects = "create table effects (id text not null)";
        sqlx::query(effects).execute(&pools[0]).await.unwrap();
        Inbox::of_32_at_once_one_does_the_work(pools, failures).await;
    }
}

#[tokio::test]
async fn a_deferred_transaction_that_read_first_fails_when_another_wrote() {
    let file = SqliteFile::new();
    let inbox = inbox(&file).await;
    let mut deferred = impatient_pool(&file).await.begin().await.unwrap();
    sqlx::query("select * from clerk_inbox")
        .execute(&mut *deferred)
        .await
        .unwrap();

    let mut tx = inbox.0.begin_with("BEGIN IMMEDIATE").await.unwrap();
    assert!(inbox::first_time(&mut tx, "users", "msg_1").await.unwrap());
    tx.commit().await.unwrap();

    let stale = inbox::first_time(&mut deferred, "users", "msg_1").await;
    let Err(Error::Database(error)) = stale else {
        panic!("{stale:?}");
    };
    assert_eq!(error.code().as_deref(), Some("517"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_file_may_be_opened_by_many_at_once() {
    for _ in 0..20 {
        let file = SqliteFile::new();
        let mut processes = JoinSet::new();
        for _ in 0..16 {
            processes.spawn(open_sqlite(file.path()));
        }
        for pool in processes.join_all().await {
            pool.unwrap().close().await;
        }
    }
}

/// The queue has connections of its own, and each would have another database.
#[tokio::test]
async fn a_database_in_memory_is_refused_and_the_error_says_why() {
    let error = open_sqlite(":memory:").await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("give a file's path"), "{source}");
}
