//! [`Delivery`], what can be said about it, and the reference's verdict.

use std::fmt;

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;

/// A request as it arrives, and the secret of its receiver.
#[derive(Clone)]
pub struct Delivery {
    /// The receiver's secret, as it is configured.
    pub secret: String,
    /// Names and values, in order. Names are in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The raw body.
    pub body: Vec<u8>,
}

impl Delivery {
    /// `None` if one of the values cannot be in a header.
    #[must_use]
    pub fn header_map(&self) -> Option<HeaderMap> {
        let pair = |(name, value): &(String, Vec<u8>)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_bytes(value).ok()?))
        };
        self.headers.iter().map(pair).collect()
    }

    /// The values of a header, in order.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<&[u8]> {
        let named = self
            .headers
            .iter()
            .filter(|(candidate, _)| candidate == name);
        named.map(|(_, value)| &value[..]).collect()
    }

    /// Whether the family's header is there.
    #[must_use]
    pub fn has(&self, family: &str, part: &str) -> bool {
        !self.values(&format!("{family}-{part}")).is_empty()
    }

    /// Whether the family's three headers are there.
    #[must_use]
    pub fn has_all(&self, family: &str) -> bool {
        PARTS.iter().all(|part| self.has(family, part))
    }

    /// The family that our contract looks at.
    #[must_use]
    pub fn family(&self) -> &'static str {
        let has_any = |family| PARTS.iter().any(|part| self.has(family, part));
        if has_any("webhook") && !has_any("svix") {
            "webhook"
        } else {
            "svix"
        }
    }

    /// The values of that family's header.
    #[must_use]
    pub fn all(&self, part: &str) -> Vec<&[u8]> {
        self.values(&format!("{}-{part}", self.family()))
    }

    /// The first of them. Empty if there is none.
    #[must_use]
    pub fn first(&self, part: &str) -> &[u8] {
        self.all(part).first().copied().unwrap_or_default()
    }

    /// Whether the first signature line has the entry as the scheme writes it, between spaces.
    #[must_use]
    pub fn has_plain_entry(&self, signature: &str) -> bool {
        let entry = format!("v1,{signature}");
        let mut entries = self.first("signature").split(|byte| *byte == b' ');
        entries.any(|candidate| candidate == entry.as_bytes())
    }
}

const PARTS: [&str; 3] = ["id", "timestamp", "signature"];

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "secret {:?}, headers", self.secret)?;
        for (name, value) in &self.headers {
            write!(f, " {name}: {:?};", value.escape_ascii().to_string())?;
        }
        write!(f, " body {:?}", self.body.escape_ascii().to_string())
    }
}

/// The key of a secret that is well-formed, if need be after a trim and without padding. Otherwise empty.
#[must_use]
pub(super) fn key(secret: &str) -> Vec<u8> {
    let text = secret.trim();
    let encoded = text
        .strip_prefix("whsec_")
        .unwrap_or(text)
        .trim_end_matches('=');
    BASE64_STANDARD_NO_PAD.decode(encoded).unwrap_or_default()
}

/// From the specification: base64 of HMAC-SHA256 over `id.timestamp.body`, raw bytes.
///
/// # Panics
///
/// Never: HMAC takes keys of any length.
#[must_use]
pub(super) fn sign(key: &[u8], id: &[u8], timestamp: &[u8], body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(&[id, timestamp, body].join(&b'.'));
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

/// Whether one of the signature lines contains the right signature.
#[must_use]
pub fn reference_accepts(delivery: &Delivery) -> bool {
    let right = right_signature(delivery);
    let lines = delivery.all("signature");
    let holds = |line: &&[u8]| {
        line.windows(right.len())
            .any(|part| part == right.as_bytes())
    };
    lines.iter().any(holds)
}

/// The signature of the delivery as it arrives.
#[must_use]
pub fn right_signature(delivery: &Delivery) -> String {
    let (id, timestamp) = (delivery.first("id"), delivery.first("timestamp"));
    sign(&key(&delivery.secret), id, timestamp, &delivery.body)
}
