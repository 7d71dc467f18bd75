//! The server that is killed: verification, deduplication, and a handler that works, fails and keeps a
//! ledger.
//!
//! | variable | what |
//! |---|---|
//! | `PORT` | where to listen on 127.0.0.1 |
//! | `CLERK_WEBHOOK_SIGNING_SECRET` | one secret or several |
//! | `STORE_URL` | `sqlite:///path`, `postgres://...` or `redis://...` |
//! | `LEDGER` | a folder for the ledger and for what has failed already |
//! | `LEASE_MS` | how long a claim lasts |
//! | `STORE_TIMEOUT_MS` | how long to wait for the store |
//!
//! Each message says what the handler does: a `Job` of the testbed.

mod effects;
mod handler;
mod ledgered;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use axum::{Router, routing::post};
use clerk_webhooks::{
    ClerkWebhookLayer,
    idempotency::{IdempotencyLayer, IdempotencyStore},
};
use clerk_webhooks_redis::RedisStore;
use clerk_webhooks_sqlx::{PostgresStore, SqliteStore, migrate, open_sqlite};
use clerk_webhooks_testbed::{
    Error, effects::create, ledger::Ledger, milliseconds_from_env, number_from_env, text_from_env,
};
use sqlx::postgres::PgPoolOptions;
use tokio::net::TcpListener;

use self::{
    effects::Effects,
    handler::{App, on_event},
    ledgered::Ledgered,
};

const SCOPE: &str = "testbed";

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    let url = text_from_env("STORE_URL")?;
    match url.split_once("://").ok_or("STORE_URL is no URL")? {
        ("sqlite", path) => serve_sqlite(path.as_ref()).await,
        ("postgres", _) => serve_postgres(&url).await,
        ("redis", _) => serve(RedisStore::connect(&url).await?, Effects::Outside).await,
        (scheme, _) => Err(format!("there is no store for {scheme}://").into()),
    }
}

async fn serve_sqlite(path: &Path) -> Result<(), Error> {
    let store = open_sqlite(path).await?;
    migrate(&store).await?;
    let store = SqliteStore::new(store);
    // Its own pool: a handler that holds the store's only connection would prevent the store from extending leases.
    let pool = open_sqlite(path).await?;
    create(&pool).await?;
    serve(store, Effects::Sqlite(pool)).await
}

async fn serve_postgres(url: &str) -> Result<(), Error> {
    let options = PgPoolOptions::new().max_connections(20);
    let pool = options
        .acquire_timeout(Duration::from_secs(5))
        .connect(url)
        .await?;
    migrate(&pool).await?;
    let store = PostgresStore::new(pool.clone());
    create(&pool).await?;
    serve(store, Effects::Postgres(pool)).await
}

async fn serve(store: impl IdempotencyStore, effects: Effects) -> Result<(), Error> {
    let folder = text_from_env("LEDGER")?;
    let ledger = Arc::new(Ledger::open(Path::new(&folder).join("ledger"))?);
    let app = App {
        ledger: Arc::clone(&ledger),
        effects,
        folder: folder.into(),
    };
    let idempotency = IdempotencyLayer::new(Ledgered::new(store, ledger), SCOPE)
        .with_lease(milliseconds_from_env("LEASE_MS", 60_000)?)
        .with_store_timeout(milliseconds_from_env("STORE_TIMEOUT_MS", 5_000)?);
    let on_event = post(on_event)
        .route_layer(idempotency)
        .route_layer(ClerkWebhookLayer::from_env()?);
    let router = Router::new()
        .route("/webhooks/clerk", on_event)
        .with_state(Arc::new(app));
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, number_from_env("PORT", 3000)?));
    axum::serve(TcpListener::bind(address).await?, router).await?;
    Ok(())
}
