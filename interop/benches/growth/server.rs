//! One contender's server in a process of its own, and the parent's end of it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
};

use axum::routing::get;
use cpu_time::ThreadTime;
use peak_alloc::PeakAlloc;
use tokio::{net::TcpListener, runtime::Builder};

use crate::{
    CONTENDERS,
    support::{
        apps::App,
        payloads::{Names, PATH, Payload},
    },
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The argument that makes this program a server.
pub(crate) const COMMAND: &str = "serve";

/// Until the parent kills it.
pub(crate) fn serve(contender: &str) {
    let app = CONTENDERS.iter().find(|app| app.name == contender);
    let router = app.expect("a contender's name").router();
    let router = router
        .route("/stats", get(async || stats()))
        .route("/reset", get(async || MEMORY.reset_peak_usage()));
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        STARTED.with(|_| {});
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        axum::serve(listener, router).await.unwrap();
    });
}

thread_local! {
    static STARTED: ThreadTime = ThreadTime::now();
}

fn stats() -> String {
    let cpu = STARTED.with(ThreadTime::elapsed).as_secs_f64();
    format!("{cpu} {} {}", MEMORY.current_usage(), MEMORY.peak_usage())
}

/// What the server's thread has used so far, and what its process holds.
#[derive(Clone, Copy)]
pub(crate) struct Stats {
    pub(crate) cpu_seconds: f64,
    /// Allocated now.
    pub(crate) bytes: f64,
    /// The most since the last reset.
    pub(crate) peak_bytes: f64,
}

/// Ends with its handle.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// On the first core, where that can be chosen.
    pub(crate) fn start(app: &App) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut command = if Path::new("/usr/bin/taskset").exists() {
            let mut command = Command::new("/usr/bin/taskset");
            command.args(["-c", "0"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.args([COMMAND, app.name]).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let address = line.trim().parse().expect("the server's address");
        Self { process, address }
    }

    pub(crate) fn stats(&self) -> Stats {
        let text = self.ask("/stats");
        let numbers: Vec<f64> = text.split(' ').map(|word| word.parse().unwrap()).collect();
        Stats {
            cpu_seconds: numbers[0],
            bytes: numbers[1],
            peak_bytes: numbers[2],
        }
    }

    pub(crate) fn reset_peak(&self) {
        self.ask("/reset");
    }

    /// The resident set, where the system tells it.
    pub(crate) fn resident_bytes(&self) -> Option<f64> {
        let status = format!("/proc/{}/status", self.process.id());
        let text = std::fs::read_to_string(status).ok()?;
        let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
        let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib * 1024.0)
    }

    fn ask(&self, path: &str) -> String {
        let mut connection = TcpStream::connect(self.address).unwrap();
        write!(
            connection,
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        body.to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// How the body is sent.
#[derive(Clone, Copy)]
pub(crate) enum Framing {
    Declared,
    ChunksOf(usize),
}

/// The request's bytes on the wire.
pub(crate) fn on_the_wire(payload: &Payload, framing: Framing) -> Vec<u8> {
    let mut request = format!("POST {PATH} HTTP/1.1\r\nhost: localhost\r\n");
    request += "content-type: application/json\r\n";
    for (name, value) in payload.sign(Names::Svix).header_pairs() {
        request += &format!("{name}: {value}\r\n");
    }
    let body = match framing {
        Framing::Declared => {
            request += &format!("content-length: {}\r\n", payload.body.len());
            payload.body.to_vec()
        }
        Framing::ChunksOf(bytes) => {
            request += "transfer-encoding: chunked\r\n";
            in_chunks(&payload.body, bytes)
        }
    };
    [request.as_bytes(), b"\r\n", &body].concat()
}

fn in_chunks(body: &[u8], bytes: usize) -> Vec<u8> {
    let chunks = body.chunks(bytes).map(|chunk| {
        let head = format!("{:x}\r\n", chunk.len());
        [head.as_bytes(), chunk, b"\r\n"].concat()
    });
    chunks.flatten().chain(*b"0\r\n\r\n").collect()
}

/// Sends a request and reads the answer, which has no body.
pub(crate) fn exchange(connection: &mut TcpStream, request: &[u8]) {
    connection.write_all(request).unwrap();
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    while !answer.ends_with(b"\r\n\r\n") {
        let count = connection.read(&mut buffer).unwrap();
        assert!(count > 0, "the server hung up");
        answer.extend_from_slice(&buffer[..count]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 204"), "refused");
}
