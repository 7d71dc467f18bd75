//! A request over a connection of its own.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }
}

/// Sends a request to `http://HOST:PORT` and reads the answer.
#[track_caller]
pub(crate) fn request(
    server: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let host = server.strip_prefix("http://").unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| *name == "host") {
        head += &format!("host: {host}\r\n");
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!(
        "connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(host).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    read(&mut stream)
}

#[track_caller]
pub(crate) fn read(stream: &mut TcpStream) -> Answer {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|part| part == b"\r\n\r\n") {
            break end + 4;
        }
        let mut part = [0; 4096];
        let count = stream.read(&mut part).unwrap();
        assert!(count > 0, "closed after {}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&part[..count]);
    };
    let mut body = read.split_off(end);
    let head = String::from_utf8(read).unwrap().to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    match length {
        Some(length) => {
            let mut rest = vec![
                0;
                length
                    .trim()
                    .parse::<usize>()
                    .unwrap()
                    .saturating_sub(body.len())
            ];
            stream.read_exact(&mut rest).unwrap();
            body.extend_from_slice(&rest);
        }
        None => _ = stream.read_to_end(&mut body).unwrap(),
    }
    Answer {
        status: head[9..12].parse().unwrap(),
        head,
        body,
    }
}
