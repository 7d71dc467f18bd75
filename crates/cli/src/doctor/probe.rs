//! What is sent to an endpoint.

use std::time::Duration;

use bytes::Bytes;
use clerk_webhooks::{SecretError, SigningSecret, testing::SignedRequest};
use fastrand::Rng;

use crate::{
    explain::spaced,
    secret::random_secret,
    send::{Target, bodiless, random_message_id, request},
};

/// Older than every tolerance.
const STALE: Duration = Duration::from_secs(3_600);

/// More than the sender ever sends.
const LARGE: usize = 3 * 1024 * 1024;

/// Equal values that are written in another way by whatever parses and prints them again.
const FRAGILE: &str = r#""url":"https:\/\/example.com","name":"Ad\u00e8le","number":1.0,"#;

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Probe {
    /// Without the sender's headers.
    Unsigned,
    /// Signed with a secret that the receiver cannot have.
    Forged,
    /// As Clerk sends it.
    Genuine,
    /// The genuine one again.
    Duplicate,
    /// Signed as of one hour ago.
    Stale,
    /// A GET.
    Get,
    /// A POST to a path below.
    OtherPath,
    /// Without the sender's headers, and with a body that never comes.
    HeadOnly,
    /// A body of 3 MiB.
    Large,
    /// Genuine, with a body that stays the same when it is parsed and printed again, sorted or not.
    Plain,
    /// The same, when it is printed with spaces.
    Spaced,
    /// Signed as if the body were empty.
    SignedEmpty,
}

impl Probe {
    /// Its name in the output.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Forged => "forged",
            Self::Genuine => "genuine",
            Self::Duplicate => "duplicate",
            Self::Stale => "stale",
            Self::Get => "GET",
            Self::OtherPath => "other path",
            Self::HeadOnly => "head only",
            Self::Large => "3 MiB",
            Self::Plain => "plain",
            Self::Spaced => "spaced",
            Self::SignedEmpty => "signed empty",
        }
    }

    /// Whether a right endpoint answers 2xx.
    pub(crate) fn must_be_accepted(self) -> bool {
        matches!(
            self,
            Self::Genuine | Self::Duplicate | Self::Plain | Self::Spaced
        )
    }
}

/// Makes the requests.
pub(super) struct Requests {
    target: Target,
    /// The endpoint's, if it is known.
    secret: Option<SigningSecret>,
    foreign: SigningSecret,
    /// An event that changes nothing, compact, with sorted fields.
    plain: String,
    message_id: String,
}

impl Requests {
    pub(super) fn new(
        target: Target,
        secret: Option<SigningSecret>,
        event: String,
    ) -> Result<Self, SecretError> {
        let mut rng = Rng::new();
        Ok(Self {
            target,
            secret,
            foreign: random_secret(&mut rng)?,
            plain: event,
            message_id: random_message_id(&mut rng),
        })
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// The bytes of a request. `None` if it needs the endpoint's secret, which is not known.
    pub(super) fn of(&self, probe: Probe) -> Option<Vec<u8>> {
        let secret = self.secret.as_ref();
        let foreign = secret.unwrap_or(&self.foreign);
        Some(match probe {
            Probe::Unsigned => self.post(&[], &self.genuine()),
            Probe::OtherPath => {
                let below = self.target.below("clerk-webhooks-doctor");
                request(&below, &[], self.genuine().as_bytes(), &mut Rng::new())
            }
            Probe::Get => bodiless(&self.target, "GET", 0),
            Probe::HeadOnly => bodiless(&self.target, "POST", self.plain.len()),
            Probe::Forged => self.signed(&self.foreign, &self.genuine(), None),
            Probe::Genuine | Probe::Duplicate => {
                self.signed(secret?, &self.genuine(), Some(&self.message_id))
            }
            Probe::Stale => {
                let request = SignedRequest::new(secret?, self.genuine()).with_age(STALE);
                self.post(&request.header_pairs(), &self.genuine())
            }
            Probe::Large => {
                let padding = "x".repeat(LARGE);
                self.signed(
                    foreign,
                    &self.starting_with(&format!(r#""padding":"{padding}","#)),
                    None,
                )
            }
            Probe::Plain => self.signed(secret?, &self.plain, None),
            Probe::Spaced => {
                let spaced = spaced(&Bytes::from(self.plain.clone()))?;
                self.signed(secret?, str::from_utf8(&spaced).ok()?, None)
            }
            Probe::SignedEmpty => {
                let request = SignedRequest::new(secret?, "");
                self.post(&request.header_pairs(), &self.plain)
            }
        })
    }

    /// Nothing that parses and prints it leaves it as it is.
    fn genuine(&self) -> String {
        self.starting_with(FRAGILE)
    }

    /// The event with these fields before its own.
    fn starting_with(&self, fields: &str) -> String {
        format!("{{{fields}{}", self.plain.strip_prefix('{').unwrap_or("}"))
    }

    fn signed(&self, secret: &SigningSecret, body: &str, message_id: Option<&str>) -> Vec<u8> {
        let id = message_id.map_or_else(|| random_message_id(&mut Rng::new()), str::to_owned);
        let request = SignedRequest::new(secret, body.to_owned()).with_message_id(id);
        self.post(&request.header_pairs(), body)
    }

    fn post(&self, headers: &[(String, String)], body: &str) -> Vec<u8> {
        request(&self.target, headers, body.as_bytes(), &mut Rng::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Other printers write the genuine body in another way, and the plain one as it is.
    #[test]
    fn what_parses_and_prints_the_body_is_seen() {
        let target = "http://127.0.0.1/".parse().unwrap();
        let event = r#"{"data":{"id":"a"},"type":"b"}"#;
        let requests = Requests::new(target, None, event.to_owned()).unwrap();
        let printed = |text: &str| {
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            value.to_string()
        };
        assert_ne!(printed(&requests.genuine()), requests.genuine());
        assert_eq!(printed(&requests.plain), requests.plain);
    }
}
