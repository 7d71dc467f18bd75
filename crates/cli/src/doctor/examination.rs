//! [`Examination`]: sends the probes, and holds what came back.

use std::time::Duration;

use clerk_webhooks::SigningSecret;

use super::{
    outcome::{NoAnswer, Outcome, ask},
    probe::{Probe, Requests},
};
use crate::{failure::Failure, send::Target};

/// A receiver that judges the headers first answers at once.
const HEAD_TIME_LIMIT: Duration = Duration::from_secs(2);

/// In this order: the endpoint's own answers first.
const FIRST: [Probe; 9] = [
    Probe::Unsigned,
    Probe::Forged,
    Probe::Genuine,
    Probe::Duplicate,
    Probe::Stale,
    Probe::Get,
    Probe::OtherPath,
    Probe::HeadOnly,
    Probe::Large,
];

/// They tell apart why a genuine delivery is refused.
const FOLLOW_UP: [Probe; 3] = [Probe::Plain, Probe::Spaced, Probe::SignedEmpty];

/// Sends probes to an endpoint.
pub(crate) struct Examiner {
    requests: Requests,
    time_limit: Duration,
}

/// What came back.
#[derive(Debug, Default)]
pub(crate) struct Examination(pub(super) Vec<(Probe, Outcome)>);

impl Examiner {
    /// `event` is a compact JSON object.
    pub(crate) fn new(
        target: Target,
        secret: Option<SigningSecret>,
        event: String,
        time_limit: Duration,
    ) -> Result<Self, Failure> {
        let requests = Requests::new(target, secret, event);
        Ok(Self {
            requests: requests.map_err(|error| Failure::Input(error.to_string()))?,
            time_limit,
        })
    }

    /// Sends all probes, and hands each to `seen` when it is back.
    pub(crate) async fn examine(
        &self,
        mut seen: impl FnMut(Probe, &Outcome) -> Result<(), Failure>,
    ) -> Result<Examination, Failure> {
        let mut examination = Examination::default();
        for probe in FIRST.into_iter().chain(FOLLOW_UP) {
            if examination.is_decided(probe) {
                continue;
            }
            let Some(request) = self.requests.of(probe) else {
                continue;
            };
            let time_limit = examination.time_limit(probe).min(self.time_limit);
            let outcome = ask(self.requests.target(), &request, time_limit).await;
            if let (Probe::Unsigned, Err(NoAnswer::Failed(error))) = (probe, &outcome.answer) {
                return Err(no_connection(error));
            }
            seen(probe, &outcome)?;
            examination.0.push((probe, outcome));
        }
        Ok(examination)
    }
}

impl Examination {
    pub(super) fn of(&self, probe: Probe) -> Option<&Outcome> {
        let mut outcomes = self.0.iter();
        Some(&outcomes.find(|(other, _)| *other == probe)?.1)
    }

    /// How much longer than for a whole request to wait, when the body never comes.
    fn time_limit(&self, probe: Probe) -> Duration {
        match self.of(Probe::Unsigned) {
            Some(unsigned) if probe == Probe::HeadOnly => unsigned.took + HEAD_TIME_LIMIT,
            _ => Duration::MAX,
        }
    }

    /// Whether this probe could say nothing new.
    fn is_decided(&self, probe: Probe) -> bool {
        if self.of(Probe::Unsigned).is_some_and(Outcome::timed_out) {
            return true;
        }
        let genuine = self.of(Probe::Genuine);
        match probe {
            Probe::Duplicate => !genuine.is_some_and(Outcome::is_accepted),
            Probe::Plain | Probe::Spaced | Probe::SignedEmpty => {
                let forged = self.of(Probe::Forged);
                !genuine.zip(forged).is_some_and(|(genuine, forged)| {
                    genuine.is_like(forged) && !genuine.is_accepted()
                })
            }
            _ => false,
        }
    }
}

/// Why there is no connection, and what to do.
fn no_connection(error: &std::io::Error) -> Failure {
    let is_tls = error
        .get_ref()
        .is_some_and(|cause| cause.is::<rustls::Error>());
    Failure::Network(match error.kind() {
        _ if is_tls => format!(
            "TLS fails: {error}. The sender needs a certificate for this host that the public trusts, with its whole \
             chain"
        ),
        std::io::ErrorKind::ConnectionRefused => {
            "connection refused: nothing listens there. Check host and port, and that the service is up".to_owned()
        }
        _ => format!("no answer: {error}. Check scheme, host and port"),
    })
}
