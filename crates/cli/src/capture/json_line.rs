//! A delivery as one JSON object on a line.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::SerializeMap as _,
};

use super::delivery::CapturedDelivery;

/// The line of a delivery; lines of other types are not deliveries.
#[derive(Serialize, Deserialize)]
pub(super) struct Line {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    svix_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    received_at_ms: Option<u64>,
    headers: Headers,
    body_b64: String,
}

/// The type of every line, of whichever type it is.
#[derive(Deserialize)]
pub(super) struct Kind {
    #[serde(rename = "type")]
    pub(super) kind: String,
}

impl Kind {
    pub(super) fn is_delivery(&self) -> bool {
        self.kind == "event"
    }
}

impl Line {
    pub(super) fn into_delivery(self) -> Result<CapturedDelivery, base64::DecodeError> {
        Ok(CapturedDelivery {
            headers: self.headers.0,
            body: BASE64_STANDARD.decode(self.body_b64)?.into(),
            message_id: self.svix_id,
            event_type: self.event_type,
            received_at_ms: self.received_at_ms,
        })
    }
}

/// Writes the line of this delivery.
impl Serialize for CapturedDelivery {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let line = Line {
            kind: "event".to_owned(),
            svix_id: self.claimed_id().map(str::to_owned),
            event_type: self.claimed_type(),
            received_at_ms: self.received_at_ms,
            headers: Headers(self.headers.clone()),
            body_b64: BASE64_STANDARD.encode(&self.body),
        };
        line.serialize(serializer)
    }
}

/// An object: name to value, or to a list of values if the header came more than once.
struct Headers(Vec<(String, String)>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Several(Vec<String>),
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeadersVisitor).map(Self)
    }
}

/// Keeps names that come more than once.
struct HeadersVisitor;

impl<'de> Visitor<'de> for HeadersVisitor {
    type Value = Vec<(String, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of headers")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut headers = Vec::new();
        while let Some((name, values)) = map.next_entry::<String, Values>()? {
            match values {
                Values::One(value) => headers.push((name, value)),
                Values::Several(values) => {
                    headers.extend(values.into_iter().map(|value| (name.clone(), value)));
                }
            }
        }
        Ok(headers)
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (place, (name, value)) in self.0.iter().enumerate() {
            let is_same = |other: &&(String, String)| other.0 == *name;
            if self.0.iter().take(place).any(|other| is_same(&other)) {
                continue;
            }
            let values: Vec<_> = self
                .0
                .iter()
                .filter(is_same)
                .map(|other| &other.1)
                .collect();
            match values.len() {
                1 => map.serialize_entry(name, value)?,
                _ => map.serialize_entry(name, &values)?,
            }
        }
        map.end()
    }
}
