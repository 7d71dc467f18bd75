//! What the page shows of one delivery.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Serialize;

use crate::{
    capture::CapturedDelivery,
    explain::{Diagnosis, Finding, NEXT_STEPS, UNKNOWN},
};

/// Headers that a proxy or an endpoint's settings add, with passwords in them.
const SECRET_HEADERS: [&str; 4] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "x-api-key",
];

#[derive(Serialize)]
pub(super) struct Detail<'a> {
    headers: Vec<(&'a str, &'a str)>,
    /// The body as text, or otherwise ...
    body: Option<&'a str>,
    /// ... in base64.
    body_b64: Option<String>,
    findings: &'a [Finding],
    /// That no cause was found, and what to do.
    unknown: Option<[&'static str; 2]>,
}

pub(super) fn of<'a>(
    delivery: &'a CapturedDelivery,
    diagnosis: Option<&'a Diagnosis>,
) -> Detail<'a> {
    let body = std::str::from_utf8(&delivery.body).ok();
    let header = |(name, value): &'a (String, String)| {
        let is_secret = SECRET_HEADERS.contains(&name.to_ascii_lowercase().as_str());
        (name.as_str(), if is_secret { "[hidden]" } else { value })
    };
    Detail {
        headers: delivery.headers.iter().map(header).collect(),
        body,
        body_b64: body
            .is_none()
            .then(|| BASE64_STANDARD.encode(&delivery.body)),
        findings: diagnosis.map_or(&[], |diagnosis| &diagnosis.findings),
        unknown: diagnosis
            .filter(|diagnosis| diagnosis.is_unknown())
            .map(|_| [UNKNOWN, NEXT_STEPS]),
    }
}
