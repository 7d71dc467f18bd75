//! Whole requests through an axum `Router`, in process: the handler alone, with the layer, and with the
//! typed event. `cargo bench --bench request`

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Request, StatusCode},
    routing::{MethodRouter, post},
};
use clerk_webhooks::{
    ClerkWebhookLayer, SigningSecret, VerifiedClerkEvent, Verifier,
    testing::{SignedRequest, fixtures},
};
use divan::{AllocProfiler, Bencher, black_box_drop};
use tower::ServiceExt as _;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn main() {
    divan::main();
}

#[divan::bench]
fn bare_handler(bencher: Bencher<'_, '_>) {
    requests(bencher, bare());
}

#[divan::bench]
fn verify_only(bencher: Bencher<'_, '_>) {
    requests(bencher, bare().route_layer(clerk()));
}

#[divan::bench]
fn typed(bencher: Bencher<'_, '_>) {
    let on_event = async |event: VerifiedClerkEvent| {
        black_box_drop(event);
        StatusCode::NO_CONTENT
    };
    requests(bencher, post(on_event).route_layer(clerk()));
}

fn bare() -> MethodRouter {
    post(async |body: Bytes| {
        black_box_drop(body);
        StatusCode::NO_CONTENT
    })
}

fn clerk() -> ClerkWebhookLayer {
    ClerkWebhookLayer::new(Verifier::new(SigningSecret::parse(SECRET).unwrap()))
}

fn requests(bencher: Bencher<'_, '_>, route: MethodRouter) {
    let app = Router::new().route("/webhooks/clerk", route);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let secret = SigningSecret::parse(SECRET).unwrap();
    let delivery = SignedRequest::new(&secret, fixtures::user_created());
    bencher
        .with_inputs(|| -> Request<Body> {
            delivery
                .clone()
                .into_request("/webhooks/clerk".parse().unwrap())
        })
        .bench_local_values(|request| {
            let response = runtime.block_on(app.clone().oneshot(request)).unwrap();
            assert_eq!(response.status(), StatusCode::NO_CONTENT);
            response
        });
}
