//! HTTP/1.1 byte by byte, for what no client library would send.

use std::{net::SocketAddr, time::Duration};

use clerk_webhooks::testing::SignedRequest;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
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

    /// The head of the next answer, whole.
    pub(crate) async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = timeout(PATIENCE, self.0.read_u8())
                .await
                .expect("an answer in time");
            head.push(byte.expect("an answer before the connection closes"));
        }
        String::from_utf8(head).unwrap()
    }

    /// The status of the next answer, whose body is read too.
    pub(crate) async fn status(&mut self) -> u16 {
        let head = self.head().await;
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        timeout(PATIENCE, self.0.read_exact(&mut body))
            .await
            .expect("an answer's body in time")
            .expect("an answer's body before the connection closes");
        head.split(' ').nth(1).unwrap().parse().unwrap()
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
    let mut request = head(signed, "transfer-encoding: chunked").into_bytes();
    for chunk in signed.body().chunks(100) {
        request.extend(format!("{:x}\r\n", chunk.len()).bytes());
        request.extend(chunk);
        request.extend(b"\r\n");
    }
    request.extend(b"0\r\n\r\n");
    request
}
