//! Clerk's rotation guide makes a second endpoint with the same URL and another secret: both deliver every
//! message within milliseconds of each other, here to two processes that share a store. No attempt fails, and
//! each message runs once.

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{Router, body::Body, routing::post};
use clerk_webhooks::{
    ClerkWebhookLayer, SigningSecret, Verifier,
    idempotency::{ClaimToken, IdempotencyLayer, IdempotencyStore, MemoryStore},
    testing::SignedRequest,
};
use clerk_webhooks_redis::RedisStore;
use clerk_webhooks_sqlx::{PostgresStore, SqliteStore, migrate, open_sqlite};
use sqlx::{AssertSqlSafe, Executor as _, PgPool, postgres::PgConnectOptions};
use tokio::{task::JoinSet, time::sleep};
use tower::ServiceExt as _;

const MESSAGES: usize = 20;
const SECRETS: [&str; 2] = [
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
];

#[tokio::test]
async fn no_attempt_fails_in_memory() {
    let store = MemoryStore::new();
    no_attempt_fails([store.clone(), store]).await;
}

#[tokio::test]
async fn no_attempt_fails_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("webhooks.db");
    let pools = [open_sqlite(&path).await, open_sqlite(&path).await].map(Result::unwrap);
    migrate(&pools[0]).await.unwrap();
    no_attempt_fails(pools.map(SqliteStore::new)).await;
}

#[tokio::test]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn no_attempt_fails_on_postgres() {
    let url = env::var("CLERK_WEBHOOKS_POSTGRES_URL").unwrap();
    let admin = PgPool::connect(&url).await.unwrap();
    let schema = format!("rotation_{}", std::process::id());
    let create = AssertSqlSafe(format!("create schema {schema}"));
    admin.execute(create).await.unwrap();
    let options: PgConnectOptions = url.parse().unwrap();
    let options = options.options([("search_path", &*schema)]);
    let one = PgPool::connect_with(options.clone()).await.unwrap();
    let other = PgPool::connect_with(options).await.unwrap();
    let pools = [one, other];
    migrate(&pools[0]).await.unwrap();
    no_attempt_fails(pools.map(PostgresStore::new)).await;
    let drop = AssertSqlSafe(format!("drop schema {schema} cascade"));
    admin.execute(drop).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a Redis server: set CLERK_WEBHOOKS_REDIS_URL"]
async fn no_attempt_fails_on_redis() {
    let url = env::var("CLERK_WEBHOOKS_REDIS_URL").unwrap();
    let stores = [
        RedisStore::connect(&url).await,
        RedisStore::connect(&url).await,
    ];
    let prefix = format!("rotation-{}", ClaimToken::random());
    no_attempt_fails(stores.map(|store| store.unwrap().with_prefix(prefix.as_str()))).await;
}

async fn no_attempt_fails<St: IdempotencyStore>(processes: [St; 2]) {
    let (runs, scope) = (
        Arc::new(AtomicUsize::new(0)),
        ClaimToken::random().to_string(),
    );
    let processes = processes.map(|store| process(store, &scope, Arc::clone(&runs)));
    let mut attempts = JoinSet::new();
    for number in 0..MESSAGES {
        for (secret, process) in SECRETS.into_iter().zip(&processes) {
            let request = SignedRequest::new(
                &SigningSecret::parse(secret).unwrap(),
                r#"{"type":"user.created"}"#,
            )
            .with_message_id(format!("msg_{number}"))
            .into_request::<Body>("/".parse().unwrap());
            attempts.spawn(process.clone().oneshot(request));
        }
    }
    for attempt in attempts.join_all().await {
        let status = attempt.unwrap().status();
        assert!(status.is_success(), "{status}");
    }
    assert_eq!(runs.load(SeqCst), MESSAGES);
}

fn process<St: IdempotencyStore>(store: St, scope: &str, runs: Arc<AtomicUsize>) -> Router {
    let [one, other] = SECRETS.map(|secret| SigningSecret::parse(secret).unwrap());
    let verifier = Verifier::new(one).with_secret(other);
    let handler = move || async move {
        runs.fetch_add(1, SeqCst);
        sleep(Duration::from_millis(300)).await;
    };
    let route = post(handler)
        .route_layer(IdempotencyLayer::new(store, scope))
        .route_layer(ClerkWebhookLayer::new(verifier));
    Router::new().route("/", route)
}
