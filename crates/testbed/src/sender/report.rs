//! The report: how each delivery ended.

use std::{
    collections::BTreeMap,
    fmt, iter,
    net::SocketAddr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// All deliveries of a run. Its text counts how requests ended, and lists every delivery that was not successful.
#[derive(Debug, Clone)]
pub struct Report {
    /// The seed of all randomness.
    pub seed: u64,
    /// Each delivery of each message to each endpoint.
    pub deliveries: Vec<Delivery>,
}

/// One delivery of a message to an endpoint: an attempt, and its retries.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The header `svix-id`.
    pub message_id: String,
    /// Which of the sender's endpoints, from 0.
    pub endpoint: usize,
    /// Which delivery of this message to this endpoint, from 0.
    pub copy: usize,
    /// In order; the last one decided.
    pub attempts: Vec<Attempt>,
    /// How it ended.
    pub verdict: Verdict,
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A 2xx.
    Delivered,
    /// The receiver asked never to get this message again.
    Aborted,
    /// No attempt was left.
    Exhausted,
}

/// One attempt: a request, and the same again when the connection broke at once.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The request.
    pub first: Exchange,
    /// The same bytes again, if the connection broke at once.
    pub resent: Option<Exchange>,
    /// How long the sender waited after this attempt. `None` for the last attempt.
    pub delay: Option<Duration>,
}

/// A request over one connection.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Which server it went to.
    pub target: SocketAddr,
    /// When it started.
    pub started_at: SystemTime,
    /// How long it took until it was over for the sender.
    pub took: Duration,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The head of an answer came in time.
    Status {
        /// Its status.
        status: u16,
        /// Its `Retry-After`.
        retry_after: Option<RetryAfter>,
        /// Whether it carried `webhook-delivery: abort-message`.
        aborts: bool,
    },
    /// No head of an answer came within the time limit.
    TimedOut,
    /// The connection could not be made, broke, or did not speak HTTP.
    Broken {
        /// Why.
        reason: String,
    },
}

/// How long the receiver asks the sender to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfter(pub Duration);

impl Report {
    /// The deliveries that did not end with a 2xx.
    pub fn not_delivered(&self) -> impl Iterator<Item = &Delivery> {
        let is_other = |delivery: &&Delivery| delivery.verdict != Verdict::Delivered;
        self.deliveries.iter().filter(is_other)
    }

    /// Every request of the run.
    pub fn exchanges(&self) -> impl Iterator<Item = &Exchange> {
        let attempts = self
            .deliveries
            .iter()
            .flat_map(|delivery| &delivery.attempts);
        attempts.flat_map(Attempt::exchanges)
    }

    /// How many attempts the unluckiest delivery took.
    #[must_use]
    pub fn most_attempts(&self) -> usize {
        let attempts = |delivery: &Delivery| delivery.attempts.len();
        self.deliveries.iter().map(attempts).max().unwrap_or(0)
    }
}

impl Delivery {
    /// The status of each attempt's last request. `None` where there was no answer.
    #[must_use]
    pub fn statuses(&self) -> Vec<Option<u16>> {
        self.attempts
            .iter()
            .map(|attempt| attempt.outcome().status())
            .collect()
    }
}

impl Attempt {
    /// How its last request ended.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.resent.as_ref().unwrap_or(&self.first).outcome
    }

    /// Its requests: one or two.
    pub fn exchanges(&self) -> impl Iterator<Item = &Exchange> {
        iter::once(&self.first).chain(&self.resent)
    }
}

impl Outcome {
    /// The status, when there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            Self::TimedOut | Self::Broken { .. } => None,
        }
    }

    /// Whether this is all that the sender wants.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status()
            .is_some_and(|status| (200..300).contains(&status))
    }

    pub(super) fn aborts(&self) -> bool {
        matches!(self, Self::Status { aborts: true, .. })
    }

    pub(super) fn broken(reason: impl fmt::Display) -> Self {
        Self::Broken {
            reason: reason.to_string(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts = BTreeMap::new();
        for exchange in self.exchanges() {
            *counts.entry(exchange.outcome.kind()).or_insert(0_usize) += 1;
        }
        let counts: Vec<_> = counts
            .iter()
            .map(|(kind, count)| format!("{count} x {kind}"))
            .collect();
        write!(
            f,
            "{} deliveries, at most {} attempts; requests: {}",
            self.deliveries.len(),
            self.most_attempts(),
            counts.join(", "),
        )?;
        self.not_delivered()
            .try_for_each(|delivery| write!(f, "\n{delivery}"))
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} to endpoint {}, delivery {}: {:?}",
            self.message_id, self.endpoint, self.copy, self.verdict
        )?;
        self.attempts
            .iter()
            .flat_map(Attempt::exchanges)
            .try_for_each(|exchange| write!(f, "\n  {exchange}"))
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self
            .started_at
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let (at, target, took) = (at.as_millis(), self.target, self.took);
        write!(f, "at {at} ms to {target}: {} in {took:.1?}", self.outcome)
    }
}

impl Outcome {
    fn kind(&self) -> String {
        match self {
            Self::Status { status, .. } => status.to_string(),
            Self::TimedOut => "timed out".to_owned(),
            Self::Broken { .. } => "broken".to_owned(),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken { reason } => write!(f, "broken ({reason})"),
            other => f.write_str(&other.kind()),
        }
    }
}
