//! Does one thing so many times, for `docs/benchmarks/instructions` to count what it takes:
//! `instructions PART TIMES`.

mod support;

use std::hint::black_box;

use axum::{Router, http::StatusCode};
use clerk_webhooks::{ClerkEvent, SigningSecret, Verifier, testing::fixtures};
use serde_json::Value;
use support::{
    apps,
    payloads::{Names, PATH, Payload, SECRET},
};
use tower::ServiceExt as _;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, part, times, ..] = &arguments[..] else {
        return eprintln!("run docs/benchmarks/instructions");
    };
    let times: u32 = times.parse().expect("how many times");
    let (user, email) = (Payload::user(), Payload::email());
    match part.as_str() {
        "check_headers" => check_headers(&user, times),
        "verify" => verify(&user, times),
        "decode-user" => decode(&user, times),
        "decode-email" => decode(&email, times),
        "decode-email-plain" => decode(&Payload::email_without_escapes(), times),
        "decode-email-html" => decode(&Payload::email_escaped_for_html(), times),
        "value-user" => value(&user, times),
        "value-email" => value(&email, times),
        "value-email-plain" => value(&Payload::email_without_escapes(), times),
        "value-email-html" => value(&Payload::email_escaped_for_html(), times),
        "decode-types" => fixtures::all()
            .iter()
            .for_each(|(event_type, _)| println!("{event_type}")),
        "request-bare" => requests(&apps::BARE.router(), &user, times),
        "request-only" => requests(&apps::VERIFY_ONLY.router(), &user, times),
        "request-typed" => requests(&apps::TYPED.router(), &user, times),
        "request-info" => {
            let subscriber = tracing_subscriber::fmt()
                .with_max_level(tracing_subscriber::filter::LevelFilter::INFO);
            subscriber.with_writer(std::io::sink).init();
            requests(&apps::TYPED.router(), &user, times);
        }
        "request-recorded" => {
            metrics_exporter_prometheus::PrometheusBuilder::new()
                .set_buckets(&[0.001, 0.01, 0.1, 1.0, 10.0])
                .unwrap()
                .install_recorder()
                .unwrap();
            requests(&apps::TYPED.router(), &user, times);
        }
        event_type => {
            let all = fixtures::all();
            let event = all.iter().find(|(fixture, _)| fixture == event_type);
            let (_, body) = event.expect("no part and no type of event has this name");
            repeat(times, || ClerkEvent::from_slice(body.as_bytes()).unwrap());
        }
    }
}

fn check_headers(payload: &Payload, times: u32) {
    let verifier = Verifier::new(SigningSecret::parse(SECRET).unwrap());
    let headers = payload.headers(Names::Svix);
    repeat(times, || verifier.check_headers(&headers).unwrap());
}

fn verify(payload: &Payload, times: u32) {
    let verifier = Verifier::new(SigningSecret::parse(SECRET).unwrap());
    let headers = payload.headers(Names::Svix);
    repeat(times, || {
        verifier.verify(&headers, payload.body.clone()).unwrap()
    });
}

fn decode(payload: &Payload, times: u32) {
    repeat(times, || ClerkEvent::from_slice(&payload.body).unwrap());
}

fn value(payload: &Payload, times: u32) {
    repeat(times, || {
        serde_json::from_slice::<Value>(&payload.body).unwrap()
    });
}

fn requests(app: &Router, payload: &Payload, times: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let request = payload.request(Names::Svix, PATH);
    repeat(times, || {
        let response = runtime.block_on(app.clone().oneshot(request())).unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        response
    });
}

fn repeat<T>(times: u32, mut work: impl FnMut() -> T) {
    for _ in 0..times {
        drop(black_box(work()));
    }
}
