//! A receiver that answers as it is told, byte by byte.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Instant,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// What the receiver does with a request.
pub(crate) enum Answer {
    /// Sends these bytes.
    Bytes(String),
    /// Sends these bytes once it is told to go on.
    Later(Arc<Notify>, String),
    /// Closes the connection.
    Close,
    /// Says nothing, and keeps the connection.
    Silence,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self::with_headers(status, "")
    }

    pub(crate) fn with_headers(status: u16, headers: &str) -> Self {
        Self::Bytes(text(status, headers))
    }

    pub(crate) fn later(gate: &Arc<Notify>, status: u16) -> Self {
        Self::Later(gate.clone(), text(status, ""))
    }
}

fn text(status: u16, headers: &str) -> String {
    format!("HTTP/1.1 {status} Status\r\ncontent-length: 2\r\n{headers}\r\nok")
}

/// A request as it came.
#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) connection: usize,
    pub(crate) at: Instant,
    pub(crate) bytes: Vec<u8>,
}

impl Received {
    /// Names in lower case.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        let text = String::from_utf8(self.bytes.clone()).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        head.lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect()
    }

    pub(crate) fn header(&self, name: &str) -> String {
        let mut headers = self.headers().into_iter();
        headers.find(|header| header.0 == name).unwrap().1
    }

    pub(crate) fn body(&self) -> &[u8] {
        let start = self.bytes.windows(4).position(|four| four == b"\r\n\r\n");
        &self.bytes[start.unwrap() + 4..]
    }
}

/// Listens as long as the runtime lives.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    /// `answer` gets each request, and how many came before it.
    pub(crate) async fn start(
        answer: impl Fn(usize, &Received) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            received: Arc::default(),
        };
        let (this, answer) = (receiver.clone(), Arc::new(answer));
        tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(this.clone().serve(stream, connection, answer.clone()));
            }
        });
        receiver
    }

    async fn serve(
        self,
        mut stream: TcpStream,
        connection: usize,
        answer: Arc<impl Fn(usize, &Received) -> Answer>,
    ) {
        while let Some(bytes) = read_request(&mut stream).await {
            let at = Instant::now();
            let request = Received {
                connection,
                at,
                bytes,
            };
            let before = self.note(request.clone());
            match answer(before, &request) {
                Answer::Bytes(bytes) => stream.write_all(bytes.as_bytes()).await.unwrap(),
                Answer::Later(gate, bytes) => {
                    gate.notified().await;
                    stream.write_all(bytes.as_bytes()).await.unwrap();
                }
                Answer::Close => return,
                Answer::Silence => {}
            }
        }
    }

    fn note(&self, request: Received) -> usize {
        let mut received = self.received.lock().unwrap();
        received.push(request);
        received.len() - 1
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

/// None when the connection has ended.
pub(crate) async fn read_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(request.clone()).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .map_or(0, |length| length.parse().unwrap());
    let start = request.len();
    request.resize(start + length, 0);
    stream.read_exact(&mut request[start..]).await.ok()?;
    Some(request)
}
