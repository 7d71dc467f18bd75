//! The layer behind axum on a real socket, spoken to byte by byte.

mod disconnects;
mod reuse;
mod unread;

use std::{net::SocketAddr, time::Duration};

use axum::{
    Router,
    http::StatusCode,
    routing::{MethodRouter, post},
};
use clerk_webhooks::{ClerkWebhookLayer, VerifiedClerkEvent, Verifier, testing::SignedRequest};
use tokio::{net::TcpListener, sync::mpsc};

use crate::{
    common::{other_secret, secret},
    connection::{Connection, head, with_length},
};

const BODY: &str = r#"{"type":"user.deleted","data":{"id":"user_1"}}"#;

/// axum with one route, which tells the message ids that its handler saw.
struct Server {
    address: SocketAddr,
    handled: mpsc::UnboundedReceiver<String>,
}

impl Server {
    async fn start() -> Self {
        Self::start_with(|route| route).await
    }

    /// With more layers around the route.
    async fn start_with(wrap: impl FnOnce(MethodRouter) -> MethodRouter) -> Self {
        let (saw, handled) = mpsc::unbounded_channel();
        let handler = move |event: VerifiedClerkEvent| async move {
            saw.send(event.message_id().to_owned()).unwrap();
            StatusCode::NO_CONTENT
        };
        let address = serve(wrap(post(handler).route_layer(clerk()))).await;
        Self { address, handled }
    }

    async fn connect(&self) -> Connection {
        Connection::open(self.address).await
    }

    fn handled(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.handled.try_recv().ok()).collect()
    }
}

async fn serve(route: MethodRouter) -> SocketAddr {
    let app = Router::new().route("/webhooks/clerk", route);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

fn clerk() -> ClerkWebhookLayer {
    ClerkWebhookLayer::new(Verifier::new(secret()))
}

fn signed() -> SignedRequest {
    SignedRequest::new(&secret(), BODY)
}

/// Well-formed headers, so that the body is read; no signature matches.
fn forged() -> SignedRequest {
    SignedRequest::new(&other_secret(), BODY)
}

/// Refused for its headers alone, so that the body is not read.
fn stale() -> SignedRequest {
    signed().with_age(Duration::from_secs(3600))
}

#[tokio::test]
async fn a_genuine_delivery_arrives_and_the_connection_stays() {
    let mut server = Server::start().await;
    let mut connection = server.connect().await;
    for message_id in ["msg_1", "msg_2"] {
        let signed = signed().with_message_id(message_id);
        connection.send(with_length(&signed)).await;
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
