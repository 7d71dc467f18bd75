//! Connections that were served once and stay open: the server's memory for each.

use std::net::TcpStream;

use serde::Serialize;

use crate::{
    CONTENDERS, is_trial,
    server::{Framing, Server, exchange, on_the_wire},
    support::{apps::App, payloads::Payload, rounds},
};

#[derive(Serialize)]
struct Row {
    contender: &'static str,
    connections: usize,
    /// Allocated, for each connection.
    bytes: f64,
    /// The process's resident set, for each connection.
    resident_bytes: Option<f64>,
}

pub(crate) fn measure() {
    let rows: Vec<_> = CONTENDERS.iter().map(measure_contender).collect();
    for row in &rows {
        let Row {
            contender,
            connections,
            bytes,
            resident_bytes,
        } = row;
        eprintln!(
            "{connections} idle: {bytes:.0} B each, {resident_bytes:.0?} B resident  {contender}"
        );
    }
    rounds::write("idle", &rows);
}

/// The first connections warm the server up.
fn measure_contender(app: &App) -> Row {
    let connections = if is_trial() { 500 } else { 9_000 };
    let server = Server::start(app);
    let request = on_the_wire(&Payload::user(), Framing::Declared);
    let warm: Vec<_> = (0..100).map(|_| served(&server, &request)).collect();
    let (before, resident_before) = (server.stats(), server.resident_bytes());
    let open: Vec<_> = (0..connections)
        .map(|_| served(&server, &request))
        .collect();
    let (after, resident_after) = (server.stats(), server.resident_bytes());
    drop((warm, open));
    let each = |before: f64, after: f64| ((after - before) / connections as f64).round();
    Row {
        contender: app.name,
        connections,
        bytes: each(before.bytes, after.bytes),
        resident_bytes: resident_before
            .zip(resident_after)
            .map(|(before, after)| each(before, after)),
    }
}

fn served(server: &Server, request: &[u8]) -> TcpStream {
    let mut connection = TcpStream::connect(server.address)
        .expect("9,100 files can be open: raise `ulimit -n` to 10000");
    exchange(&mut connection, request);
    connection
}
