//! Typed decoding, compared with `serde_json::Value` of the same bytes. `cargo bench --bench decode`

use clerk_webhooks::{ClerkEvent, testing::fixtures};
use divan::{AllocProfiler, Bencher, counter::BytesCount};
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const EVENTS: [&str; 5] = [
    "user.created",
    "email.created",
    "email.created, escaped for HTML",
    "64 KiB user",
    "1 MiB user",
];

fn main() {
    divan::main();
}

#[divan::bench(args = EVENTS)]
fn typed(bencher: Bencher<'_, '_>, event: &str) {
    let body = body(event);
    bencher
        .counter(BytesCount::new(body.len()))
        .bench_local(|| ClerkEvent::from_slice(body.as_bytes()).unwrap());
}

#[divan::bench(args = EVENTS)]
fn value(bencher: Bencher<'_, '_>, event: &str) {
    let body = body(event);
    bencher
        .counter(BytesCount::new(body.len()))
        .bench_local(|| serde_json::from_slice::<Value>(body.as_bytes()).unwrap());
}

fn body(event: &str) -> String {
    match event {
        "email.created" => {
            let row = "<tr><td style=\"padding: 0\"><p class='code'>424242</p></td></tr>\n";
            fixtures::email_created()
                .with(|email| email.body = Some(row.repeat(100)))
                .to_json()
        }
        // Go's encoder writes e-mails so.
        "email.created, escaped for HTML" => body("email.created")
            .replace('<', "\\u003c")
            .replace('>', "\\u003e"),
        "64 KiB user" => user_with_metadata(1 << 10),
        "1 MiB user" => user_with_metadata(16 << 10),
        _ => fixtures::user_created().to_json(),
    }
}

/// Entries of about 64 bytes each.
fn user_with_metadata(entries: usize) -> String {
    let entry = json!({"plan": "team", "seats": [1, 2, 3], "active": true, "id": 1234});
    let entries: Vec<_> = std::iter::repeat_n(entry, entries).collect();
    fixtures::user_created()
        .public_metadata(json!({ "entries": entries }))
        .to_json()
}
