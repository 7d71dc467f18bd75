//! What acknowledging costs: `Queue::enqueue` beside apalis' own push of the same bytes, in one run, round
//! by round, in process.
//!
//! ```sh
//! CLERK_WEBHOOKS_POSTGRES_URL=postgres://... cargo bench -p clerk-webhooks-apalis --all-features
//! ```
//!
//! The Postgres half makes and drops a database of its own; without the variable it is left out, and says
//! so. `ROUNDS` (default 10) and `EVENTS` a round (default 500) can be set.

use std::{
    env,
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use apalis_core::task::{Task, builder::TaskBuilder};
use clerk_webhooks::queue::{EventQueue, QueuedEvent};
use futures_util::{Sink, SinkExt as _};
use serde_json::json;

type BoxError = Box<dyn Error + Send + Sync>;

const IN_FLIGHT: [usize; 3] = [1, 16, 64];

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    println!("engine    in flight  what      events/s   p50 ms   p99 ms");
    #[cfg(feature = "sqlite")]
    sqlite().await?;
    #[cfg(feature = "postgres")]
    postgres().await?;
    Ok(())
}

#[cfg(feature = "sqlite")]
async fn sqlite() -> Result<(), BoxError> {
    use apalis_sqlite::{Config, SqliteStorage};
    use sqlx::sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
    };

    let folder = tempfile::tempdir_in(".")?;
    let path = folder.path().join("queue.db");
    let ours = clerk_webhooks_apalis::SqliteQueue::open(folder.path().join("ours.db"), "q").await?;
    clerk_webhooks_apalis::SqliteQueue::open(&path, "q").await?;
    // The settings that `open` makes, so that the push alone differs.
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false)
        .connect_with(options)
        .await?;
    let bare =
        SqliteStorage::<QueuedEvent>::new(&pool).with_config(Config::default().queue("bare"));
    compare("SQLite", &ours, &bare).await
}

#[cfg(feature = "postgres")]
async fn postgres() -> Result<(), BoxError> {
    use std::str::FromStr as _;

    use apalis_postgres::{Config, PostgresStorage};
    use sqlx::{
        AssertSqlSafe, Connection as _, Executor as _, PgConnection,
        postgres::{PgConnectOptions, PgPoolOptions},
    };

    let Ok(url) = env::var("CLERK_WEBHOOKS_POSTGRES_URL") else {
        println!("Postgres  left out: CLERK_WEBHOOKS_POSTGRES_URL is not set");
        return Ok(());
    };
    let server = PgConnectOptions::from_str(&url)?;
    let name = format!("clerk_apalis_bench_{:016x}", fastrand::u64(..));
    let mut admin = PgConnection::connect_with(&server).await?;
    let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    admin.execute(create).await?;
    let connect = || {
        PgPoolOptions::new()
            .max_connections(16)
            .connect_lazy_with(server.clone().database(&name))
    };
    let ours = clerk_webhooks_apalis::PostgresQueue::new(connect(), "q").await?;
    let bare = PostgresStorage::<QueuedEvent>::new(&connect())
        .with_config(Config::default().queue("bare"));
    let compared = compare("Postgres", &ours, &bare).await;
    let drop = AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
    admin.execute(drop).await?;
    compared
}

async fn compare<Q, S>(engine: &str, ours: &Q, bare: &S) -> Result<(), BoxError>
where
    Q: EventQueue + Clone,
    S: Sink<Task<Vec<u8>>, Error: Into<BoxError>> + Clone + Send + Sync + Unpin + 'static,
{
    for in_flight in IN_FLIGHT {
        let (mut our_times, mut bare_times) = (Times::default(), Times::default());
        for round in 0..setting("ROUNDS", 10) {
            let prefix = format!("msg_{in_flight}_{round}");
            let queue = ours.clone();
            let times = measure(in_flight, &prefix, move |event| {
                let queue = queue.clone();
                async move {
                    queue.enqueue(&event, None).await.map_err(Into::into)?;
                    Ok(())
                }
            });
            our_times.add(times.await?);
            let bare = bare.clone();
            let times = measure(in_flight, &prefix, move |event| {
                let mut bare = bare.clone();
                async move {
                    let bytes = serde_json::to_vec(&event)?;
                    let task = TaskBuilder::new(bytes).idempotency_key(event.message_id());
                    bare.send(task.build()).await.map_err(Into::into)
                }
            });
            bare_times.add(times.await?);
        }
        our_times.print(engine, in_flight, "enqueue");
        bare_times.print(engine, in_flight, "push");
    }
    Ok(())
}

async fn measure<F>(
    in_flight: usize,
    prefix: &str,
    store: impl Fn(QueuedEvent) -> F + Clone + Send + 'static,
) -> Result<(Vec<Duration>, Duration), BoxError>
where
    F: Future<Output = Result<(), BoxError>> + Send,
{
    let (next, events) = (Arc::new(AtomicUsize::new(0)), setting("EVENTS", 500));
    let mut senders = tokio::task::JoinSet::new();
    let begun = Instant::now();
    for _ in 0..in_flight {
        let (next, store, prefix) = (Arc::clone(&next), store.clone(), prefix.to_owned());
        senders.spawn(async move {
            let mut times = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if events <= number {
                    return Ok::<_, BoxError>(times);
                }
                let event = event(&format!("{prefix}_{number}"))?;
                let begun = Instant::now();
                store(event).await?;
                times.push(begun.elapsed());
            }
        });
    }
    let mut times = Vec::new();
    while let Some(sent) = senders.join_next().await {
        times.extend(sent??);
    }
    Ok((times, begun.elapsed()))
}

/// About a kilobyte, as a small user of Clerk's is.
fn event(message_id: &str) -> Result<QueuedEvent, serde_json::Error> {
    let body = json!({
        "type": "user.created",
        "object": "event",
        "data": { "object": "user", "id": "user_1", "first_name": "A".repeat(800) },
    });
    serde_json::from_value(json!({
        "message_id": message_id,
        "attempted_at": 1_767_225_600,
        "secret_label": "current",
        "body": body.to_string(),
    }))
}

#[derive(Default)]
struct Times {
    each: Vec<Duration>,
    in_all: Duration,
}

impl Times {
    fn add(&mut self, (each, in_all): (Vec<Duration>, Duration)) {
        self.each.extend(each);
        self.in_all += in_all;
    }

    fn print(&mut self, engine: &str, in_flight: usize, what: &str) {
        self.each.sort_unstable();
        let rate = self.each.len() as f64 / self.in_all.as_secs_f64();
        let at = |part: f64| {
            let place = (self.each.len() as f64 * part) as usize;
            self.each[place.min(self.each.len() - 1)].as_secs_f64() * 1e3
        };
        println!(
            "{engine:<9} {in_flight:>9}  {what:<8} {rate:>9.0} {:>8.3} {:>8.3}",
            at(0.5),
            at(0.99)
        );
    }
}

fn setting(variable: &str, default: usize) -> usize {
    let set = env::var(variable).ok();
    set.map_or(default, |value| value.parse().expect("a number"))
}
