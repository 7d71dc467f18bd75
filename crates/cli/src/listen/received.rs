//! [`Received`]: a delivery, its verdict and its answer.

use clerk_webhooks::{Rejection, VerifiedClerkEvent, VerifiedDelivery};
use serde::{Deserialize, Serialize};

use crate::{
    attempt::{Attempt, milliseconds},
    capture::CapturedDelivery,
};

/// How much of a text from outside a line or a row has.
const MAX_CHARACTERS: usize = 200;

/// A delivery that was received and answered.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) delivery: CapturedDelivery,
    pub(crate) summary: Summary,
}

/// What a receiver says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Verified,
    /// The signature matches, but the body is not an event.
    Undecodable,
    Refused,
}

/// What a line of output and a row of the page show. Ids and types of a refused delivery are what it claims.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    #[serde(rename = "type")]
    kind: &'static str,
    pub(crate) received_at_ms: Option<u64>,
    pub(crate) svix_id: Option<String>,
    pub(crate) event_type: Option<String>,
    pub(crate) object_id: Option<String>,
    pub(crate) verdict: Verdict,
    /// The label of the secret that matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    pub(crate) body_bytes: usize,
    pub(crate) status: u16,
    pub(crate) latency_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) forwarded: Option<Outcome>,
}

/// How an attempt to deliver to the service ended.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Outcome {
    pub(crate) status: Option<u16>,
    pub(crate) latency_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

impl Summary {
    /// Of a delivery that is not answered yet.
    pub(super) fn new(
        delivery: &CapturedDelivery,
        judged: &Result<VerifiedClerkEvent, Rejection>,
    ) -> Self {
        let rejection = judged.as_ref().err();
        let genuine = match judged {
            Ok(event) => Some(event.delivery()),
            Err(rejection) => rejection.delivery(),
        };
        let (event_type, object_id) = match judged {
            Ok(event) => (
                Some(clipped(event.event_type().as_str())),
                event.object_id().map(clipped),
            ),
            Err(_) => claims(&delivery.body),
        };
        Self {
            kind: "received",
            received_at_ms: delivery.received_at_ms,
            svix_id: delivery.claimed_id().map(clipped),
            event_type,
            object_id,
            verdict: match (rejection, genuine) {
                (None, _) => Verdict::Verified,
                (Some(_), Some(_)) => Verdict::Undecodable,
                (Some(_), None) => Verdict::Refused,
            },
            secret: genuine.map(VerifiedDelivery::secret_label).map(clipped),
            reason: rejection.map(|rejection| rejection.kind().code()),
            message: rejection.map(explanation),
            body_bytes: delivery.body.len(),
            status: 0,
            latency_ms: 0.0,
            forwarded: None,
        }
    }

    /// Whether the signature matches.
    pub(super) fn is_genuine(&self) -> bool {
        self.verdict != Verdict::Refused
    }
}

impl From<&Attempt> for Outcome {
    fn from(attempt: &Attempt) -> Self {
        Self {
            status: attempt.status(),
            latency_ms: milliseconds(attempt.took),
            error: attempt.answer.as_ref().err().cloned(),
        }
    }
}

/// What to do, and where an event cannot be decoded.
fn explanation(rejection: &Rejection) -> String {
    match rejection.decode_error() {
        Some(error) => error.to_string(),
        None => rejection.to_string(),
    }
}

#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "type")]
    event_type: Option<String>,
    data: Option<ClaimedData>,
}

#[derive(Deserialize)]
struct ClaimedData {
    id: Option<String>,
}

fn claims(body: &[u8]) -> (Option<String>, Option<String>) {
    let claims = serde_json::from_slice::<Claims>(body).ok();
    claims.map_or((None, None), |claims| {
        let id = claims.data.and_then(|data| data.id);
        (
            claims.event_type.as_deref().map(clipped),
            id.as_deref().map(clipped),
        )
    })
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
