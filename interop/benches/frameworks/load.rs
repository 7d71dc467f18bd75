//! A client on one thread, which keeps a few connections busy.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use clerk_webhooks::testing::SignedRequest;

use crate::support::payloads::{Names, PATH, Payload};

const CONNECTIONS: usize = 8;

pub(crate) struct Client {
    server: SocketAddr,
    request: Vec<u8>,
}

impl Client {
    pub(crate) fn new(server: SocketAddr) -> Self {
        Self {
            server,
            request: on_the_wire(&Payload::user().sign(Names::Svix)),
        }
    }

    /// At least so many requests, as many on each connection. Returns how many.
    ///
    /// Connects each time: servers close connections that were idle while the others had their turn.
    pub(crate) fn ask(&self, times: usize) -> usize {
        let mut connections = Vec::from_iter((0..CONNECTIONS).map(|_| connect(self.server)));
        let rounds = times.div_ceil(CONNECTIONS);
        for _ in 0..rounds {
            for connection in &mut connections {
                connection.write_all(&self.request).unwrap();
            }
            connections.iter_mut().for_each(read_204);
        }
        rounds * CONNECTIONS
    }
}

fn connect(server: SocketAddr) -> TcpStream {
    let start = Instant::now();
    loop {
        match TcpStream::connect(server) {
            Ok(stream) => {
                stream.set_nodelay(true).unwrap();
                return stream;
            }
            Err(error) if start.elapsed() > Duration::from_secs(60) => panic!("{error}"),
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// A 204 has no body.
fn read_204(connection: &mut TcpStream) {
    let (mut answer, mut filled) = ([0; 4096], 0);
    while !answer[..filled].ends_with(b"\r\n\r\n") {
        let count = connection.read(&mut answer[filled..]).unwrap();
        assert!(count > 0, "the server closed the connection");
        filled += count;
    }
    assert!(answer.starts_with(b"HTTP/1.1 204"), "refused");
}

fn on_the_wire(signed: &SignedRequest) -> Vec<u8> {
    let mut request = format!("POST {PATH} HTTP/1.1\r\nhost: localhost\r\n");
    request += "content-type: application/json\r\n";
    request += &format!("content-length: {}\r\n", signed.body().len());
    for (name, value) in signed.header_pairs() {
        request += &format!("{name}: {value}\r\n");
    }
    [request.as_bytes(), b"\r\n", signed.body()].concat()
}
