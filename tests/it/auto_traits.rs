//! What is promised to be `Send`, `Sync` and `Clone`, with axum's body and with plain ones.

use axum::body::Body;
use bytes::Bytes;
use clerk_webhooks::{
    ClerkEvent, ClerkWebhookLayer, RawClerkEvent, Rejection, SecretError, SigningSecret,
    VerifiedBody, VerifiedClerkEvent, VerifiedDelivery, Verifier, WebhookEndpoint, WebhookError,
    idempotency::{
        self, Claim, Counts, DrainHandle, Idempotency, IdempotencyLayer, MemoryStore, MessageKey,
    },
    layer::{ClerkWebhook, ResponseBody, ResponseFuture},
    queue::{Enqueue, EnqueueFuture, EventContext, HandlerFuture, QueuedEvent, RetryPolicy},
    verify::{PendingVerification, VerifyError},
};
use http_body_util::Full;
use tower::util::BoxCloneSyncService;

fn shared<T: Clone + Send + Sync + 'static>() {}
fn sent<T: Send + 'static>() {}
fn synced<T: Send + Sync + 'static>() {}

type Inner<B> =
    BoxCloneSyncService<http::Request<VerifiedBody>, http::Response<B>, std::convert::Infallible>;

#[test]
fn values_are_shared_freely() {
    shared::<VerifiedDelivery>();
    shared::<Rejection>();
    shared::<Verifier>();
    shared::<WebhookEndpoint>();
    shared::<SigningSecret>();
    shared::<SecretError>();
    shared::<VerifyError>();
    shared::<ClerkEvent>();
    shared::<RawClerkEvent>();
    shared::<VerifiedClerkEvent>();
    synced::<WebhookError>();
    sent::<VerifiedBody>();
    sent::<PendingVerification>();
}

#[test]
fn layer_and_service_are_shared_and_futures_sent() {
    shared::<ClerkWebhookLayer>();
    shared::<ClerkWebhook<axum::routing::Route>>();
    shared::<ClerkWebhook<Inner<Body>>>();
    shared::<ClerkWebhook<Inner<Full<Bytes>>>>();
    sent::<ResponseFuture<axum::routing::Route, Body>>();
    sent::<ResponseFuture<Inner<Full<Bytes>>, Full<Bytes>>>();
    sent::<ResponseBody<Body>>();
    sent::<ResponseFuture<Inner<Full<Bytes>>, hyper::body::Incoming>>();
}

#[test]
fn deduplication_is_shared_and_its_futures_sent() {
    shared::<MemoryStore>();
    shared::<MessageKey>();
    shared::<Claim>();
    shared::<Counts>();
    shared::<DrainHandle>();
    shared::<IdempotencyLayer<MemoryStore>>();
    shared::<Idempotency<axum::routing::Route, MemoryStore>>();
    sent::<idempotency::ResponseFuture<Body, std::convert::Infallible>>();
}

#[test]
fn the_queue_is_shared_and_its_futures_sent() {
    struct Engine;
    shared::<QueuedEvent>();
    shared::<RetryPolicy>();
    shared::<EventContext<()>>();
    shared::<Enqueue<Engine>>();
    sent::<EnqueueFuture>();
    sent::<HandlerFuture>();
}
