//! Senders that stop midway, and what they leave behind: nothing.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    http::StatusCode,
    routing::post,
};
use clerk_webhooks::VerifiedClerkEvent;
use http_body::{Frame, SizeHint};
use tokio::{sync::mpsc, time::timeout};
use tower_http::{map_request_body::MapRequestBodyLayer, timeout::RequestBodyDeadlineLayer};

use super::{BODY, Server, clerk, serve, signed};
use crate::connection::{Connection, PATIENCE, head, with_length};

#[tokio::test]
async fn a_stalled_body_is_ended_by_a_deadline_outside() {
    let deadline = RequestBodyDeadlineLayer::new(Duration::from_millis(50));
    let mut server = Server::start_with(|route| route.route_layer(deadline)).await;
    let framing = format!("content-length: {}", BODY.len());
    for (framing, sent) in [
        (framing.as_str(), "{"),
        ("transfer-encoding: chunked", "1\r\n{\r\n"),
    ] {
        let mut connection = server.connect().await;
        connection.send(head(&signed(), framing)).await;
        connection.send(sent).await;
        assert_eq!(connection.status().await, 400, "{framing}");
        connection.closed().await;
    }
    assert!(server.handled().is_empty());
}

/// Alive as long as what it was given to.
type Alive = mpsc::Sender<()>;

/// A body that is known to be alive, and says so when it is polled first.
struct Watched {
    body: Body,
    _alive: Alive,
    polled: Option<mpsc::UnboundedSender<()>>,
}

impl HttpBody for Watched {
    type Data = axum::body::Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if let Some(polled) = self.polled.take() {
            polled.send(()).unwrap();
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[tokio::test]
async fn a_sender_that_goes_while_its_body_is_read_leaves_nothing_behind() {
    let (alive, mut all_gone) = mpsc::channel(1);
    let (polled, mut was_polled) = mpsc::unbounded_channel();
    let weak = alive.downgrade();
    let watch = MapRequestBodyLayer::new(move |body| Watched {
        body,
        _alive: weak.upgrade().unwrap(),
        polled: Some(polled.clone()),
    });
    let mut server = Server::start_with(|route| route.route_layer(watch)).await;
    let tasks = alive_tasks();
    for sent in ["", "{", &BODY[..10]] {
        let mut connection = server.connect().await;
        let framing = format!("content-length: {}", BODY.len());
        connection.send(head(&signed(), &framing)).await;
        connection.send(sent).await;
        timeout(PATIENCE, was_polled.recv()).await.unwrap().unwrap();
    }
    drop(alive);
    assert_eq!(timeout(PATIENCE, all_gone.recv()).await.unwrap(), None);
    no_more_tasks_than(tasks).await;
    assert!(server.handled().is_empty());
}

#[tokio::test]
async fn a_sender_that_goes_while_the_handler_runs_ends_it() {
    let (alive, mut all_gone) = mpsc::channel::<()>(1);
    let (started, mut has_started) = mpsc::unbounded_channel();
    let weak = alive.downgrade();
    let handler = move |_: VerifiedClerkEvent| async move {
        let _alive: Alive = weak.upgrade().unwrap();
        started.send(()).unwrap();
        std::future::pending::<StatusCode>().await
    };
    let address = serve(post(handler).route_layer(clerk())).await;
    let tasks = alive_tasks();
    let mut connection = Connection::open(address).await;
    connection.send(with_length(&signed())).await;
    timeout(PATIENCE, has_started.recv())
        .await
        .unwrap()
        .unwrap();
    drop((alive, connection));
    assert_eq!(timeout(PATIENCE, all_gone.recv()).await.unwrap(), None);
    no_more_tasks_than(tasks).await;
}

fn alive_tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

/// The runtime tells of a task's end to nobody but who holds its handle: ask until it is so.
async fn no_more_tasks_than(before: usize) {
    let waiting = async {
        while alive_tasks() > before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("all tasks ended");
}
