//! The layer behind axum on a real socket, spoken to byte by byte.

mod common;

use std::{net::SocketAddr, time::Duration};

use axum::{Router, http::StatusCode, routing::post};
use clerk_webhooks::{ClerkWebhookLayer, VerifiedClerkEvent, Verifier, testing::SignedRequest};
use common::secret;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};

const BODY: &str = r#"{"type":"user.deleted","data":{"id":"user_1"}}"#;
const PATIENCE: Duration = Duration::from_secs(10);

struct Server {
    address: SocketAddr,
    handled: mpsc::UnboundedReceiver<String>,
}

impl Server {
    async fn start() -> Self {
        let (saw, handled) = mpsc::unbounded_channel();
        let handler = move |event: VerifiedClerkEvent| async move {
            saw.send(event.message_id().to_owned()).unwrap();
            StatusCode::NO_CONTENT
        };
        let clerk = ClerkWebhookLayer::new(Verifier::new(secret()));
        let app = Router::new().route("/webhooks/clerk", post(handler).route_layer(clerk));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, handled }
    }

    async fn connect(&self) -> Connection {
        Connection(TcpStream::connect(self.address).await.unwrap())
    }

    fn handled(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.handled.try_recv().ok()).collect()
    }
}

struct Connection(TcpStream);

impl Connection {
    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// The head of the next answer, whole.
    async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = timeout(PATIENCE, self.0.read_u8())
                .await
                .expect("an answer in time");
            head.push(byte.expect("an answer before the connection closes"));
        }
        String::from_utf8(head).unwrap()
    }

    async fn status(&mut self) -> u16 {
        self.head()
            .await
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap()
    }
}

/// A request head; `framing` says how the body comes.
fn head(signed: &SignedRequest, framing: &str) -> String {
    let headers = signed
        .header_pairs()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    format!(
        "POST /webhooks/clerk HTTP/1.1\r\nhost: x\r\n{}{framing}\r\n\r\n",
        headers.concat()
    )
}

fn with_length(signed: &SignedRequest) -> String {
    head(signed, &format!("content-length: {}", signed.body().len()))
}

fn signed() -> SignedRequest {
    SignedRequest::new(&secret(), BODY)
}

#[tokio::test]
async fn a_genuine_delivery_arrives_and_the_connection_stays() {
    let mut server = Server::start().await;
    let mut connection = server.connect().await;
    for message_id in ["msg_1", "msg_2"] {
        let signed = signed().with_message_id(message_id);
        connection.send(with_length(&signed)).await;
        connection.send(BODY).await;
        assert_eq!(connection.status().await, 204);
    }
    assert_eq!(server.handled(), ["msg_1", "msg_2"]);
}

#[tokio::test]
async fn a_chunked_body_arrives_whole() {
    let mut server = Server::start().await;
    let mut connection = server.connect().await;
    connection
        .send(head(&signed(), "transfer-encoding: chunked"))
        .await;
    for chunk in BODY.as_bytes().chunks(7) {
        connection.send(format!("{:x}\r\n", chunk.len())).await;
        connection.send(chunk).await;
        connection.send("\r\n").await;
    }
    connection.send("0\r\n\r\n").await;
    assert_eq!(connection.status().await, 204);
    assert_eq!(server.handled().len(), 1);
}

#[tokio::test]
async fn an_absurd_declared_length_is_413_at_once() {
    let mut server = Server::start().await;
    for length in ["2097153", "100000000000000", "9223372036854775807"] {
        let mut connection = server.connect().await;
        connection
            .send(head(&signed(), &format!("content-length: {length}")))
            .await;
        assert_eq!(connection.status().await, 413, "{length}");
    }
    assert!(server.handled().is_empty());
}

#[tokio::test]
async fn other_methods_and_paths_keep_their_405_and_404() {
    let server = Server::start().await;
    for (request, status) in [("GET /webhooks/clerk", 405), ("POST /elsewhere", 404)] {
        let mut connection = server.connect().await;
        connection
            .send(format!("{request} HTTP/1.1\r\nhost: x\r\n\r\n"))
            .await;
        assert_eq!(connection.status().await, status, "{request}");
    }
}

#[tokio::test]
async fn a_sender_that_disconnects_midway_never_reaches_the_handler() {
    let mut server = Server::start().await;
    let mut connection = server.connect().await;
    connection.send(with_length(&signed())).await;
    connection.send(&BODY[..10]).await;
    drop(connection);
    let mut next = server.connect().await;
    next.send(with_length(&signed().with_message_id("msg_next")))
        .await;
    next.send(BODY).await;
    assert_eq!(next.status().await, 204);
    assert_eq!(server.handled(), ["msg_next"]);
}

#[tokio::test]
async fn bad_headers_are_answered_while_the_body_never_ends() {
    let mut server = Server::start().await;
    let mut connection = server.connect().await;
    let unsigned = "POST /webhooks/clerk HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n{";
    connection.send(unsigned).await;
    assert_eq!(connection.status().await, 400);
    assert!(server.handled().is_empty());
}

#[tokio::test]
async fn header_values_of_any_bytes_are_refused_politely() {
    let mut server = Server::start().await;
    for value in [&b"\xff\xfe"[..], b"\t", b"", b"v1,\xf0\x9f\xa6\x80"] {
        for name in ["svix-id", "svix-timestamp", "svix-signature"] {
            let mut request = b"POST /webhooks/clerk HTTP/1.1\r\nhost: x\r\n".to_vec();
            for (header, good) in signed().header_pairs() {
                let value = if header == name {
                    value
                } else {
                    good.as_bytes()
                };
                request.extend([header.as_bytes(), b": ", value, b"\r\n"].concat());
            }
            request.extend_from_slice(b"content-length: 0\r\n\r\n");
            let mut connection = server.connect().await;
            connection.send(request).await;
            assert_eq!(connection.status().await, 400, "{name}: {value:?}");
        }
    }
    assert!(server.handled().is_empty());
}
