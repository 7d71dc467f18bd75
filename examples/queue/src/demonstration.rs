//! The demonstration that `--once` runs.

use std::{
    error::Error,
    net::SocketAddr,
    time::{Duration, Instant},
};

use clerk_webhooks::{ClerkEvent, EventData, SigningSecret, WebhookError, testing::SignedRequest};
use tokio::time::sleep;

use crate::{ROUTE, engines::Engine, support};

/// Fails the first two attempts for one user, as if the mail server were down.
const UNLUCKY: &str = "user_unlucky";

pub(crate) fn fail_if_asked_to(event: &ClerkEvent, attempt: u32) -> Result<(), WebhookError> {
    match &event.data {
        EventData::UserCreated(user) if user.id == UNLUCKY && attempt < 3 => {
            Err(WebhookError::retry("the mail server is down"))
        }
        _ => Ok(()),
    }
}

/// Sends deliveries that are all acknowledged at once, then shows how each event ends.
pub(crate) async fn run<Q: Engine>(
    address: SocketAddr,
    secret: &SigningSecret,
    queue: &Q,
) -> Result<(), Box<dyn Error>> {
    for (message_id, body) in [
        ("msg_1", user_created("user_1")),
        ("msg_2", user_created("user_2")),
        ("msg_2", user_created("user_2")),
        ("msg_unlucky", user_created(UNLUCKY)),
        (
            "msg_broken",
            r#"{"type": "user.created", "data": {}}"#.to_owned(),
        ),
    ] {
        let begun = Instant::now();
        let delivery = SignedRequest::new(secret, body).with_message_id(message_id);
        let status = support::deliver(address, ROUTE, &delivery).await?.status;
        let took = begun.elapsed().as_millis();
        println!("delivered {message_id}, answered {status} in {took} ms");
        if status != 202 {
            return Err(format!("{message_id} was not acknowledged").into());
        }
    }
    wait_until_done(queue).await?;
    for (message_id, error) in queue.dead().await? {
        println!("dead letter {message_id}: {error}");
    }
    Ok(())
}

async fn wait_until_done<Q: Engine>(queue: &Q) -> Result<(), Box<dyn Error>> {
    let deadline = Instant::now() + Duration::from_secs(45);
    loop {
        let unfinished = queue.unfinished().await?;
        if unfinished == 0 {
            return Ok(());
        }
        if deadline < Instant::now() {
            return Err(format!("the work takes too long: {unfinished} events are left").into());
        }
        sleep(Duration::from_millis(50)).await;
    }
}

fn user_created(id: &str) -> String {
    format!(
        r#"{{"type": "user.created", "object": "event", "data": {{"object": "user", "id": "{id}"}}}}"#
    )
}
