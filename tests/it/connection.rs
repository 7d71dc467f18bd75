//! HTTP/1.1 byte by byte, for what no client library would send.

#![allow(dead_code, reason = "other test binaries use a part of this")]

use std::{net::SocketAddr, time::Duration};

use clerk_webhooks::testing::SignedRequest;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    join,
    net::TcpStream,
    time::timeout,
};

/// Far beyond what a loaded machine takes; only a test that fails waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A client that sends and reads bytes as it is told.
pub(crate) struct Connection(TcpStream);

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Sends a byte at a time, with a pause before each, until all are sent or the server answers.
    pub(crate) async fn trickle(&mut self, bytes: impl IntoIterator<Item = u8>, pause: Duration) {
        self.0.set_nodelay(true).unwrap();
        for byte in bytes {
            let answered = timeout(pause, self.0.peek(&mut [0])).await.is_ok();
            // Sending fails once the server has closed.
            if answered || self.0.write_u8(byte).await.is_err() {
                return;
            }
        }
    }

    /// Sends as much as the server takes, and reads the status of its answer meanwhile.
    pub(crate) async fn exchange(&mut self, bytes: impl AsRef<[u8]>) -> u16 {
        let (mut reader, mut writer) = self.0.split();
        // What is answered early may be read no further: then sending fails.
        let (_, status) = join!(writer.write_all(bytes.as_ref()), read_status(&mut reader));
        status
    }

    /// Ends what is sent; the answer can still be read.
    pub(crate) async fn finish_sending(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// Drops the connection so that the server sees it reset, not closed.
    pub(crate) fn reset(self) {
        self.0.set_zero_linger().unwrap();
    }

    /// The head of the next answer, whole.
    pub(crate) async fn head(&mut self) -> String {
        read_head(&mut self.0).await
    }

    /// The status of the next answer, whose body is read too.
    pub(crate) async fn status(&mut self) -> u16 {
        read_status(&mut self.0).await
    }

    /// Waits until the server closes the connection, after no further answer.
    pub(crate) async fn closed(&mut self) {
        let mut rest = Vec::new();
        // What arrives behind an answer that was not read to the end resets the connection.
        let _: Result<usize, _> = timeout(PATIENCE, self.0.read_to_end(&mut rest))
            .await
            .expect("the connection closed in time");
        assert_eq!(String::from_utf8_lossy(&rest), "");
    }
}

async fn read_head(reader: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = timeout(PATIENCE, reader.read_u8())
            .await
            .expect("an answer in time");
        head.push(byte.expect("an answer before the connection closes"));
    }
    String::from_utf8(head).unwrap()
}

async fn read_status(reader: &mut (impl AsyncRead + Unpin)) -> u16 {
    let head = read_head(reader).await;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    timeout(PATIENCE, reader.read_exact(&mut body))
        .await
        .expect("an answer's body in time")
        .expect("an answer's body before the connection closes");
    head.split(' ').nth(1).unwrap().parse().unwrap()
}

/// The head of a delivery to `/webhooks/clerk`; `framing` says how the body comes.
pub(crate) fn head(signed: &SignedRequest, framing: &str) -> String {
    let headers = signed
        .header_pairs()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    format!(
        "POST /webhooks/clerk HTTP/1.1\r\nhost: x\r\n{}{framing}\r\n\r\n",
        headers.concat()
    )
}

/// A delivery as the sender makes it.
pub(crate) fn with_length(signed: &SignedRequest) -> Vec<u8> {
    let head = head(signed, &format!("content-length: {}", signed.body().len()));
    [head.as_bytes(), signed.body()].concat()
}

/// The same delivery, its body in chunks of which none declares the whole length.
pub(crate) fn in_chunks(signed: &SignedRequest) -> Vec<u8> {
    in_chunks_of(100, signed)
}

/// The same, in chunks of `size` bytes.
pub(crate) fn in_chunks_of(size: usize, signed: &SignedRequest) -> Vec<u8> {
    let mut request = head(signed, "transfer-encoding: chunked").into_bytes();
    for chunk in signed.body().chunks(size) {
        request.extend(format!("{:x}\r\n", chunk.len()).bytes());
        request.extend(chunk);
        request.extend(b"\r\n");
    }
    request.extend(b"0\r\n\r\n");
    request
}
