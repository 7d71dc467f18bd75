//! Deduplication with the store in memory: the store alone, and whole requests with and without the layer.
//! `cargo bench --features idempotency --bench idempotency`

use std::time::Duration;

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Request, StatusCode},
    routing::{MethodRouter, post},
};
use clerk_webhooks::{
    ClerkWebhookLayer, SigningSecret, Verifier,
    idempotency::{
        ClaimToken, IdempotencyLayer, IdempotencyStore as _, MemoryStore, MessageKey, Outcome,
    },
    testing::{SignedRequest, fixtures},
};
use divan::{AllocProfiler, Bencher, black_box_drop};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const A_MINUTE: Duration = Duration::from_secs(60);

fn main() {
    divan::main();
}

#[divan::bench]
fn claim_and_complete(bencher: Bencher<'_, '_>) {
    let (store, runtime) = (MemoryStore::new(), runtime());
    bencher
        .with_inputs(|| MessageKey::new("users", new_id()))
        .bench_local_values(|key| {
            runtime.block_on(async {
                black_box_drop(store.claim(&key, ClaimToken::random(), A_MINUTE).await);
                black_box_drop(store.complete(&key, Outcome::Succeeded, A_MINUTE).await);
            });
            key
        });
}

#[divan::bench]
fn verify_only(bencher: Bencher<'_, '_>) {
    requests(bencher, bare(), new_id, StatusCode::NO_CONTENT);
}

#[divan::bench]
fn first_deliveries(bencher: Bencher<'_, '_>) {
    let route = bare().route_layer(IdempotencyLayer::new(MemoryStore::new(), "users"));
    requests(bencher, route, new_id, StatusCode::NO_CONTENT);
}

#[divan::bench]
fn duplicates(bencher: Bencher<'_, '_>) {
    let (store, id) = (MemoryStore::new(), new_id());
    let completed = MessageKey::new("users", id.as_str());
    runtime()
        .block_on(store.complete(&completed, Outcome::Succeeded, A_MINUTE))
        .unwrap();
    let route = bare().route_layer(IdempotencyLayer::new(store, "users"));
    requests(bencher, route, || id.clone(), StatusCode::OK);
}

fn bare() -> MethodRouter {
    post(async |body: Bytes| {
        black_box_drop(body);
        StatusCode::NO_CONTENT
    })
}

fn requests(
    bencher: Bencher<'_, '_>,
    route: MethodRouter,
    id: impl Fn() -> String,
    status: StatusCode,
) {
    let secret = SigningSecret::parse(SECRET).unwrap();
    let delivery = SignedRequest::new(&secret, fixtures::user_created());
    let clerk = ClerkWebhookLayer::new(Verifier::new(secret));
    let app = Router::new().route("/webhooks/clerk", route.route_layer(clerk));
    let runtime = runtime();
    bencher
        .with_inputs(|| -> Request<Body> {
            let delivery = delivery.clone().with_message_id(id());
            delivery.into_request("/webhooks/clerk".parse().unwrap())
        })
        .bench_local_values(|request| {
            let response = runtime.block_on(app.clone().oneshot(request)).unwrap();
            assert_eq!(response.status(), status);
            response
        });
}

/// A new id, as long as Svix' own.
fn new_id() -> String {
    format!("msg_00000000000{}", ClaimToken::random())
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}
