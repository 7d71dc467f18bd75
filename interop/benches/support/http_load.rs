//! Real HTTP on loopback: one server thread with all contenders' routes, one client thread with
//! connections that stay open, each asking as soon as it is answered.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::Router;
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

/// Requests a second of each app, in interleaved rounds.
pub(crate) fn measure(payload: &Payload, apps: &[App]) -> Vec<Series> {
    let group = Group {
        measure: "http",
        payload: payload.name,
        bytes: payload.body.len(),
    };
    eprintln!("{} {}", group.measure, group.payload);
    let address = serve(apps);
    let client = runtime();
    let requests: Vec<Vec<u8>> = apps
        .iter()
        .enumerate()
        .map(|(number, app)| on_the_wire(payload, app, &path(number)))
        .collect();
    let mut rates = vec![Vec::new(); apps.len()];
    let _warm_up: Vec<f64> = requests
        .iter()
        .map(|request| client.block_on(rate(address, request)))
        .collect();
    for round in 0..rounds().min(41) {
        for turn in 0..apps.len() {
            let place = (round + turn) % apps.len();
            rates[place].push(client.block_on(rate(address, &requests[place])).round());
        }
    }
    apps.iter()
        .zip(rates)
        .map(|(app, rates)| group.series(app.name, "requests/s", rates))
        .inspect(|series| eprintln!("  {:>8} /s  {}", median(&series.rounds), series.contender))
        .collect()
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
        });
    let server = runtime();
    let listener = server.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || server.block_on(async { axum::serve(listener, router).await }));
    address
}

fn on_the_wire(payload: &Payload, app: &App, path: &str) -> Vec<u8> {
    let mut request = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n");
    request += &format!(
        "content-type: application/json\r\ncontent-length: {}\r\n",
        payload.body.len()
    );
    for (name, value) in payload.sign(app.names).header_pairs() {
        request += &format!("{name}: {value}\r\n");
    }
    [request.as_bytes(), b"\r\n", &payload.body].concat()
}

async fn rate(address: SocketAddr, request: &[u8]) -> f64 {
    let mut connections = JoinSet::new();
    let start = Instant::now();
    for _ in 0..CONNECTIONS {
        let request = request.to_vec();
        connections.spawn(async move { ask_until(start + TURN, address, &request).await });
    }
    let answered: u32 = connections.join_all().await.into_iter().sum();
    f64::from(answered) / start.elapsed().as_secs_f64()
}

/// Asks again and again over one connection; all answers are 204, which have no body.
async fn ask_until(end: Instant, address: SocketAddr, request: &[u8]) -> u32 {
    let mut connection = TcpStream::connect(address).await.unwrap();
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
