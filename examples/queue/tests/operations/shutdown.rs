//! The order in which the program stops.

use std::time::{Duration, Instant};

use clerk_webhooks::testing::SignedRequest;
use clerk_webhooks_testbed::process::Process;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::program::{ROUTE, delivery, get, prints, program, status_of_delivery, until};

#[tokio::test]
async fn the_server_drains_and_stops_before_the_worker() {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("queue.db").display());
    let program = program(&url).env("WORK_MS", "1500").env("DRAIN_MS", "1000");
    let mut process = program.serve().await.unwrap();
    let address = process.address();
    assert_eq!(status_of_delivery(address, "msg_handled").await, 202);
    let begun = Begun::send(&process, &delivery("msg_begun")).await;

    process.terminate().unwrap();
    prints(&process, "shutting down").await;
    // Load balancers are told, and what they still send is taken.
    let unready = get(address, "/readyz").await;
    assert_eq!(
        (unready.status, unready.body.as_str()),
        (503, "shutting down")
    );
    assert_eq!(get(address, "/livez").await.status, 200);
    assert_eq!(status_of_delivery(address, "msg_late").await, 202);
    // Then the server takes no more, but answers what it has begun.
    until(async || TcpStream::connect(address).await.is_err()).await;
    assert_eq!(begun.finish().await, "HTTP/1.1 202 Accepted");
    // The worker ends last.
    assert!(process.ended().await.unwrap().success());
    let printed = process.printed().unwrap();
    let place = |text: &str| {
        printed
            .find(text)
            .unwrap_or_else(|| panic!("no {text:?}:\n{printed}"))
    };
    assert!(place("the server has stopped") < place("the worker has stopped"));
    assert!(place("processed msg_handled attempt 1") < place("the worker has stopped"));

    // What was acknowledged and not handled is in the queue.
    process.serve_again().await.unwrap();
    for message_id in ["msg_begun", "msg_late"] {
        prints(&process, &format!("processed {message_id} attempt")).await;
    }
    let printed = process.printed().unwrap();
    for message_id in ["msg_handled", "msg_begun", "msg_late"] {
        let runs = printed.matches(&format!("processed {message_id} ")).count();
        assert_eq!(runs, 1, "{message_id}:\n{printed}");
    }
}

#[tokio::test]
async fn a_sender_that_stalls_does_not_hold_up_a_shutdown() {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("queue.db").display());
    let mut process = program(&url).serve().await.unwrap();
    let _stalled = Begun::send(&process, &delivery("msg_stalled")).await;

    let signalled = Instant::now();
    process.terminate().unwrap();
    assert!(process.ended().await.unwrap().success());
    assert!(signalled.elapsed() > Duration::from_secs(14));
    let printed = process.printed().unwrap();
    assert!(
        printed.contains("gave up on requests that are still incomplete"),
        "{printed}"
    );
    assert!(printed.ends_with("the worker has stopped\n"), "{printed}");
}

/// A delivery of which the server has the head and half of the body.
struct Begun {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl Begun {
    async fn send(process: &Process, delivery: &SignedRequest) -> Self {
        let (first, rest) = delivery.body().split_at(20);
        let length = delivery.body().len();
        let mut head = format!("POST {ROUTE} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n");
        for (name, value) in delivery.header_pairs() {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        let mut stream = TcpStream::connect(process.address()).await.unwrap();
        stream
            .write_all(&[head.as_bytes(), first].concat())
            .await
            .unwrap();
        // The server answers requests of other connections meanwhile: it has read the head then.
        assert_eq!(get(process.address(), "/livez").await.status, 200);
        Self {
            stream,
            rest: rest.to_vec(),
        }
    }

    /// The first line of the answer.
    async fn finish(mut self) -> String {
        self.stream.write_all(&self.rest).await.unwrap();
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).await.unwrap();
        answer.lines().next().unwrap_or_default().to_owned()
    }
}
