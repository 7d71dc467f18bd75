//! What came back from an endpoint.

use std::{
    io,
    time::{Duration, Instant},
};

use tokio::time::timeout;

use crate::send::{Client, Head, Over, Target};

/// How long the body of an answer may take.
const BODY_TIME_LIMIT: Duration = Duration::from_secs(2);

/// How a probe ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) answer: Result<Answer, NoAnswer>,
    pub(crate) took: Duration,
}

#[derive(Debug)]
pub(crate) struct Answer {
    head: Head,
    body: String,
}

#[derive(Debug)]
pub(crate) enum NoAnswer {
    TimedOut,
    /// There is no connection, or it broke.
    Failed(io::Error),
}

/// Sends a request over a connection of its own.
pub(super) async fn ask(target: &Target, request: &[u8], time_limit: Duration) -> Outcome {
    let started = Instant::now();
    let client = Client::default();
    let sent = timeout(time_limit, client.send(request, target.origin(), Over::New)).await;
    let took = started.elapsed();
    let answer = match sent {
        Ok(Ok((head, rest))) => {
            let body = rest.read(BODY_TIME_LIMIT).await;
            let body = String::from_utf8_lossy(&body).trim().to_owned();
            Ok(Answer { head, body })
        }
        Ok(Err(error)) => Err(NoAnswer::Failed(error)),
        Err(_) => Err(NoAnswer::TimedOut),
    };
    Outcome { answer, took }
}

impl Outcome {
    pub(crate) fn status(&self) -> Option<u16> {
        Some(self.answer.as_ref().ok()?.head.status())
    }

    pub(crate) fn is_accepted(&self) -> bool {
        self.is_status(200..300)
    }

    pub(crate) fn is_status(&self, statuses: std::ops::Range<u16>) -> bool {
        self.status()
            .is_some_and(|status| statuses.contains(&status))
    }

    pub(crate) fn timed_out(&self) -> bool {
        matches!(self.answer, Err(NoAnswer::TimedOut))
    }

    /// Empty without an answer.
    pub(crate) fn body(&self) -> &str {
        self.answer.as_ref().map_or("", |answer| &answer.body)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.answer.as_ref().ok()?.head.header(name)
    }

    pub(crate) fn is_html(&self) -> bool {
        self.header("content-type")
            .is_some_and(|value| value.trim_start().starts_with("text/html"))
    }

    /// Whether both are the same answer, except for ids and times in it.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.status().is_some() && self.status() == other.status() && self.words().eq(other.words())
    }

    /// The words of the body that have no digit.
    fn words(&self) -> impl Iterator<Item = &str> {
        let words = self.body().split(|letter: char| !letter.is_alphanumeric());
        words.filter(|word| !word.contains(|letter: char| letter.is_ascii_digit()))
    }
}
