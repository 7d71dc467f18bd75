//! Bodies of 64 KiB to 2 MB, in frames of any size: CPU time of a request, and peak memory for 16 at once.

use std::net::TcpStream;

use serde::Serialize;

use crate::{
    CONTENDERS, is_trial,
    server::{Framing, Server, exchange, on_the_wire},
    support::{apps::App, payloads::Payload, rounds},
};

const AT_ONCE: usize = 16;

const SIZES: [(&str, usize); 4] = [
    ("64 KiB", 64 << 10),
    ("256 KiB", 256 << 10),
    ("1 MiB", 1 << 20),
    // Under the limit of 2 MiB, with what is around the metadata.
    ("2 MB", 2_000_000),
];

struct Shape {
    name: &'static str,
    framing: Framing,
    /// Of each connection, in a round.
    requests: usize,
    rounds: usize,
}

/// A body of 1-byte frames takes the server a hundred times as long as any other.
const SHAPES: [Shape; 4] = [
    Shape {
        name: "declared",
        framing: Framing::Declared,
        requests: 4,
        rounds: 31,
    },
    Shape {
        name: "frames of 16 KiB",
        framing: Framing::ChunksOf(16 << 10),
        requests: 4,
        rounds: 11,
    },
    Shape {
        name: "frames of 1,400 B",
        framing: Framing::ChunksOf(1_400),
        requests: 4,
        rounds: 11,
    },
    Shape {
        name: "frames of 1 B",
        framing: Framing::ChunksOf(1),
        requests: 1,
        rounds: 1,
    },
];

#[derive(Serialize)]
struct Row {
    size: &'static str,
    bytes: usize,
    shape: &'static str,
    contender: &'static str,
    /// CPU time of the server for one request, of each round.
    milliseconds: Vec<f64>,
    /// The most that was allocated at the same time, in MiB, of each round.
    peak_mib: Vec<f64>,
}

pub(crate) fn measure() {
    let mut rows = Vec::new();
    for (size, bytes) in SIZES {
        let payload = Payload::user_with_metadata(size, bytes);
        for shape in &SHAPES {
            rows.extend(measure_shape(size, &payload, shape));
        }
    }
    rounds::write("bodies", &rows);
}

fn measure_shape(size: &'static str, payload: &Payload, shape: &Shape) -> Vec<Row> {
    let request = on_the_wire(payload, shape.framing);
    let mut rows: Vec<_> = CONTENDERS
        .iter()
        .map(|app| Row {
            size,
            bytes: payload.body.len(),
            shape: shape.name,
            contender: app.name,
            milliseconds: Vec::new(),
            peak_mib: Vec::new(),
        })
        .collect();
    for _ in 0..rounds::rounds().min(shape.rounds) {
        for (app, row) in CONTENDERS.iter().zip(&mut rows) {
            let (milliseconds, peak_mib) = round(app, &request, shape.requests);
            row.milliseconds.push(milliseconds);
            row.peak_mib.push(peak_mib);
        }
    }
    for row in &rows {
        let (cpu, peak) = (
            rounds::median(&row.milliseconds),
            rounds::median(&row.peak_mib),
        );
        let Row {
            shape, contender, ..
        } = row;
        eprintln!("{size} {shape}: {cpu:.2} ms, {peak:.1} MiB  {contender}");
    }
    rows
}

/// A small request of each connection warms the server up, and then the request itself, unless it takes long.
fn round(app: &App, request: &[u8], requests: usize) -> (f64, f64) {
    let server = Server::start(app);
    let connect = |_| TcpStream::connect(server.address).unwrap();
    let mut connections: Vec<_> = (0..AT_ONCE).map(connect).collect();
    let small = on_the_wire(&Payload::user(), Framing::Declared);
    all_at_once(&mut connections, &small, 1);
    if requests > 1 {
        all_at_once(&mut connections, request, 1);
    }
    server.reset_peak();
    let before = server.stats();
    let requests = if is_trial() { 1 } else { requests };
    all_at_once(&mut connections, request, requests);
    let after = server.stats();
    let count = (AT_ONCE * requests) as f64;
    let milliseconds = (after.cpu_seconds - before.cpu_seconds) * 1e3 / count;
    let peak_mib = (after.peak_bytes - before.bytes) / f64::from(1 << 20);
    (milliseconds, peak_mib)
}

fn all_at_once(connections: &mut [TcpStream], request: &[u8], requests: usize) {
    std::thread::scope(|scope| {
        for connection in connections {
            scope.spawn(move || {
                for _ in 0..requests {
                    exchange(connection, request);
                }
            });
        }
    });
}
