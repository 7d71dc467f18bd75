//! Deliveries that a real Svix server sent: all of them verify as they came, none with a bit changed.

use std::{fs, time::Duration, time::UNIX_EPOCH};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use clerk_webhooks::{
    SigningSecret, VerifiedDelivery, Verifier, testing::FixedClock, verify::SecretErrorKind,
    verify::VerifyError,
};
use serde::Deserialize;

use crate::common;

#[derive(Deserialize)]
struct Recorded {
    scenario: String,
    secret: String,
    received_at_ms: u64,
    head_b64: String,
    body_b64: String,
}

struct Delivery {
    scenario: String,
    secret: String,
    received_at: FixedClock,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl From<Recorded> for Delivery {
    fn from(recorded: Recorded) -> Self {
        let head = BASE64_STANDARD.decode(&recorded.head_b64).unwrap();
        let lines = head.split(|byte| *byte == b'\n').skip(1);
        let headers = lines.filter_map(|line| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = String::from_utf8(line[..colon].to_vec()).unwrap();
            Some((name, line[colon + 1..].trim_ascii().to_vec()))
        });
        let received_at = UNIX_EPOCH + Duration::from_millis(recorded.received_at_ms);
        Self {
            headers: headers.collect(),
            body: BASE64_STANDARD.decode(&recorded.body_b64).unwrap(),
            received_at: FixedClock::at(received_at),
            scenario: recorded.scenario,
            secret: recorded.secret,
        }
    }
}

impl Delivery {
    fn all() -> Option<Vec<Self>> {
        let recorded =
            fs::read_to_string(common::shared_folder()?.join("svix/recorded.jsonl")).unwrap();
        let parse = |line| serde_json::from_str::<Recorded>(line).unwrap().into();
        Some(recorded.lines().map(parse).collect())
    }

    fn is_symmetric(&self) -> bool {
        self.secret.starts_with("whsec_")
    }

    fn verify(&self) -> Result<VerifiedDelivery, VerifyError> {
        let secret = SigningSecret::parse(&self.secret).unwrap();
        let verifier = Verifier::new(secret).with_clock(self.received_at);
        let pending = verifier.check_header_pairs(&self.headers)?;
        pending.finish(self.body.clone().into())
    }

    fn header_mut(&mut self, ending: &str) -> &mut Vec<u8> {
        let has_svix = self
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("svix-id"));
        let name = format!("{}-{ending}", if has_svix { "svix" } else { "webhook" });
        let found = self
            .headers
            .iter_mut()
            .find(|(candidate, _)| candidate.eq_ignore_ascii_case(&name));
        &mut found.unwrap().1
    }

    /// Where the signature that matches stands; the same one may be sent twice.
    fn matching_signatures(&mut self) -> Vec<usize> {
        let verified = self.verify().unwrap();
        let secret = SigningSecret::parse(&self.secret).unwrap();
        let matching = secret.sign(verified.message_id(), verified.attempted_at(), &self.body);
        let sent = self.header_mut("signature");
        let windows = sent.windows(matching.len()).enumerate();
        let found = windows.filter(|(_, window)| *window == matching.as_bytes());
        found.map(|(place, _)| place).collect()
    }
}

#[test]
fn every_delivery_with_an_hmac_secret_verifies_at_its_arrival() {
    let Some(deliveries) = Delivery::all() else {
        return;
    };
    let symmetric: Vec<_> = deliveries
        .iter()
        .filter(|delivery| delivery.is_symmetric())
        .collect();
    assert_eq!((deliveries.len(), symmetric.len()), (158, 155));
    for delivery in symmetric {
        let verified = delivery.verify();
        let verified = verified.unwrap_or_else(|error| panic!("{}: {error}", delivery.scenario));
        assert_eq!(verified.raw_body(), &delivery.body);
    }
}

#[test]
fn endpoints_with_asymmetric_keys_are_refused_when_the_verifier_is_built() {
    let Some(deliveries) = Delivery::all() else {
        return;
    };
    let asymmetric: Vec<_> = deliveries
        .iter()
        .filter(|delivery| !delivery.is_symmetric())
        .collect();
    assert_eq!(asymmetric.len(), 3);
    for delivery in asymmetric {
        let refused = SigningSecret::parse(&delivery.secret).unwrap_err();
        assert_eq!(refused.kind(), SecretErrorKind::AsymmetricKey);
        assert!(refused.to_string().contains("asymmetric"), "{refused}");
    }
}

#[test]
fn one_bit_changed_anywhere_is_refused() {
    let Some(deliveries) = Delivery::all() else {
        return;
    };
    let mut changed = 0;
    for mut delivery in deliveries.into_iter().filter(Delivery::is_symmetric) {
        let signatures = delivery.matching_signatures();
        let signature_bytes = "v1,".len() + 44;
        for bit in 0..8 {
            let mut assert_refused = |delivery: &Delivery, part: &str| {
                let (scenario, accepted) = (&delivery.scenario, delivery.verify().is_ok());
                assert!(!accepted, "{scenario}: {part}, bit {bit}");
                changed += 1;
            };
            for place in places(delivery.body.len()) {
                delivery.body[place] ^= 1 << bit;
                assert_refused(&delivery, "body");
                delivery.body[place] ^= 1 << bit;
            }
            for part in ["id", "timestamp"] {
                for place in places(delivery.header_mut(part).len()) {
                    delivery.header_mut(part)[place] ^= 1 << bit;
                    assert_refused(&delivery, part);
                    delivery.header_mut(part)[place] ^= 1 << bit;
                }
            }
            for place in 0..signature_bytes {
                let flip = |delivery: &mut Delivery| {
                    for start in &signatures {
                        delivery.header_mut("signature")[start + place] ^= 1 << bit;
                    }
                };
                flip(&mut delivery);
                assert_refused(&delivery, "signature");
                flip(&mut delivery);
            }
        }
        delivery.verify().unwrap();
    }
    assert!(changed > 50_000, "{changed}");
}

/// First, middle and last.
fn places(length: usize) -> Vec<usize> {
    let mut places = vec![0, length / 2, length.saturating_sub(1)];
    places.dedup();
    places.retain(|place| *place < length);
    places
}
