//! Server or worker of a queue, to be killed: `Enqueue`, and a handler that works, fails and keeps a ledger.
//!
//! ```sh
//! queue-server server   # only takes deliveries
//! queue-server worker   # only processes
//! ```
//!
//! | variable | what |
//! |---|---|
//! | `PORT` | where the server listens on 127.0.0.1 |
//! | `CLERK_WEBHOOK_SIGNING_SECRET` | one secret or several, for the server |
//! | `QUEUE_URL` | `sqlite:///path`, `postgres://...`, or `nats://...`; with several of these, separated by commas, each event is on as many servers |
//! | `LEDGER` | a folder for the ledger and for what has failed already |
//! | `MAX_ATTEMPTS`, `FIRST_PAUSE_MS`, `LONGEST_PAUSE_MS` | the worker's `RetryPolicy`, if not the default |
//! | `LEASE_MS` | how long until other workers take over the events of a killed worker |
//!
//! Each message says what the handler does: a `Job` of the testbed.

mod handler;
mod ledgered;

use std::{
    env, io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::{Router, routing::post_service};
use clerk_webhooks::{
    ClerkWebhookLayer,
    queue::{Enqueue, EventHandler, RetryPolicy},
};
use clerk_webhooks_nats::{Streams, open_nats, queue as nats_queue};
use clerk_webhooks_sqlx::{migrate, open_postgres, open_sqlite, queue as sqlx_queue};
use clerk_webhooks_testbed::{
    Error,
    effects::{self, Effects},
    ledger::{Ledger, What},
    milliseconds_from_env, number_from_env,
    queue::TestedQueue,
    text_from_env,
};
use sqlx::Pool;
use tokio::{net::TcpListener, time::sleep};
use tower::Layer as _;

use self::{
    handler::{App, Database, NoDatabase, on_event},
    ledgered::Ledgered,
};

const NAME: &str = "testbed";
const PULSE: Duration = Duration::from_millis(100);

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    let url = text_from_env("QUEUE_URL")?;
    match url.split_once("://").ok_or("QUEUE_URL is no URL")? {
        ("sqlite", path) => run_sql(open_sqlite(path).await?).await,
        ("postgres", _) => run_sql(open_postgres(&url).await?).await,
        ("nats", _) => run(nats(&url).await?, NoDatabase).await,
        (scheme, _) => Err(format!("there is no queue for {scheme}://").into()),
    }
}

async fn run_sql<DB: Effects>(pool: Pool<DB>) -> Result<(), Error> {
    migrate(&pool).await?;
    effects::create(&pool).await?;
    run(sqlx_queue::Queue::new(&pool, NAME).await?, pool).await
}

async fn nats(url: &str) -> Result<nats_queue::Queue, Error> {
    let replicas = url.split(',').count();
    let streams = Streams::new(open_nats(url).await?).with_replicas(replicas);
    clerk_webhooks_nats::migrate(&streams).await?;
    Ok(nats_queue::Queue::new(&streams, NAME).await?)
}

async fn run<Q: TestedQueue, D: Database>(queue: Q, database: D) -> Result<(), Error> {
    let folder = PathBuf::from(text_from_env("LEDGER")?);
    match env::args().nth(1).as_deref() {
        Some("server") => serve(queue, &folder).await,
        Some("worker") => work(&queue, database, folder).await,
        _ => Err("the first argument has to be server or worker".into()),
    }
}

async fn serve<Q: TestedQueue>(queue: Q, folder: &Path) -> Result<(), Error> {
    let enqueue = Enqueue::new(Ledgered::new(queue, ledger(folder)?));
    let service = post_service(ClerkWebhookLayer::from_env()?.layer(enqueue));
    let router = Router::new().route("/webhooks/clerk", service);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, number_from_env("PORT", 3000)?));
    axum::serve(TcpListener::bind(address).await?, router).await?;
    Ok(())
}

async fn work<Q: TestedQueue, D: Database>(
    queue: &Q,
    database: D,
    folder: PathBuf,
) -> Result<(), Error> {
    tokio::spawn(pulse(ledger(&folder)?));
    let app = Arc::new(App {
        ledger: ledger(&folder)?,
        folder,
        database,
    });
    queue
        .worker(EventHandler::new(app, on_event))
        .with_lease(milliseconds_from_env("LEASE_MS", 10_000)?)
        .with_retry_policy(retry_policy()?)
        .run()
        .await;
    Ok(())
}

/// Writes a pulse to the ledger. A gap shows that the worker was suspended, and so was rightly considered crashed.
async fn pulse(ledger: Ledger) -> io::Result<()> {
    loop {
        ledger.note("", What::Pulse)?;
        sleep(PULSE).await;
    }
}

fn retry_policy() -> Result<RetryPolicy, Error> {
    Ok(RetryPolicy::new()
        .with_max_attempts(number_from_env("MAX_ATTEMPTS", 40)?)
        .with_initial_backoff(milliseconds_from_env("FIRST_PAUSE_MS", 1_000)?)
        .with_max_backoff(milliseconds_from_env("LONGEST_PAUSE_MS", 3_600_000)?)
        // So that a test can see a pause that was too short.
        .with_jitter(0.0))
}

fn ledger(folder: &Path) -> Result<Ledger, Error> {
    Ok(Ledger::open(folder.join("ledger"))?)
}
