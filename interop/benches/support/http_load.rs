//! Real HTTP on loopback: one server thread with all contenders' routes, one client thread with
//! connections that stay open, each asking as soon as it is answered.
//!
//! The rate is taken twice: by the clock, and by the CPU time of the server's thread, which is what a
//! core of its own would do.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::{Router, routing::get};
use cpu_time::ThreadTime;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    task::JoinSet,
};

use super::{
    apps::App,
    payloads::Payload,
    rounds::{Group, Series, median, rounds},
};

const CONNECTIONS: usize = 16;
/// Of one contender, in each round.
const TURN: Duration = Duration::from_millis(200);
const ROUNDS_AT_MOST: usize = 41;

/// Requests a second of each app, in interleaved rounds.
pub(crate) fn measure(payload: &Payload, apps: &[App]) -> Vec<Series> {
    eprintln!("http {}", payload.name);
    let client = Client::new(payload, apps);
    let mut rates = vec![Vec::new(); apps.len()];
    for place in 0..apps.len() {
        client.rates(place);
    }
    for round in 0..rounds().min(ROUNDS_AT_MOST) {
        for turn in 0..apps.len() {
            let place = (round + turn) % apps.len();
            rates[place].push(client.rates(place));
        }
    }
    let group = |measure| Group {
        measure,
        payload: payload.name,
        bytes: payload.body.len(),
    };
    apps.iter()
        .zip(rates)
        .flat_map(|(app, rates)| {
            let (clock, cpu) = rates.into_iter().unzip();
            [
                group("http").series(app.name, "requests/s", clock),
                group("http_cpu").series(app.name, "requests/CPU s", cpu),
            ]
        })
        .inspect(|series| {
            let Series {
                contender, unit, ..
            } = series;
            eprintln!("  {:>12} {unit}  {contender}", median(&series.rounds));
        })
        .collect()
}

struct Client {
    server: SocketAddr,
    runtime: Runtime,
    requests: Vec<Vec<u8>>,
}

impl Client {
    fn new(payload: &Payload, apps: &[App]) -> Self {
        let request = |(number, app)| on_the_wire(payload, app, &path(number));
        Self {
            server: serve(apps),
            runtime: runtime(),
            requests: apps.iter().enumerate().map(request).collect(),
        }
    }

    /// Requests a second by the clock, and by the server's CPU time.
    fn rates(&self, place: usize) -> (f64, f64) {
        let before = self.server_cpu_seconds();
        let start = Instant::now();
        let answered = f64::from(
            self.runtime
                .block_on(ask(self.server, &self.requests[place])),
        );
        let clock = start.elapsed().as_secs_f64();
        let cpu = self.server_cpu_seconds() - before;
        ((answered / clock).round(), (answered / cpu).round())
    }

    fn server_cpu_seconds(&self) -> f64 {
        let request = b"GET /cpu HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        self.runtime.block_on(async {
            let mut connection = TcpStream::connect(self.server).await.unwrap();
            connection.write_all(request).await.unwrap();
            let mut answer = String::new();
            connection.read_to_string(&mut answer).await.unwrap();
            let (_, body) = answer.split_once("\r\n\r\n").unwrap();
            body.parse().unwrap()
        })
    }
}

fn path(number: usize) -> String {
    format!("/contender/{number}")
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// On a thread of its own, until the process ends.
fn serve(apps: &[App]) -> SocketAddr {
    let router = apps
        .iter()
        .enumerate()
        .fold(Router::new(), |router, (number, app)| {
            router.route(&path(number), (app.route)())
        })
        .route("/cpu", get(async || STARTED.with(cpu_seconds_since)));
    let server = runtime();
    let listener = server.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || server.block_on(async { axum::serve(listener, router).await }));
    address
}

thread_local! {
    static STARTED: ThreadTime = ThreadTime::now();
}

fn cpu_seconds_since(start: &ThreadTime) -> String {
    start.elapsed().as_secs_f64().to_string()
}

fn on_the_wire(payload: &Payload, app: &App, path: &str) -> Vec<u8> {
    let mut request = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n");
    request += "content-type: application/json\r\n";
    request += &format!("content-length: {}\r\n", payload.body.len());
    for (name, value) in payload.sign(app.names).header_pairs() {
        request += &format!("{name}: {value}\r\n");
    }
    [request.as_bytes(), b"\r\n", &payload.body].concat()
}

/// For a turn; how often it was answered.
async fn ask(server: SocketAddr, request: &[u8]) -> u32 {
    let mut connections = JoinSet::new();
    let end = Instant::now() + TURN;
    for _ in 0..CONNECTIONS {
        let request = request.to_vec();
        connections.spawn(async move { ask_until(end, server, &request).await });
    }
    connections.join_all().await.into_iter().sum()
}

/// Asks again and again over one connection; all answers are 204, which have no body.
async fn ask_until(end: Instant, server: SocketAddr, request: &[u8]) -> u32 {
    let mut connection = TcpStream::connect(server).await.unwrap();
    connection.set_nodelay(true).unwrap();
    let mut answer = Vec::with_capacity(1024);
    let mut answered = 0;
    while Instant::now() < end {
        connection.write_all(request).await.unwrap();
        answer.clear();
        while !answer.ends_with(b"\r\n\r\n") {
            assert!(
                connection.read_buf(&mut answer).await.unwrap() > 0,
                "hung up"
            );
        }
        assert!(answer.starts_with(b"HTTP/1.1 204"), "refused");
        answered += 1;
    }
    answered
}
