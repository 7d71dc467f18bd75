//! What `trigger` sends in a second, beside wrk against the same server in the same run; and how long the program takes
//! to start.
//!
//! `cargo bench -p clerk-webhooks-cli` needs the program `wrk` (Debian: `apt-get install wrk`). wrk sends one signed
//! delivery again and again. `trigger` signs each message anew, in a process whose start counts.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark prints, and stops when something is missing"
)]

use std::{
    fs,
    net::SocketAddr,
    process::Command,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use axum::{Router, http::StatusCode, routing::post};
use clerk_webhooks::{
    ClerkWebhookLayer, SigningSecret, VerifiedClerkEvent,
    testing::{SignedRequest, fixtures},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_clerk-webhooks");
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ROUNDS: usize = 7;
const MESSAGES: usize = 10_000;
const CONCURRENCY: usize = 64;
const STARTS: usize = 200;

fn main() {
    let address = serve();
    println!("{ROUNDS} rounds of {MESSAGES} messages, {CONCURRENCY} at once; sent in a second:\n");
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let (wrk, trigger) = (wrk(address), trigger(address));
        println!(
            "wrk {wrk:>8.0}   trigger {trigger:>8.0}   {:.2}",
            trigger / wrk
        );
        ratios.push(trigger / wrk);
    }
    ratios.sort_by(f64::total_cmp);
    println!("\nthe median of the rounds: {:.2}\n", ratios[ROUNDS / 2]);
    for args in [
        &["--version"][..],
        &["events", "user.created"],
        &["sign", "Cargo.toml"],
    ] {
        let [median, p95] = start(args);
        println!("{:<22} {median:>6.2} ms, p95 {p95:.2} ms", args.join(" "));
    }
}

/// A route with the layer, and a handler that does nothing.
fn serve() -> SocketAddr {
    let clerk = ClerkWebhookLayer::new(SECRET.parse::<SigningSecret>().unwrap());
    let on_event = |_: VerifiedClerkEvent| async { StatusCode::NO_CONTENT };
    let app = Router::new().route("/", post(on_event).route_layer(clerk));
    let (sender, started) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, app).await.unwrap();
        });
    });
    started.recv().unwrap()
}

/// Requests in a second.
fn wrk(address: SocketAddr) -> f64 {
    let secret = SECRET.parse::<SigningSecret>().unwrap();
    let request = SignedRequest::new(&secret, fixtures::user_deleted());
    let body = String::from_utf8(request.body().to_vec()).unwrap();
    let mut script = format!("wrk.method = \"POST\"\nwrk.body = [==[{body}]==]\n");
    for (name, value) in request.header_pairs() {
        script += &format!("wrk.headers[\"{name}\"] = \"{value}\"\n");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("delivery.lua");
    fs::write(&file, script).unwrap();
    let connections = format!("-c{CONCURRENCY}");
    let output = Command::new("wrk")
        .args(["-t1", &connections, "-d2s", "-s"])
        .arg(&file)
        .arg(format!("http://{address}/"))
        .output()
        .expect("wrk is not installed: apt-get install wrk");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(!printed.contains("Non-2xx"), "{printed}");
    let rate = printed
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"));
    rate.unwrap().trim().parse().unwrap()
}

/// Messages in a second, from the start of the program to its end.
fn trigger(address: SocketAddr) -> f64 {
    let (repeat, concurrency) = (MESSAGES.to_string(), CONCURRENCY.to_string());
    let url = format!("http://{address}/");
    let started = Instant::now();
    let output = Command::new(PROGRAM)
        .env("CLERK_WEBHOOK_SIGNING_SECRET", SECRET)
        .args(["trigger", "user.deleted", "--to", &url])
        .args(["--repeat", &repeat, "--concurrency", &concurrency])
        .output()
        .unwrap();
    let took = started.elapsed();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    f64::from(u32::try_from(MESSAGES).unwrap()) / took.as_secs_f64()
}

/// The median and the 95th percentile, in milliseconds.
fn start(args: &[&str]) -> [f64; 2] {
    let run = |_| {
        let started = Instant::now();
        let mut command = Command::new(PROGRAM);
        command
            .env("CLERK_WEBHOOK_SIGNING_SECRET", SECRET)
            .args(args);
        assert!(command.output().unwrap().status.success());
        started.elapsed()
    };
    let mut times: Vec<Duration> = (0..STARTS).map(run).collect();
    times.sort_unstable();
    [times[STARTS / 2], times[STARTS * 95 / 100]].map(|time| time.as_secs_f64() * 1e3)
}
