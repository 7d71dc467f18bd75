//! The suite on SQLite, and what only SQLite does.

use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};

use clerk_webhooks::queue::{Enqueued, EventQueue as _, QueuedEvent};
use clerk_webhooks_sqlx::{migrate, open_sqlite, queue::Queue};
use serde_json::json;
use sqlx::{
    Connection as _, Executor as _, Sqlite, SqliteConnection, sqlite::SqliteConnectOptions,
};
use tokio::time::sleep;
use tower::{BoxError, service_fn};

use crate::{
    scenarios::storing::noting,
    support::{Bench, Running, Seen, event, event_with},
};

async fn on_a_bench<F>(scenario: impl FnOnce(Bench<Sqlite>) -> F)
where
    F: Future<Output = ()>,
{
    let folder = tempfile::tempdir().unwrap();
    scenario(bench(folder.path().join("queue.db")).await).await;
}

async fn bench(path: PathBuf) -> Bench<Sqlite> {
    let around = path.clone();
    Bench {
        queue: open(&path).await,
        reopen: Arc::new(move || {
            let path = path.clone();
            Box::pin(async move { open(&path).await })
        }),
        execute: Arc::new(move |sql| {
            let path = around.clone();
            Box::pin(async move {
                let mut connection = connect(&path).await;
                let sql = in_sqlite(&sql);
                let done = connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
                done.rows_affected()
            })
        }),
    }
}

async fn open(path: &PathBuf) -> Queue<Sqlite> {
    let pool = open_sqlite(path).await.unwrap();
    migrate(&pool).await.unwrap();
    Queue::new(&pool, "clerk").await.unwrap()
}

async fn connect(path: &PathBuf) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path);
    SqliteConnection::connect_with(&options).await.unwrap()
}

fn in_sqlite(sql: &str) -> String {
    sql.replace("{queue}", "clerk_queue")
        .replace("{now}", "unixepoch() * 1000")
}

all_scenarios!(super::on_a_bench);

/// The lock lasts longer than a statement waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_database_ends_neither_worker_nor_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.db");
    let bench = bench(path.clone()).await;
    let seen = Seen::default();
    let running = {
        let seen = seen.clone();
        service_fn(move |event: QueuedEvent| {
            seen.note(event);
            async {
                sleep(Duration::from_millis(500)).await;
                Ok::<_, BoxError>(())
            }
        })
    };
    let worker = bench
        .queue
        .worker(running)
        .with_lease(Duration::from_secs(20));
    let worker = Running::start(worker);
    bench.store("msg_1").await;
    seen.reaches(1).await;

    let mut other = connect(&path).await;
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let refused = bench
        .queue
        .enqueue(&event("msg_2"), None)
        .await
        .unwrap_err();
    let cause = std::error::Error::source(&refused).unwrap().to_string();
    assert!(cause.contains("locked"), "{cause}");
    sleep(Duration::from_secs(2)).await;
    other.execute("COMMIT").await.unwrap();

    let stored = bench.queue.enqueue(&event("msg_2"), None).await.unwrap();
    assert_eq!(stored, Enqueued::New);
    bench.is_counted(0, 0, 0).await;
    worker.stop().await;
    assert_eq!(seen.attempts(), [1, 1]);
}

/// Ids are kept for days, bodies are not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_processed_body_leaves_no_room_behind() {
    const EVENTS: i64 = 500;
    const USED: &str = "SELECT (page_count - freelist_count) * page_size \
         FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.db");
    let bench = bench(path.clone()).await;
    let worker = Running::start(bench.queue.worker(noting(&Seen::default())));
    let body = json!({ "type": "user.created", "data": { "id": "x".repeat(3000) } });
    let body = json!({ "body": body.to_string() });
    for number in 0..EVENTS {
        let event = event_with(&format!("msg_{number}"), &body);
        bench.queue.enqueue(&event, None).await.unwrap();
    }
    bench.is_counted(0, 0, 0).await;
    worker.stop().await;
    let mut connection = connect(&path).await;
    let used: i64 = sqlx::query_scalar(USED)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert!(used / EVENTS < 700, "{} bytes a row", used / EVENTS);
}
