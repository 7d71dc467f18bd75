//! HTTP/1 byte by byte, for requests that no client library sends.

use std::{
    fmt,
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Far longer than a loaded machine takes. Only a test that fails waits this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a socket takes even if the server reads nothing.
const FITS_UNREAD: usize = 32_768;

/// A client that sends and reads bytes as it is told.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    sending: Option<JoinHandle<()>>,
}

impl Connection {
    /// Tries again until the server listens: some frameworks bind their port themselves.
    pub(crate) fn open(server: SocketAddr) -> Self {
        let start = Instant::now();
        let stream = loop {
            match TcpStream::connect(server) {
                Ok(stream) => break stream,
                Err(error) if start.elapsed() > PATIENCE => panic!("{server}: {error}"),
                Err(_) => thread::sleep(Duration::from_millis(5)),
            }
        };
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            received: Vec::new(),
            sending: None,
        }
    }

    /// A server that answers early may close the connection. Sending fails then, and the answer counts.
    pub(crate) fn send(&mut self, bytes: Vec<u8>) {
        self.wait_until_sent();
        let mut stream = self.stream.try_clone().unwrap();
        if bytes.len() <= FITS_UNREAD {
            let _: Result<(), _> = stream.write_all(&bytes);
        } else {
            self.sending = Some(thread::spawn(move || drop(stream.write_all(&bytes))));
        }
    }

    /// Whether nothing arrives for this long.
    pub(crate) fn is_silent_for(&mut self, duration: Duration) -> bool {
        self.received.is_empty() && self.receive(duration).is_none()
    }

    /// The next answer, whole. `None` if the connection closes without one.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        let mut is_closed = false;
        loop {
            if let Some((answer, length)) = Answer::parse(&self.received, is_closed) {
                self.received.drain(..length);
                return Some(answer);
            }
            if is_closed {
                return None;
            }
            is_closed = self.receive(PATIENCE).expect("an answer in time") == 0;
        }
    }

    /// The server sees the end of what is sent. The answer can still be read.
    pub(crate) fn finish_sending(&mut self) {
        self.wait_until_sent();
        let _: Result<(), _> = self.stream.shutdown(Shutdown::Write);
    }

    fn wait_until_sent(&mut self) {
        if let Some(sending) = self.sending.take() {
            sending.join().unwrap();
        }
    }

    /// How many bytes arrived; 0 if the connection is closed or reset, `None` if nothing arrived in time.
    fn receive(&mut self, patience: Duration) -> Option<usize> {
        self.stream.set_read_timeout(Some(patience)).unwrap();
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(count) => {
                self.received.extend_from_slice(&buffer[..count]);
                Some(count)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                None
            }
            Err(_) => Some(0),
        }
    }
}

/// An answer, less what differs from framework to framework.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    retry_after: Option<String>,
    aborts: bool,
}

impl Answer {
    /// The answer at the start of `bytes` and its length, if it is complete.
    fn parse(bytes: &[u8], is_closed: bool) -> Option<(Self, usize)> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(head) = response.parse(bytes).expect("an HTTP answer")
        else {
            return None;
        };
        let header = |name: &str| {
            let mut headers = response.headers.iter();
            let header = headers.find(|header| header.name.eq_ignore_ascii_case(name))?;
            Some(String::from_utf8_lossy(header.value).into_owned())
        };
        let status = response.code.unwrap();
        let rest = &bytes[head..];
        let (body, length) = match header("content-length") {
            _ if matches!(status, 100..=199 | 204 | 304) => (Vec::new(), 0),
            Some(length) => {
                let length = length.parse().unwrap();
                (rest.get(..length)?.to_vec(), length)
            }
            None if header("transfer-encoding").is_some() => unchunked(rest)?,
            None => (is_closed.then(|| rest.to_vec())?, rest.len()),
        };
        let answer = Self {
            status,
            text: String::from_utf8_lossy(&body).into_owned(),
            retry_after: header("retry-after"),
            aborts: header("webhook-delivery").as_deref() == Some("abort-message"),
        };
        Some((answer, head + length))
    }
}

/// A chunked body and its length on the wire, if it is complete.
pub(crate) fn unchunked(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let rest = &bytes[at..];
        let Ok(httparse::Status::Complete((start, size))) = httparse::parse_chunk_size(rest) else {
            return None;
        };
        let size = usize::try_from(size).unwrap();
        body.extend_from_slice(rest.get(start..start + size)?);
        rest.get(start + size..start + size + 2)?;
        at += start + size + 2;
        if size == 0 {
            return Some((body, at));
        }
    }
}

/// As the tables write it: `500 processing failed, please retry (retry-after: 60)`.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        // Every framework words its own 404 and 405, and every proxy its own page.
        if self.text.starts_with("<html>") {
            f.write_str(" with a page of the proxy")?;
        } else if !self.text.is_empty() && !matches!(self.status, 404 | 405) {
            write!(f, " {}", self.text)?;
        }
        if let Some(seconds) = &self.retry_after {
            write!(f, " (retry-after: {seconds})")?;
        }
        if self.aborts {
            f.write_str(" (webhook-delivery: abort-message)")?;
        }
        Ok(())
    }
}
