//! What is refused without reading the body, and without inviting it.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use axum::body::{Body, HttpBody};
use http_body::{Frame, SizeHint};
use tower_http::map_request_body::MapRequestBodyLayer;

use super::{BODY, Server, forged, signed, stale};
use crate::connection::head;

/// Says how often it was polled.
struct Counted {
    body: Body,
    polls: Arc<AtomicUsize>,
}

impl HttpBody for Counted {
    type Data = axum::body::Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.polls.fetch_add(1, Relaxed);
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A server, and how often bodies of its requests were polled.
async fn counting_server() -> (Server, Arc<AtomicUsize>) {
    let polls = Arc::<AtomicUsize>::default();
    let counter = Arc::clone(&polls);
    let count = MapRequestBodyLayer::new(move |body| Counted {
        body,
        polls: Arc::clone(&counter),
    });
    let server = Server::start_with(|route| route.route_layer(count)).await;
    (server, polls)
}

#[tokio::test]
async fn bad_headers_are_answered_while_the_body_never_ends() {
    let (mut server, polls) = counting_server().await;
    let bare = "POST /webhooks/clerk HTTP/1.1\r\nhost: x\r\n";
    for request in [
        format!("{bare}content-length: 1000000\r\n\r\n{{"),
        format!("{bare}transfer-encoding: chunked\r\n\r\n1\r\n{{\r\n"),
        format!("{}{{", head(&stale(), "content-length: 1000000")),
        format!(
            "{}1\r\n{{\r\n",
            head(&stale(), "transfer-encoding: chunked")
        ),
    ] {
        let mut connection = server.connect().await;
        connection.send(&request).await;
        assert_eq!(connection.status().await, 400, "{request}");
        connection.closed().await;
    }
    assert_eq!(polls.load(Relaxed), 0);
    assert!(server.handled().is_empty());
}

#[tokio::test]
async fn a_declared_length_over_the_limit_is_413_unread() {
    let (mut server, polls) = counting_server().await;
    for length in ["2097153", "100000000000000", "9223372036854775807"] {
        let mut connection = server.connect().await;
        let framing = format!("content-length: {length}");
        connection.send(head(&signed(), &framing)).await;
        assert_eq!(connection.status().await, 413, "{length}");
        connection.closed().await;
    }
    assert_eq!(polls.load(Relaxed), 0);
    assert!(server.handled().is_empty());
}

#[tokio::test]
async fn a_chunked_body_is_413_once_it_is_over_the_limit() {
    let (mut server, polls) = counting_server().await;
    let mut connection = server.connect().await;
    connection
        .send(head(&signed(), "transfer-encoding: chunked"))
        .await;
    let over = 2 * 1024 * 1024 + 1;
    connection.send(format!("{over:x}\r\n")).await;
    connection.send(vec![b' '; over]).await;
    assert_eq!(connection.status().await, 413, "before the last chunk");
    assert!(polls.load(Relaxed) > 0);
    assert!(server.handled().is_empty());
}

fn expecting(framing: &str) -> String {
    format!("expect: 100-continue\r\n{framing}")
}

#[tokio::test]
async fn only_good_headers_invite_the_body() {
    let mut server = Server::start().await;
    let with_length = expecting(&format!("content-length: {}", BODY.len()));

    let mut connection = server.connect().await;
    connection.send(head(&signed(), &with_length)).await;
    assert_eq!(connection.status().await, 100);
    connection.send(BODY).await;
    assert_eq!(connection.status().await, 204);
    assert_eq!(server.handled().len(), 1);

    let mut connection = server.connect().await;
    connection.send(head(&forged(), &with_length)).await;
    assert_eq!(connection.status().await, 100, "the body is needed to tell");
    connection.send(BODY).await;
    assert_eq!(connection.status().await, 400);

    let too_long = expecting("content-length: 2097153");
    let bare = format!("POST /webhooks/clerk HTTP/1.1\r\nhost: x\r\n{with_length}\r\n\r\n");
    for (request, status) in [
        (bare, 400),
        (head(&stale(), &with_length), 400),
        (head(&stale(), &too_long), 400),
        (head(&signed(), &too_long), 413),
    ] {
        let mut connection = server.connect().await;
        connection.send(&request).await;
        assert_eq!(
            connection.status().await,
            status,
            "without 100 before: {request}"
        );
        connection.closed().await;
    }
    assert!(server.handled().is_empty());
}
