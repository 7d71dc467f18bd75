//! The program, started on a queue of its own.

use std::{net::SocketAddr, time::Duration};

use clerk_webhooks::{SigningSecret, testing::SignedRequest};
use clerk_webhooks_testbed::process::{Process, Program};
use tokio::time::{Instant, sleep};

use crate::support::{Answer, deliver, request};

pub(crate) const ROUTE: &str = "/webhooks/clerk";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Far longer than a loaded machine takes. Only a test that fails waits this long.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn program(queue_url: &str) -> Program {
    Program::new(env!("CARGO_BIN_EXE_example-queue"))
        .env("QUEUE_URL", queue_url)
        .env("CLERK_WEBHOOK_SIGNING_SECRET", SECRET)
}

pub(crate) fn delivery(message_id: &str) -> SignedRequest {
    let event = r#"{"type":"user.created","data":{"id":"user_1"}}"#;
    SignedRequest::new(&SigningSecret::parse(SECRET).unwrap(), event).with_message_id(message_id)
}

pub(crate) async fn status_of_delivery(address: SocketAddr, message_id: &str) -> u16 {
    let answer = deliver(address, ROUTE, &delivery(message_id)).await;
    answer.unwrap().status
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    request(address, "GET", path, "", "").await.unwrap()
}

/// Waits until the program has printed this.
pub(crate) async fn prints(process: &Process, text: &str) {
    until(async || process.printed().unwrap().contains(text)).await;
}

pub(crate) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < deadline, "it did not happen in time");
        sleep(Duration::from_millis(10)).await;
    }
}
