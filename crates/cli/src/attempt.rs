//! One attempt to deliver, as Svix makes it.

use std::{
    io,
    time::{Duration, Instant},
};

use clerk_webhooks::{SigningSecret, testing::SignedRequest};
use fastrand::Rng;
use tokio::{runtime::Runtime, time::timeout};

use crate::{
    capture::CapturedDelivery,
    failure::Failure,
    output::{Colour, Output},
    send::{Client, Head, Over, Rest, Target, random_message_id, request, request_as_is},
};

/// How soon a connection must break for the same bytes to be sent once more.
const RESEND_WINDOW: Duration = Duration::from_secs(1);

/// How long the body of an answer may take.
const BODY_TIME_LIMIT: Duration = Duration::from_secs(5);

/// How an attempt ended.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// The status and the start of the body, or why there is no answer.
    pub(crate) answer: Result<(u16, Vec<u8>), String>,
    /// Until the head of the answer came.
    pub(crate) took: Duration,
}

impl Attempt {
    pub(crate) fn status(&self) -> Option<u16> {
        self.answer.as_ref().ok().map(|(status, _)| *status)
    }

    pub(crate) fn is_accepted(&self) -> bool {
        self.status()
            .is_some_and(|status| (200..300).contains(&status))
    }

    pub(crate) fn milliseconds(&self) -> f64 {
        milliseconds(self.took)
    }

    /// The columns of status and time.
    pub(crate) fn outcome(&self, as_expected: bool, output: &Output) -> String {
        let colour = if as_expected {
            Colour::Green
        } else {
            Colour::Red
        };
        let status = self
            .status()
            .map_or("---".to_owned(), |status| status.to_string());
        format!(
            "{}  {:>8.1} ms",
            output.paint(colour, &status),
            self.milliseconds()
        )
    }
}

/// To two digits after the point.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 1e2
}

/// Sends the request, and the same bytes once more if the connection breaks at once.
pub(crate) async fn attempt(
    client: &Client,
    target: &Target,
    request: &[u8],
    time_limit: Duration,
) -> Attempt {
    let started = Instant::now();
    let send = |over| timeout(time_limit, client.send(request, target.origin(), over));
    let mut sent = send(Over::Any).await;
    if matches!(sent, Ok(Err(_))) && started.elapsed() < RESEND_WINDOW {
        sent = send(Over::New).await;
    }
    let took = started.elapsed();
    let answer = match sent {
        Ok(Ok((head, rest))) => Ok(read(head, rest).await),
        Ok(Err(error)) => Err(message(&error)),
        Err(_) => Err(format!("no answer within {} s", time_limit.as_secs_f32())),
    };
    Attempt { answer, took }
}

/// The request that sends a delivery once more: its message id and body with a fresh timestamp and signature or, without
/// a secret, as it was recorded.
pub(crate) fn request_again(
    target: &Target,
    secret: Option<&SigningSecret>,
    delivery: &CapturedDelivery,
) -> Vec<u8> {
    let Some(secret) = secret else {
        return request_as_is(target, &delivery.headers, &delivery.body);
    };
    let mut rng = Rng::new();
    let id = delivery.claimed_id().map(str::to_owned);
    let signed = SignedRequest::new(secret, delivery.body.clone())
        .with_message_id(id.unwrap_or_else(|| random_message_id(&mut rng)));
    request(target, &signed.header_pairs(), &delivery.body, &mut rng)
}

async fn read(head: Head, rest: Rest) -> (u16, Vec<u8>) {
    (head.status(), rest.read(BODY_TIME_LIMIT).await)
}

fn message(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused: nothing listens there".to_owned(),
        _ => error.to_string(),
    }
}

/// What runs attempts. Only commands that send start it.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Network(format!("cannot start the runtime: {error}")))
}
