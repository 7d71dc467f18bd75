//! Allocations of a request, of its parts, and the memory that a body in small frames takes. Writes
//! `docs/benchmarks/data/allocations.json`.
//!
//! `cargo bench --bench allocations`. Apart from the timings, since counting takes time.

mod support;

use std::{convert::Infallible, hint::black_box};

use axum::body::Body;
use bytes::Bytes;
use clerk_webhooks::{ClerkEvent, SigningSecret, Verifier};
use http::{Request, StatusCode};
use http_body::Frame;
use serde::Serialize;
use serde_json::Value;
use support::{
    apps::{self, App},
    payloads::{Names, PATH, Payload, SECRET},
    rounds,
};
use tower::ServiceExt as _;

#[derive(Serialize)]
struct Count {
    measure: &'static str,
    payload: String,
    bytes: usize,
    contender: &'static str,
    allocations: u64,
    /// Held at the same time, at most, beyond what the request itself brought.
    peak_bytes: u64,
}

fn main() {
    let mut counts = Vec::new();
    for payload in [Payload::user(), Payload::email()] {
        counts.push(verify(&payload));
        counts.extend(decode(&payload));
        let parts = [apps::NOTHING, apps::IDENTITY, apps::VERIFIED];
        counts.extend(
            parts
                .iter()
                .chain(&apps::ALL)
                .map(|app| request(app, &payload)),
        );
    }
    for frame_bytes in [1, 64, 16 << 10, 1 << 20] {
        counts.extend([apps::BARE, apps::VERIFY_ONLY].map(|app| framed(&app, frame_bytes)));
    }
    for count in &counts {
        let Count {
            measure,
            payload,
            contender,
            allocations,
            peak_bytes,
            ..
        } = count;
        eprintln!("{measure} {payload:24} {contender:32} {allocations:6} {peak_bytes:10}");
    }
    rounds::write("allocations", &counts);
}

fn count(
    measure: &'static str,
    payload: &Payload,
    contender: &'static str,
    work: impl FnOnce(),
) -> Count {
    let info = allocation_counter::measure(work);
    Count {
        measure,
        payload: payload.name.to_owned(),
        bytes: payload.body.len(),
        contender,
        allocations: info.count_total,
        peak_bytes: info.bytes_max,
    }
}

fn verify(payload: &Payload) -> Count {
    let verifier = Verifier::new(SigningSecret::parse(SECRET).unwrap());
    let headers = payload.headers(Names::Svix);
    let work = || {
        drop(black_box(
            verifier.verify(&headers, payload.body.clone()).unwrap(),
        ));
    };
    // A thread's first look at the secrets, which may be replaced meanwhile, allocates once.
    work();
    count("verify", payload, "clerk-webhooks", work)
}

fn decode(payload: &Payload) -> [Count; 2] {
    [
        count("decode", payload, "serde_json::Value", || {
            drop(black_box(
                serde_json::from_slice::<Value>(&payload.body).unwrap(),
            ));
        }),
        count("decode", payload, "ClerkEvent", || {
            drop(black_box(ClerkEvent::from_slice(&payload.body).unwrap()));
        }),
    ]
}

fn request(app: &App, payload: &Payload) -> Count {
    count_request("request", app, payload, payload.request(app.names, PATH)())
}

/// 1 MiB in frames of that size.
fn framed(app: &App, frame_bytes: usize) -> Count {
    let payload = Payload::of_bytes("1 MiB", 1 << 20);
    let (parts, _) = payload.request(app.names, PATH)().into_parts();
    let body = payload.body.clone();
    let frames = (0..body.len())
        .step_by(frame_bytes)
        .map(move |start| body.slice(start..start + frame_bytes));
    let request = Request::from_parts(parts, Body::new(Frames(frames)));
    Count {
        payload: format!("1 MiB by {frame_bytes}"),
        ..count_request("frames", app, &payload, request)
    }
}

/// The second request to a router, on a thread that has logged before: what is made once is made.
fn count_request(
    measure: &'static str,
    app: &App,
    payload: &Payload,
    request: Request<Body>,
) -> Count {
    let router = app.router();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let first = payload.request(app.names, PATH)();
    let answer = |request| runtime.block_on(router.clone().oneshot(request)).unwrap();
    assert_eq!(
        answer(first).status(),
        StatusCode::NO_CONTENT,
        "{}",
        app.name
    );
    count(measure, payload, app.name, || {
        drop(black_box(answer(request)))
    })
}

struct Frames<I>(I);

impl<I: Iterator<Item = Bytes> + Unpin> http_body::Body for Frames<I> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        std::task::Poll::Ready(self.0.next().map(|bytes| Ok(Frame::data(bytes))))
    }
}
