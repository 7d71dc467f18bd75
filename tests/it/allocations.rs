//! What a request allocates is bounded. Timings never fail a test; counts may, since they are the same
//! on every machine.

use std::io;

use axum::{
    Extension, Router,
    body::{Body, Bytes},
    http::{Request, StatusCode},
    routing::{MethodRouter, post},
};
use clerk_webhooks::{
    ClerkEvent, ClerkWebhookLayer, SigningSecret, VerifiedClerkEvent, VerifiedDelivery, Verifier,
    testing::{SignedRequest, fixtures},
};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tower::{ServiceExt as _, layer::util::Identity};
use tracing::subscriber::{NoSubscriber, with_default};
use tracing_subscriber::filter::LevelFilter;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn a_verification_allocates_the_message_id() {
    let secret = SigningSecret::parse(SECRET).unwrap();
    let request = SignedRequest::new(&secret, fixtures::user_created());
    let (headers, body) = (request.headers(), request.body().clone());
    let verifier = Verifier::new(secret);
    let verify = || verifier.verify(&headers, body.clone()).unwrap();
    drop(verify());
    assert!(count(verify) <= 1);
}

#[test]
fn a_typed_event_allocates_for_what_it_holds() {
    for (event_type, json) in fixtures::all() {
        let decode = || ClerkEvent::from_slice(json.as_bytes()).unwrap();
        let allocations = count(decode);
        let held = texts_lists_and_metadata(&serde_json::from_str(&json).unwrap());
        assert!(
            allocations <= held + 3,
            "{event_type}: {allocations} allocations for {held} texts, lists and metadata"
        );
    }
}

/// The escapes of a text are resolved in memory that all texts share.
#[test]
fn escaped_texts_take_memory_for_the_longest_of_them_only() {
    let peak = |texts: &[&str]| {
        let texts: Vec<_> = texts
            .iter()
            .map(|text| format!(r#"{{"id":"x","email_address":"{text}"}}"#))
            .collect();
        let body = format!(
            r#"{{"data":{{"id":"x","email_addresses":[{}]}},"type":"user.created"}}"#,
            texts.join(",")
        );
        let decode = || ClerkEvent::from_slice(body.as_bytes()).unwrap();
        without_subscriber(|| allocation_counter::measure(|| drop(decode()))).bytes_max
    };
    let many = peak(&[r"\u003c"; 10_000]);
    assert!(many <= peak(&["<"; 10_000]) + 8);
    let len = 1 << 20;
    let long = peak(&[&r"\n".repeat(len)]);
    assert!(long <= peak(&[&"n".repeat(len)]) + 2 * len as u64);
}

#[test]
fn the_layer_adds_a_few_allocations_to_what_axum_takes_for_any_layer() {
    let empty_layer = allocations_of(bare().route_layer(Identity::new()));
    let verify_only = allocations_of(bare().route_layer(clerk()));
    let verified = post(async |verified: Extension<VerifiedDelivery>| {
        drop(verified);
        StatusCode::NO_CONTENT
    });
    assert!(
        verify_only <= empty_layer + 6,
        "{verify_only} with the layer, {empty_layer} with one that does nothing"
    );
    assert!(allocations_of(verified.route_layer(clerk())) <= verify_only);
}

/// Of these, three are for the text of the span's one field and one is for its place.
#[test]
fn a_subscriber_at_info_allocates_for_the_span_alone() {
    let route = || bare().route_layer(clerk());
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::INFO)
        .with_writer(io::sink)
        .finish();
    let logged = with_default(subscriber, || count_second(route()));
    let quiet = allocations_of(route());
    assert!(
        logged <= quiet + 4,
        "{logged} with a subscriber, {quiet} without"
    );
}

#[test]
fn a_typed_request_adds_what_the_event_holds() {
    let typed = post(async |event: VerifiedClerkEvent| {
        drop(event);
        StatusCode::NO_CONTENT
    });
    let verify_only = allocations_of(bare().route_layer(clerk()));
    let typed = allocations_of(typed.route_layer(clerk()));
    let json = fixtures::user_created().to_json();
    let held = texts_lists_and_metadata(&serde_json::from_str(&json).unwrap());
    assert!(
        typed <= verify_only + held + 8,
        "{typed} typed, {verify_only} verified, {held} texts, lists and metadata"
    );
}

fn bare() -> MethodRouter {
    post(async |body: Bytes| {
        drop(body);
        StatusCode::NO_CONTENT
    })
}

fn clerk() -> ClerkWebhookLayer {
    ClerkWebhookLayer::new(Verifier::new(SigningSecret::parse(SECRET).unwrap()))
}

fn allocations_of(route: MethodRouter) -> u64 {
    without_subscriber(|| count_second(route))
}

/// Of the second request, since the first one makes what is made once.
fn count_second(route: MethodRouter) -> u64 {
    let app = Router::new().route("/webhooks/clerk", route);
    let runtime = Builder::new_current_thread().build().unwrap();
    answer(&runtime, &app, request());
    let request = request();
    counted(|| answer(&runtime, &app, request))
}

fn request() -> Request<Body> {
    let secret = SigningSecret::parse(SECRET).unwrap();
    let request = SignedRequest::new(&secret, fixtures::user_created());
    request.into_request("/webhooks/clerk".parse().unwrap())
}

fn answer(runtime: &Runtime, app: &Router, request: Request<Body>) {
    let response = runtime.block_on(app.clone().oneshot(request)).unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
}

fn count<T>(work: impl FnOnce() -> T) -> u64 {
    without_subscriber(|| counted(work))
}

/// Other tests switch logging on, for all threads.
fn without_subscriber<T>(work: impl FnOnce() -> T) -> T {
    with_default(NoSubscriber::new(), work)
}

fn counted<T>(work: impl FnOnce() -> T) -> u64 {
    let mut result = None;
    let counted = allocation_counter::measure(|| result = Some(work()));
    drop(result);
    counted.count_total
}

/// Everything non-empty that a typed event could keep as a value of its own; all of a metadata is one.
fn texts_lists_and_metadata(json: &Value) -> u64 {
    match json {
        Value::String(text) => u64::from(!text.is_empty()),
        Value::Array(list) => {
            let elements: u64 = list.iter().map(texts_lists_and_metadata).sum();
            elements + u64::from(!list.is_empty())
        }
        Value::Object(fields) => {
            let values = fields.iter().map(|(name, value)| {
                if name.ends_with("metadata") {
                    u64::from(!value.is_null())
                } else {
                    texts_lists_and_metadata(value)
                }
            });
            values.sum()
        }
        _ => 0,
    }
}
