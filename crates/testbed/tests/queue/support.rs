//! What the scenarios share.

use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use clerk_webhooks::queue::{Enqueued, EventQueue as _, QueuedEvent, RetryPolicy};
use clerk_webhooks_sqlx::queue::Queue;
use clerk_webhooks_testbed::queue::{RunUntil, TestedQueue};
use serde_json::json;
use sqlx::Pool;
use tokio::{sync::oneshot, task::JoinHandle, time};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A queue, another handle of the same engine, and a way around both.
pub(crate) struct Bench<Q> {
    pub(crate) queue: Q,
    /// Opens the same queue again, as another process would.
    pub(crate) reopen: Arc<dyn Fn() -> BoxFuture<Q> + Send + Sync>,
    pub(crate) engine: Arc<dyn Engine>,
}

pub(crate) type BoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T> + Send>>;

/// What the engine does or an outsider does to it. There is one event in the queue.
pub(crate) trait Engine: Send + Sync {
    /// The stored event becomes this text.
    fn replace(&self, stored: &'static str) -> BoxFuture<()>;

    /// The lease of the event is over: the next worker that looks may have it.
    fn end_lease(&self) -> BoxFuture<()>;

    /// What becomes of an event whose lease has ended: it runs again.
    fn take_over(&self) -> BoxFuture<()>;

    /// How many events the engine keeps.
    fn stored_bodies(&self) -> BoxFuture<u64>;

    /// Whether a message whose dead letter was dropped can be stored again at once.
    fn forgets_dropped_ids(&self) -> bool;
}

impl<Q: TestedQueue> Bench<Q> {
    pub(crate) async fn store(&self, message_id: &str) {
        let stored = self.queue.enqueue(&event(message_id), None).await.unwrap();
        assert_eq!(stored, Enqueued::New, "{message_id}");
    }

    #[track_caller]
    pub(crate) fn is_counted(
        &self,
        waiting: u64,
        running: u64,
        dead: u64,
    ) -> impl Future<Output = ()> {
        let queue = self.queue.clone();
        async move {
            let expected = [waiting, running, dead];
            let deadline = Instant::now() + PATIENCE;
            loop {
                let counts = queue.counts().await.unwrap();
                if counts == expected {
                    return;
                }
                assert!(Instant::now() < deadline, "{counts:?}, not {expected:?}");
                time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// A bench on a database, which the program uses too.
pub(crate) struct SqlBench<DB: clerk_webhooks_sqlx::Engine> {
    pub(crate) bench: Bench<Queue<DB>>,
    /// The program's own, of one connection.
    pub(crate) pool: Pool<DB>,
    /// Begins a transaction that writes.
    pub(crate) begin: &'static str,
    pub(crate) execute: Execute,
}

/// Runs a statement: `{queue}` stands for the table, `{now}` for the time in milliseconds since 1970.
pub(crate) type Execute = Arc<dyn Fn(String) -> BoxFuture<u64> + Send + Sync>;

impl<DB: clerk_webhooks_sqlx::Engine> SqlBench<DB> {
    pub(crate) async fn execute(&self, sql: &str) -> u64 {
        (self.execute)(sql.to_owned()).await
    }

    /// Stored, but not yet to be run.
    pub(crate) async fn store_for_later(&self, message_id: &str) {
        let later = SystemTime::now() + Duration::from_secs(3600);
        let stored = self.queue.enqueue(&event(message_id), Some(later)).await;
        assert_eq!(stored.unwrap(), Enqueued::New, "{message_id}");
    }

    /// The database gives the event to a worker, whose name another event of it tells, and its answer is lost.
    pub(crate) async fn is_leased_unheard(&self, message_id: &str, name_of: &str) {
        let lease = format!(
            "UPDATE {{queue}} SET state = 'running', attempts = attempts + 1, at = {{now}} + 1000, \
             owner = (SELECT owner FROM {{queue}} WHERE message_id = '{name_of}') \
             WHERE message_id = '{message_id}'"
        );
        assert_eq!(self.execute(&lease).await, 1);
    }
}

impl<DB: clerk_webhooks_sqlx::Engine> std::ops::Deref for SqlBench<DB> {
    type Target = Bench<Queue<DB>>;

    fn deref(&self) -> &Self::Target {
        &self.bench
    }
}

impl<DB: clerk_webhooks_sqlx::Engine> From<SqlBench<DB>> for Bench<Queue<DB>> {
    fn from(sql: SqlBench<DB>) -> Self {
        sql.bench
    }
}

impl Engine for Execute {
    fn replace(&self, stored: &'static str) -> BoxFuture<()> {
        changes_one(self, &format!("UPDATE {{queue}} SET body = '{stored}'"))
    }

    fn end_lease(&self) -> BoxFuture<()> {
        changes_one(self, "UPDATE {queue} SET at = 0")
    }

    fn take_over(&self) -> BoxFuture<()> {
        let taken_over = "UPDATE {queue} SET state = 'waiting', owner = NULL, crashes = crashes + 1, at = 0 \
             WHERE state = 'running'";
        changes_one(self, taken_over)
    }

    fn stored_bodies(&self) -> BoxFuture<u64> {
        self("DELETE FROM {queue} WHERE body IS NOT NULL".to_owned())
    }

    fn forgets_dropped_ids(&self) -> bool {
        true
    }
}

fn changes_one(execute: &Execute, sql: &str) -> BoxFuture<()> {
    let changing = execute(sql.to_owned());
    Box::pin(async move { assert_eq!(changing.await, 1) })
}

/// Those of a test that fails.
pub(crate) fn show_logs() {
    let logs = tracing_subscriber::fmt()
        .with_test_writer()
        .with_ansi(false);
    let _ = logs.try_init();
}

pub(crate) fn event(message_id: &str) -> QueuedEvent {
    let body = json!({ "type": "user.deleted", "object": "event", "data": { "id": "user_1" } });
    event_with(message_id, &json!({ "body": body.to_string() }))
}

pub(crate) fn event_with(message_id: &str, body: &serde_json::Value) -> QueuedEvent {
    let mut stored = json!({
        "message_id": message_id,
        "attempted_at": 1_767_225_600,
        "secret_label": "current",
    });
    stored
        .as_object_mut()
        .unwrap()
        .extend(body.as_object().unwrap().clone());
    serde_json::from_value(stored).unwrap()
}

/// Three attempts, a second and two apart.
pub(crate) fn short_policy() -> RetryPolicy {
    RetryPolicy::new().with_max_attempts(3).with_jitter(0.0)
}

/// No pauses at all.
pub(crate) fn hasty_policy() -> RetryPolicy {
    short_policy().with_initial_backoff(Duration::ZERO)
}

/// A worker that runs until it is told to stop.
pub(crate) struct Running {
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Running {
    pub(crate) fn start(worker: impl RunUntil) -> Self {
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(worker.run_until(async {
            let _ = stopped.await;
        }));
        Self { stop, ended }
    }

    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        in_time(self.ended).await.unwrap();
    }
}

pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    time::timeout(PATIENCE, future)
        .await
        .expect("it takes far too long")
}

/// What a handler saw, in order.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<(QueuedEvent, Instant, SystemTime)>>>);

impl Seen {
    /// How often it has seen anything, this time included.
    pub(crate) fn note(&self, event: QueuedEvent) -> usize {
        let mut seen = self.0.lock().unwrap();
        seen.push((event, Instant::now(), SystemTime::now()));
        seen.len()
    }

    pub(crate) fn events(&self) -> Vec<QueuedEvent> {
        let seen = self.0.lock().unwrap();
        seen.iter().map(|(event, ..)| event.clone()).collect()
    }

    pub(crate) fn attempts(&self) -> Vec<u32> {
        self.events().iter().map(QueuedEvent::attempt).collect()
    }

    pub(crate) fn clock_times(&self) -> Vec<SystemTime> {
        let seen = self.0.lock().unwrap();
        seen.iter().map(|(.., at)| *at).collect()
    }

    pub(crate) fn pauses(&self) -> Vec<Duration> {
        let seen = self.0.lock().unwrap();
        seen.windows(2).map(|two| two[1].1 - two[0].1).collect()
    }

    pub(crate) async fn reaches(&self, count: usize) {
        in_time(async {
            while self.0.lock().unwrap().len() < count {
                time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    }
}

/// What is logged on this thread.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    pub(crate) fn listen(&self, level: &str) -> tracing::subscriber::DefaultGuard {
        let heard = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level.parse::<tracing::Level>().unwrap())
            .with_ansi(false)
            .with_writer(move || heard.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    #[track_caller]
    pub(crate) fn line_with(&self, text: &str) -> String {
        let heard = self.text();
        let line = heard.lines().find(|line| line.contains(text));
        line.unwrap_or_else(|| panic!("{text:?} is not in {heard}"))
            .to_owned()
    }
}

impl std::io::Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
