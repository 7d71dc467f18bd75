//! Who judges: we and the others.

use std::panic::{AssertUnwindSafe, catch_unwind};

use clerk_webhooks::{SigningSecret, Verifier, testing::FixedClock};
use http::HeaderMap;

use crate::deliveries::Delivery;

pub(crate) const SVIX: &str = "svix";
pub(crate) const STANDARDWEBHOOKS: &str = "standardwebhooks";
pub(crate) const WEBHOOK_VERIFY: &str = "webhook-verify";

pub(crate) struct Peer {
    pub(crate) name: &'static str,
    accepts: fn(&str, &HeaderMap, &[u8]) -> bool,
}

pub(crate) const PEERS: [Peer; 3] = [
    Peer {
        name: SVIX,
        accepts: |secret, headers, body| {
            svix::webhooks::Webhook::new(secret)
                .is_ok_and(|webhook| webhook.verify(body, headers).is_ok())
        },
    },
    Peer {
        name: STANDARDWEBHOOKS,
        accepts: |secret, headers, body| {
            standardwebhooks::Webhook::new(secret)
                .is_ok_and(|webhook| webhook.verify(body, headers).is_ok())
        },
    },
    Peer {
        name: WEBHOOK_VERIFY,
        accepts: |secret, headers, body| {
            let secret = webhook_verify::Secret::new(secret);
            let provider = webhook_verify::Provider::StandardWebhooks;
            let options = webhook_verify::VerifyOptions::default();
            webhook_verify::verify(provider, headers, body, &secret, options).is_ok()
        },
    },
];

impl Peer {
    /// `yes`, `no`, or `boom` for a panic.
    pub(crate) fn judge(&self, delivery: &Delivery) -> &'static str {
        let headers = delivery.header_map().unwrap();
        let judge = || (self.accepts)(&delivery.secret, &headers, &delivery.body);
        match catch_unwind(AssertUnwindSafe(judge)) {
            Ok(true) => "yes",
            Ok(false) => "no",
            Err(_) => "boom",
        }
    }
}

/// `accepted`, or the reason code of the refusal; of a secret that is refused its own code.
pub(crate) fn ours(delivery: &Delivery, clock: FixedClock) -> &'static str {
    let secret = match SigningSecret::parse(&delivery.secret) {
        Ok(secret) => secret,
        Err(refused) => return refused.kind().code(),
    };
    let verifier = Verifier::new(secret).with_clock(clock);
    let headers = delivery.header_map().unwrap();
    match verifier.verify(&headers, delivery.body.clone().into()) {
        Ok(verified) => {
            assert_eq!(verified.message_id().as_bytes(), delivery.first("id"));
            assert_eq!(verified.raw_body(), &delivery.body);
            "accepted"
        }
        Err(refused) => refused.kind().code(),
    }
}
