//! Every contender in one run, in interleaved rounds: verification, decoding, the whole request,
//! forgeries, and HTTP on loopback. Writes a file for each measure into `docs/benchmarks/data`.
//!
//! `cargo bench --bench side_by_side`, or with the names of measures behind `--`; with `BENCH_ROUNDS=5`
//! it is a trial that writes nothing.

mod support;

use clerk_webhooks::ClerkEvent;
use http::StatusCode;
use serde_json::Value;
use support::{
    apps::{self, App},
    forgeries, http_load,
    payloads::{PATH, Payload},
    rounds::{self, Contender, Group, Series},
    verifiers,
};

type Measure = fn() -> Vec<Series>;

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let measures: [(&str, Measure); 5] = [
        ("verify", verify),
        ("decode", decode),
        ("request", request),
        ("forgery", forgery),
        ("http", http),
    ];
    for (measure, run) in measures {
        if wanted.is_empty() || wanted.iter().any(|word| word == measure) {
            rounds::write(measure, &run());
        }
    }
}

fn verify() -> Vec<Series> {
    let sizes = [
        Payload::user(),
        Payload::email(),
        Payload::of_bytes("1 KiB", 1 << 10),
        Payload::of_bytes("4 KiB", 4 << 10),
        Payload::of_bytes("16 KiB", 16 << 10),
        Payload::of_bytes("64 KiB", 64 << 10),
        Payload::of_bytes("256 KiB", 256 << 10),
        Payload::of_bytes("1 MiB", 1 << 20),
        Payload::of_bytes("2 MiB", 2 << 20),
    ];
    sizes
        .iter()
        .flat_map(|payload| {
            rounds::measure(&group("verify", payload), verifiers::contenders(payload))
        })
        .collect()
}

fn events() -> [Payload; 4] {
    [
        Payload::user(),
        Payload::email(),
        Payload::user_with_metadata("64 KiB user", 64 << 10),
        Payload::user_with_metadata("1 MiB user", 1 << 20),
    ]
}

fn decode() -> Vec<Series> {
    let contenders = |payload: &Payload| {
        let (value, event) = (payload.body.clone(), payload.body.clone());
        vec![
            Contender::repeat("serde_json::Value", move || {
                serde_json::from_slice::<Value>(&value).unwrap()
            }),
            Contender::repeat("ClerkEvent", move || {
                ClerkEvent::from_slice(&event).unwrap()
            }),
        ]
    };
    let [user, email, metadata, more_metadata] = events();
    let plain = Payload::email_without_escapes();
    let escaped = Payload::email_escaped_for_html();
    [user, email, plain, escaped, metadata, more_metadata]
        .iter()
        .flat_map(|payload| rounds::measure(&group("decode", payload), contenders(payload)))
        .collect()
}

fn request() -> Vec<Series> {
    let contender = |payload: &Payload, app: &App| {
        app.contender(payload.request(app.names, PATH), |status| {
            status == StatusCode::NO_CONTENT
        })
    };
    events()
        .iter()
        .flat_map(|payload| {
            let contenders = apps::ALL.iter().map(|app| contender(payload, app));
            rounds::measure(&group("request", payload), contenders.collect())
        })
        .collect()
}

fn forgery() -> Vec<Series> {
    let payload = Payload::of_bytes("1 MiB", 1 << 20);
    forgeries::ALL
        .iter()
        .flat_map(|forgery| {
            let group = Group {
                measure: "forgery",
                payload: forgery.name,
                bytes: payload.body.len(),
            };
            rounds::measure(&group, forgery.contenders(&payload))
        })
        .collect()
}

fn http() -> Vec<Series> {
    http_load::measure(
        &Payload::user(),
        &[apps::BARE, apps::VERIFY_ONLY, apps::TYPED, apps::SVIX_VALUE],
    )
}

fn group(measure: &'static str, payload: &Payload) -> Group {
    Group {
        measure,
        payload: payload.name,
        bytes: payload.body.len(),
    }
}
