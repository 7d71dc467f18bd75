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
    support::{Bench, Execute, Running, Seen, SqlBench, event, event_with},
};

async fn on_a_bench<F>(scenario: impl FnOnce(SqlBench<Sqlite>) -> F)
where
    F: Future<Output = ()>,
{
    let folder = tempfile::tempdir().unwrap();
    scenario(bench(folder.path().join("queue.db")).await).await;
}

async fn bench(path: PathBuf) -> SqlBench<Sqlite> {
    let around = path.clone();
    let execute: Execute = Arc::new(move |sql| {
        let path = around.clone();
        Box::pin(async move {
            let mut connection = connect(&path).await;
            let sql = in_sqlite(&sql);
            let done = connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
            done.rows_affected()
        })
    });
    SqlBench {
        pool: open_sqlite(&path).await.unwrap(),
        begin: "begin immediate",
        bench: Bench {
            engine: Arc::new(Arc::clone(&execute)),
            queue: open(&path).await,
            reopen: Arc::new(move || {
                let path = path.clone();
                Box::pin(async move { open(&path).await })
            }),
        },
        execute,
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
sql_scenarios!(super::on_a_bench);

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

/// A trigger refuses one of those that are written together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_rows_error_fails_that_row_alone() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path().join("queue.db")).await;
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON {queue} WHEN new.message_id = 'msg_7' \
         BEGIN SELECT raise(ABORT, 'refused'); END";
    bench.execute(refuse).await;
    let mut storing = tokio::task::JoinSet::new();
    for number in 0..200 {
        let queue = bench.queue.clone();
        storing.spawn(async move {
            let stored = queue.enqueue(&event(&format!("msg_{number}")), None).await;
            (number, stored.is_ok())
        });
    }
    let refused: Vec<_> = storing.join_all().await;
    let refused = refused.into_iter().filter(|(_, is_ok)| !is_ok);
    assert_eq!(Vec::from_iter(refused), [(7, false)]);
    assert_eq!(bench.queue.counts().await.unwrap().waiting, 199);
}

/// Neither to lease, nor to count the dead, nor to purge.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_waiting_rows_are_not_read() {
    use clerk_webhooks_sqlx::sql::sqlite::queue::{COUNT, LEASE, NEXT, PURGE, PUSH, TAKE_OVER};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.db");
    let bench = bench(path.clone()).await;
    let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) \
         INSERT INTO {queue} (queue, message_id, state, at, body) \
         SELECT 'clerk', 'msg_' || i, 'waiting', {now} + 3600000 + i, '{}' FROM n";
    assert_eq!(bench.execute(fill).await, 1_000_000);
    let mut connection = connect(&path).await;
    for statement in [LEASE, NEXT, COUNT, PURGE, TAKE_OVER] {
        let plan = sqlx::AssertSqlSafe(format!("explain query plan {statement}"));
        let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(plan)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let steps: Vec<_> = plan.into_iter().map(|step| step.3).collect();
        let searches: Vec<_> = steps
            .iter()
            .filter(|step| step.contains("clerk_queue"))
            .collect();
        assert!(!searches.is_empty(), "{steps:?}");
        for step in searches {
            let is_by_index = step.starts_with("SEARCH clerk_queue USING")
                && (step.contains("(queue=? AND state=?")
                    || step.contains("(queue=? AND message_id=?"));
            assert!(is_by_index, "{step}");
        }
    }
    let begun = std::time::Instant::now();
    assert_eq!(bench.queue.count_dead().await.unwrap(), 0);
    let again = bench.queue.enqueue(&event("msg_5"), None).await.unwrap();
    assert_eq!(again, Enqueued::Duplicate);
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(500), "{PUSH} took {took:?}");
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_says_why() {
    let begun = std::time::Instant::now();
    let refused = open_sqlite("/absent/queue.db").await.unwrap_err();
    assert!(refused.to_string().contains("check its path"), "{refused}");
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_queue_without_tables_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let pool = open_sqlite(folder.path().join("queue.db")).await.unwrap();
    let refused = Queue::new(&pool, "clerk").await.unwrap_err();
    assert!(refused.to_string().contains("call `migrate`"), "{refused}");
}

/// On one thread, so that all of it is heard.
#[tokio::test(flavor = "current_thread")]
async fn what_a_worker_logs_can_be_searched() {
    let heard = crate::support::Heard::default();
    let _heard = heard.listen("warn");
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path().join("queue.db")).await;
    bench.store("msg_1").await;
    let failing = service_fn(|_: QueuedEvent| async {
        tracing::warn!("the handler's own");
        Err::<(), BoxError>("busy".into())
    });
    let worker = bench.queue.worker(failing);
    let worker = worker.with_retry_policy(crate::support::hasty_policy().with_max_attempts(2));
    let worker = Running::start(worker);
    bench.is_counted(0, 0, 1).await;
    worker.stop().await;
    let ours = "queue=\"clerk\" message_id=\"msg_1\"";
    let span = "messaging.destination.name=\"clerk\" messaging.message.id=\"msg_1\"";
    for (text, fields, attempt) in [
        ("failed, runs again", ours, 1),
        ("dead-lettered", ours, 2),
        ("the handler's own", span, 1),
    ] {
        let line = heard.line_with(text);
        let fields = format!("{fields} event_type=\"user.deleted\" attempt={attempt}");
        assert!(line.contains(&fields), "{line}");
    }
    assert!(!heard.text().contains("user_1"), "a payload was logged");
}

#[tokio::test(flavor = "current_thread")]
async fn weak_settings_of_a_pool_are_warned_of() {
    let heard = crate::support::Heard::default();
    let _heard = heard.listen("warn");
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("queue.db"))
        .create_if_missing(true)
        .synchronous(sqlx::sqlite::SqliteSynchronous::Normal)
        .busy_timeout(Duration::ZERO);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    migrate(&pool).await.unwrap();
    Queue::new(&pool, "clerk").await.unwrap();
    for weak in [
        "synchronous is below FULL",
        "journal_mode is not WAL",
        "there is no busy_timeout",
    ] {
        assert_eq!(heard.text().matches(weak).count(), 1, "{}", heard.text());
    }
}

/// The queue has one connection, which the future that stops the worker uses all the time.
#[tokio::test(flavor = "current_thread")]
async fn a_shutdown_future_that_uses_the_queues_connection_does_not_stall_the_worker() {
    let heard = crate::support::Heard::default();
    let _heard = heard.listen("warn");
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path().join("queue.db")).await;
    for number in 0..20 {
        bench.store(&format!("msg_{number}")).await;
    }
    let (queue, seen) = (bench.queue.clone(), Seen::default());
    let is_empty = async move {
        let mut unfinished = 1;
        while unfinished > 0 {
            let counts = queue.counts().await.unwrap();
            unfinished = counts.waiting + counts.running;
        }
    };
    let worker = bench.queue.worker(noting(&seen)).with_concurrency(1);
    crate::support::in_time(worker.run_until(is_empty)).await;
    assert_eq!(seen.events().len(), 20);
    let text = heard.text();
    assert!(!text.contains("trying again"), "{text}");
}

/// Writes that arrive all the time are committed in batches on the queue's one connection. Between two batches others
/// get it: to lease, and to extend the lease of an event that runs for several leases.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_goes_on_while_pushes_never_pause() {
    const PUSHING: usize = 128;
    const DRAINED: usize = 300;
    let lease = Duration::from_secs(1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.db");
    let bench = bench(path.clone()).await;
    bench.store("long").await;
    let (started, drained) = (Seen::default(), Seen::default());
    let handler = {
        let (started, drained) = (started.clone(), drained.clone());
        service_fn(move |event: QueuedEvent| {
            let (is_long, pushes) = (event.message_id() == "long", drained.clone());
            if is_long { &started } else { &drained }.note(event);
            async move {
                if is_long {
                    sleep(lease * 3).await;
                    pushes.reaches(DRAINED).await;
                }
                Ok::<_, BoxError>(())
            }
        })
    };
    let worker = Running::start(bench.queue.worker(handler).with_lease(lease));
    started.reaches(1).await;
    // It would take over the event if its lease were not extended.
    let (other, taken_over) = ((bench.reopen)().await, Seen::default());
    let other = Running::start(other.worker(noting(&taken_over)).with_lease(lease));

    let mut pushing = tokio::task::JoinSet::new();
    for pusher in 0..PUSHING {
        let queue = bench.queue.clone();
        pushing.spawn(async move {
            for number in 0.. {
                let pushed = event(&format!("msg_{pusher}_{number}"));
                queue.enqueue(&pushed, None).await.unwrap();
            }
        });
    }
    let long_is_done =
        "UPDATE {queue} SET last_error = null WHERE message_id = 'long' AND state = 'done'";
    crate::support::in_time(async {
        while bench.execute(long_is_done).await == 0 {
            sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    assert_eq!(pushing.len(), PUSHING, "they push until the end");
    assert!(pushing.try_join_next().is_none(), "no push has failed");
    pushing.shutdown().await;
    worker.stop().await;
    other.stop().await;
    assert_eq!(started.attempts(), [1]);
    let taken_over = taken_over.events();
    assert!(taken_over.iter().all(|event| event.message_id() != "long"));
}
