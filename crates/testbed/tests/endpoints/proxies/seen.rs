//! What a service behind each proxy gets, and what the sender gets when one of the three does not go on.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use clerk_webhooks_testbed::Port;

use super::{Proxy, Version};
use crate::{
    framework::Handler,
    frameworks::AXUM,
    request::{Request, genuine, signed_of_length, stale},
    wire::{Connection, unchunked},
};

/// What is found out of each proxy.
pub(crate) const QUESTIONS: [&str; 11] = [
    "a body with `content-length` arrives",
    "a chunked body arrives",
    "a body of 2 MiB arrives",
    "the header name `SVIX-ID` arrives as",
    "header lines that are changed or lost",
    "header lines that are added",
    "a stale delivery whose body is withheld",
    "the service is down",
    "the service does not answer",
    "the sender stops within the body",
    "`GET /readyz` from outside",
];

/// What both configurations say. A loaded machine takes longer, but never by as much again.
const SERVICE_TIMEOUT: Duration = Duration::from_secs(15);
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn of(proxy: &Proxy, version: Version) -> [String; QUESTIONS.len()] {
    let (service, arrivals) = service_that_keeps_requests();
    let running = proxy.in_front_of(service, version);
    let arrives = |request: &Request| {
        let mut connection = Connection::open(running.address);
        connection.send(request.whole());
        let answer = connection.answer().expect("an answer");
        assert_eq!(answer.status, 200, "{answer}");
        arrivals.recv().unwrap()
    };
    let request = as_svix_sends_it();
    let (declared, chunked) = (
        arrives(&request),
        arrives(&request.clone().in_chunks_of(16)),
    );
    let long = signed_of_length(2 << 20);
    let arrived_long = arrives(&long);
    let in_capitals = arrives(&genuine().renamed(|name| name.to_uppercase()));
    let mut names = in_capitals.lines.iter().map(|(name, _)| name);
    let name = names.find(|name| name.eq_ignore_ascii_case("svix-id"));
    [
        declared.body(&request),
        chunked.body(&request),
        arrived_long.body(&long),
        format!("`{}`", name.expect("the header")),
        declared.changes(&request),
        declared.additions(&request),
        when_a_body_is_withheld(proxy, version),
        when_the_service_is_down(proxy, version),
        when_the_service_is_silent(proxy, version),
        when_the_sender_stops(running.address),
        asked_from_outside(running.address),
    ]
}

fn as_svix_sends_it() -> Request {
    genuine()
        .and("user-agent", "Svix-Webhooks/1.82")
        .and("accept", "*/*")
        .and("content-type", "application/json")
}

/// A request as the service reads it.
struct Arrived {
    lines: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// Header lines that frame the body.
const FRAMING: [&str; 2] = ["content-length", "transfer-encoding"];

impl Arrived {
    /// `None` while it is incomplete.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        let httparse::Status::Complete(head) = request.parse(bytes).expect("an HTTP request")
        else {
            return None;
        };
        let lines = request.headers.iter();
        let lines = lines.map(|line| (line.name.to_owned(), line.value.to_vec()));
        let mut arrived = Self {
            lines: lines.collect(),
            body: Vec::new(),
        };
        let rest = &bytes[head..];
        arrived.body = match arrived.value("content-length") {
            Some(length) => {
                let length: usize = str::from_utf8(length).unwrap().parse().unwrap();
                rest.get(..length)?.to_vec()
            }
            None => unchunked(rest)?.0,
        };
        Some(arrived)
    }

    fn value(&self, name: &str) -> Option<&[u8]> {
        let mut lines = self.lines.iter();
        let line = lines.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(&line.1)
    }

    /// How the body is framed, and whether it is what was sent.
    fn body(&self, sent: &Request) -> String {
        let framing = match self.value("content-length") {
            Some(_) => "with `content-length`",
            None => "chunked",
        };
        let is_same = self.body == sent.body();
        let bytes = if is_same { "unchanged" } else { "**changed**" };
        format!("{bytes}, {framing}")
    }

    fn changes(&self, sent: &Request) -> String {
        let changed = sent
            .lines()
            .filter_map(|(name, value)| match self.value(name) {
                Some(arrived) if arrived == value => None,
                Some(_) => Some(format!("`{name}` changed")),
                None => Some(format!("`{name}` lost")),
            });
        listed(changed)
    }

    fn additions(&self, sent: &Request) -> String {
        let is_new = |name: &str| {
            let mut known = sent.lines().map(|(name, _)| name);
            !known.any(|known| known.eq_ignore_ascii_case(name)) && name != "host"
        };
        let lines = self
            .lines
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), String::from_utf8_lossy(value)));
        let lines = lines.filter(|(name, _)| is_new(name) && !FRAMING.contains(&name.as_str()));
        let mut added: Vec<_> = lines
            .map(|(name, value)| format!("`{name}: {value}`"))
            .collect();
        added.sort();
        listed(added.into_iter())
    }
}

fn listed(texts: impl Iterator<Item = String>) -> String {
    let texts: Vec<_> = texts.collect();
    if texts.is_empty() {
        "none".to_owned()
    } else {
        texts.join(", ")
    }
}

/// Answers 200 to everything, on a thread that goes on until the receiver is dropped.
fn service_that_keeps_requests() -> (SocketAddr, Receiver<Arrived>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (kept, arrivals) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            if let Some(arrived) = receive(stream.unwrap())
                && kept.send(arrived).is_err()
            {
                return;
            }
        }
    });
    (address, arrivals)
}

fn receive(mut stream: TcpStream) -> Option<Arrived> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 65_536]);
    loop {
        let count = stream.read(&mut buffer).ok().filter(|&count| count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        if let Some(arrived) = Arrived::parse(&bytes) {
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer).ok()?;
            return Some(arrived);
        }
    }
}

/// Whether the service's refusal needs the body.
fn when_a_body_is_withheld(proxy: &Proxy, version: Version) -> String {
    let service = (AXUM.start)(Handler::default());
    let running = proxy.in_front_of(service.address, version);
    let begun = Instant::now();
    let ended = status_of(running.address, stale().head());
    if begun.elapsed() < BODY_TIMEOUT / 2 {
        format!("{ended} at once")
    } else {
        format!("{ended} after {} s", BODY_TIMEOUT.as_secs())
    }
}

fn when_the_service_is_down(proxy: &Proxy, version: Version) -> String {
    let nobody = Port::reserve().unwrap();
    let running = proxy.in_front_of(nobody.address(), version);
    status_of(running.address, genuine().whole())
}

fn when_the_service_is_silent(proxy: &Proxy, version: Version) -> String {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let running = proxy.in_front_of(silent.local_addr().unwrap(), version);
    let begun = Instant::now();
    let ended = status_of(running.address, genuine().whole());
    after(SERVICE_TIMEOUT, begun, ended)
}

fn when_the_sender_stops(server: SocketAddr) -> String {
    let half = genuine().payload()[..20].to_vec();
    let mut connection = Connection::open(server);
    connection.send([genuine().head(), half].concat());
    let patience = 3 * BODY_TIMEOUT;
    let begun = Instant::now();
    if connection.is_silent_for(patience) {
        return format!("nothing for {} s", patience.as_secs());
    }
    after(BODY_TIMEOUT, begun, status(&mut connection))
}

fn asked_from_outside(server: SocketAddr) -> String {
    let request = b"GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    status_of(server, request.to_vec())
}

fn status_of(server: SocketAddr, bytes: Vec<u8>) -> String {
    let mut connection = Connection::open(server);
    connection.send(bytes);
    status(&mut connection)
}

fn status(connection: &mut Connection) -> String {
    match connection.answer() {
        Some(answer) => answer.status.to_string(),
        None => "closed".to_owned(),
    }
}

/// What has happened, and that it took this time.
fn after(timeout: Duration, begun: Instant, ended: String) -> String {
    let took = begun.elapsed();
    let early = timeout.mul_f32(0.9);
    assert!(
        early < took && took < 2 * timeout,
        "{ended} after {took:?}, not {timeout:?}"
    );
    format!("{ended} after {} s", timeout.as_secs())
}
