//! Acknowledges Clerk's webhooks within milliseconds and processes them in the background.
//!
//! ```sh
//! cargo run -p example-queue             # server and worker in one process; Ctrl-C ends it
//! cargo run -p example-queue -- server   # only takes deliveries
//! cargo run -p example-queue -- worker   # only processes; any number of these
//! cargo run -p example-queue -- --once   # runs a demonstration on its own queue, and ends
//! ```
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `QUEUE_URL` | where events are stored: `sqlite://` and a path, `postgres://...`, or `nats://...` (several servers separated by commas: each event is on all of them) | `queue.db` in the working directory; for `--once` a temporary file |
//! | `CREDITS` | with `nats://`, the path of the SQLite file that has the credits | `credits.db` in the working directory; for `--once` a temporary file |
//! | `MAX_BODY_BYTES` | with `nats://`, the largest body that is accepted: half of the server's `max_payload`, less 32 KiB, at most | 2097152 |
//! | `PORT` | the port to listen on | 3000 |
//! | `BIND_ADDRESS` | the IP address to listen on: `0.0.0.0` in a container | 127.0.0.1 |
//! | `CLERK_WEBHOOK_SIGNING_SECRET` | the endpoint's signing secret | |
//! | `WORK_MS` | how long the work for each event takes, in milliseconds | 0 |
//! | `DRAIN_MS` | how long new deliveries are still taken after a signal to stop, in milliseconds | 0 |
//! | `LEASE_MS` | how long until other workers take over the events of a killed worker, in milliseconds | 10000 |
//!
//! Each new user gets a welcome credit exactly once, even when processes are killed: the credit and the event's end are
//! committed together. With NATS, which has no transaction, the credit and a record of its message are.
//!
//! `GET /livez` answers 200 while the server runs, `GET /readyz` while it takes deliveries: not while it shuts down, nor
//! while its queue cannot be reached.

mod credits;
mod demonstration;
mod engines;
mod health;
mod shutdown;
#[path = "../../support/mod.rs"]
mod support;

use std::{
    env,
    error::Error,
    io,
    path::{Path, PathBuf},
    process::ExitCode,
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use axum::routing::post_service;
use clerk_webhooks::{
    ClerkEvent, ClerkWebhookLayer, EventData, SigningSecret, Verifier, WebhookError,
    queue::{Enqueue, EventContext},
    verify::SecretErrorKind,
};
use clerk_webhooks_nats::{Streams, open_nats};
use clerk_webhooks_sqlx::{migrate, open_postgres, open_sqlite, queue::Queue};
use sqlx::Pool;
use tokio::time::sleep;

use self::{
    credits::Credits,
    engines::Engine,
    shutdown::{Phase, Phases},
};

const ROUTE: &str = "/webhooks/clerk";

struct App<Q: Engine> {
    work: Duration,
    pool: Pool<Q::DB>,
}

/// The work. After an error it runs again, with growing pauses.
async fn on_event<Q: Engine>(
    event: ClerkEvent,
    context: EventContext<Arc<App<Q>>>,
) -> Result<(), WebhookError> {
    let app = context.state();
    sleep(app.work).await;
    demonstration::fail_if_asked_to(&event, context.attempt())?;
    let mut tx = Q::DB::begin(&app.pool).await?;
    // The credit and the event's end are committed together, or neither is.
    let is_first = Q::end_with(&mut tx, &context).await?;
    if let EventData::UserCreated(user) = &event.data
        && is_first
    {
        Q::DB::add(&mut tx, &user.id).await?;
    }
    tx.commit().await?;
    println!(
        "processed {} attempt {}",
        context.message_id(),
        context.attempt()
    );
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print(&*error);
            ExitCode::FAILURE
        }
    }
}

fn print(error: &dyn Error) {
    eprintln!("queue: {error}");
    let sources = std::iter::successors(error.source(), |&error| error.source());
    sources.for_each(|source| eprintln!("queue: caused by: {source}"));
}

/// Chooses the engine. Everything else is one generic function.
async fn run() -> Result<(), Box<dyn Error>> {
    let once = support::once();
    // A demonstration uses its own queue, whatever the database.
    let own_folder = if once {
        Some(tempfile::tempdir()?)
    } else {
        None
    };
    let (folder, name) = match &own_folder {
        Some(own) => (own.path(), format!("demonstration {:?}", own.path())),
        None => (Path::new(""), "clerk".to_owned()),
    };
    let own_queue = || format!("sqlite://{}", folder.join("queue.db").display());
    let url = env::var("QUEUE_URL").unwrap_or_else(|_| own_queue());
    if let Some(path) = url.strip_prefix("sqlite://") {
        serve_sql(open_sqlite(path).await?, &name, once).await
    } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        serve_sql(open_postgres(&url).await?, &name, once).await
    } else if url.starts_with("nats://") {
        let credits = env::var_os("CREDITS");
        let credits = credits.map_or_else(|| folder.join("credits.db"), PathBuf::from);
        serve_nats(&url, open_sqlite(credits).await?, &name, once).await
    } else {
        Err("QUEUE_URL begins with none of sqlite://, postgres:// and nats://".into())
    }
}

async fn serve_sql<DB: Credits>(
    pool: Pool<DB>,
    name: &str,
    once: bool,
) -> Result<(), Box<dyn Error>> {
    migrate(&pool).await?;
    let queue = Queue::new(&pool, name).await?;
    serve(queue, pool, once).await
}

async fn serve_nats(
    url: &str,
    credits: Pool<sqlx::Sqlite>,
    name: &str,
    once: bool,
) -> Result<(), Box<dyn Error>> {
    // Makes the inbox.
    migrate(&credits).await?;
    let nats = open_nats(url).await?;
    let mut streams = Streams::new(nats.clone())
        .with_replicas(url.split(',').count())
        .with_max_body_bytes(max_body_bytes()?);
    // A demonstration leaves nothing behind, so it has its own streams.
    let demonstration = format!("demonstration_{}", std::process::id());
    if once {
        streams = streams.with_name(&demonstration);
    }
    clerk_webhooks_nats::migrate(&streams).await?;
    let queue = clerk_webhooks_nats::queue::Queue::new(&streams, name).await?;
    let served = serve(queue, credits, once).await;
    if once {
        for suffix in ["", "_failures", "_dead"] {
            nats.delete_stream(format!("{demonstration}{suffix}"))
                .await?;
        }
    }
    served
}

async fn serve<Q: Engine>(queue: Q, pool: Pool<Q::DB>, once: bool) -> Result<(), Box<dyn Error>> {
    Q::DB::create(&pool).await?;
    let (server, worker) = roles()?;
    let drain = milliseconds("DRAIN_MS", 0)?;
    let phases = Phases::new();
    // The server ends before the worker: what it still takes is in the queue then.
    let serving = async {
        match server {
            true => {
                take_deliveries((&queue, &pool), once, &phases).await?;
                println!("the server has stopped");
            }
            false => phases.reached(Phase::ServerStops).await,
        }
        phases.advance(Phase::WorkerStops);
        Ok(())
    };
    let working = async {
        if worker {
            work(&queue, pool.clone(), &phases).await?;
            println!("the worker has stopped");
        }
        Ok(())
    };
    tokio::select! {
        ended = async { tokio::try_join!(serving, working) } => ended.map(drop),
        failed = phases.follow_signal(drain) => Ok(failed?),
    }
}

/// Whether to run the server, and whether to run a worker: both unless set.
fn roles() -> Result<(bool, bool), String> {
    let role = env::args().skip(1).find(|argument| argument != "--once");
    match role.as_deref() {
        None => Ok((true, true)),
        Some("server") => Ok((true, false)),
        Some("worker") => Ok((false, true)),
        Some(other) => Err(format!(
            "{other:?} is neither \"server\" nor \"worker\" nor \"--once\""
        )),
    }
}

async fn take_deliveries<Q: Engine>(
    (queue, pool): (&Q, &Pool<Q::DB>),
    once: bool,
    phases: &Phases,
) -> Result<(), Box<dyn Error>> {
    let own_secret = support::throw_away_secret()?;
    let clerk = ClerkWebhookLayer::new(verifier_with(&own_secret, once)?);
    let clerk = clerk.with_max_body_bytes(max_body_bytes()?);
    let enqueue = post_service(Enqueue::new(queue.clone())).route_layer(clerk);
    let app = health::routes(queue.clone(), phases.clone()).route(ROUTE, enqueue);
    let listener = support::listen(once).await?;
    let address = listener.local_addr()?;
    println!("{:<12}http://{address}{ROUTE}\n", "listening");

    let serving = phases.serve(listener, app);
    let showing = async {
        if once {
            demonstration::run(address, &own_secret, queue).await?;
            println!("{} credits", Q::DB::count(pool).await?);
            phases.advance(Phase::ServerStops);
        }
        Ok(())
    };
    tokio::try_join!(async { Ok(serving.await?) }, showing).map(drop)
}

async fn work<Q: Engine>(
    queue: &Q,
    pool: Pool<Q::DB>,
    phases: &Phases,
) -> Result<(), Box<dyn Error>> {
    let app = App {
        work: milliseconds("WORK_MS", 0)?,
        pool,
    };
    let lease = milliseconds("LEASE_MS", 10_000)?;
    let stop = phases.reached(Phase::WorkerStops);
    queue.work(Arc::new(app), lease, stop).await;
    Ok(())
}

fn milliseconds(variable: &str, default: u64) -> Result<Duration, String> {
    Ok(Duration::from_millis(number(variable, default)?))
}

fn max_body_bytes() -> Result<usize, String> {
    number("MAX_BODY_BYTES", 2 * 1024 * 1024)
}

fn number<N: FromStr>(variable: &str, default: N) -> Result<N, String> {
    match env::var(variable) {
        Ok(number) => number
            .parse()
            .map_err(|_| format!("{variable} is not a number: {number:?}")),
        Err(_) => Ok(default),
    }
}

/// The secrets from the environment. A demonstration adds its own.
fn verifier_with(own_secret: &SigningSecret, once: bool) -> Result<Verifier, Box<dyn Error>> {
    match Verifier::from_env() {
        Ok(verifier) if once => Ok(verifier.with_secret(own_secret.clone())),
        Ok(verifier) => Ok(verifier),
        Err(error) if error.kind() == SecretErrorKind::NotSet => {
            println!("{:<12}a development secret, made for this run", "secret");
            Ok(Verifier::new(own_secret.clone()))
        }
        Err(error) => Err(error.into()),
    }
}
