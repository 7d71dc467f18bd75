//! Whose verification: each takes headers and body, its key parsed before.

use bytes::Bytes;
use clerk_webhooks::{SigningSecret, Verifier};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use sha2::{Digest as _, Sha256};

use super::{
    payloads::{Names, Payload, SECRET},
    rounds::Contender,
};

pub(crate) const SHA2: &str = "sha2 alone";
pub(crate) const HMAC: &str = "hmac + sha2";
pub(crate) const OURS: &str = "clerk-webhooks";

/// Every contender that verifies this body, the floors included.
pub(crate) fn contenders(payload: &Payload) -> Vec<Contender<'static>> {
    let svix_names = payload.headers(Names::Svix);
    let webhook_names = payload.headers(Names::StandardWebhooks);
    let body = || payload.body.clone();
    vec![
        sha2(body()),
        hmac(svix_names.clone(), body()),
        ours(svix_names.clone(), body()),
        svix(svix_names, body()),
        standardwebhooks(webhook_names.clone(), body()),
        webhook_verify(webhook_names, body()),
    ]
}

/// The floor: no key, no headers.
fn sha2(body: Bytes) -> Contender<'static> {
    Contender::repeat(SHA2, move || Sha256::digest(&body))
}

/// What any verification must do: the key set up before, the text of the headers as it is.
fn hmac(headers: HeaderMap, body: Bytes) -> Contender<'static> {
    let encoded = SECRET.strip_prefix("whsec_").unwrap();
    let key = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, encoded).unwrap();
    let keyed = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    Contender::repeat(HMAC, move || {
        let mut mac = keyed.clone();
        mac.update(headers["svix-id"].as_bytes());
        mac.update(b".");
        mac.update(headers["svix-timestamp"].as_bytes());
        mac.update(b".");
        mac.update(&body);
        mac.finalize()
    })
}

fn ours(headers: HeaderMap, body: Bytes) -> Contender<'static> {
    let verifier = Verifier::new(SigningSecret::parse(SECRET).unwrap());
    Contender::repeat(OURS, move || {
        verifier.verify(&headers, body.clone()).unwrap()
    })
}

fn svix(headers: HeaderMap, body: Bytes) -> Contender<'static> {
    let webhook = svix::webhooks::Webhook::new(SECRET).unwrap();
    Contender::repeat("svix", move || webhook.verify(&body, &headers).unwrap())
}

fn standardwebhooks(headers: HeaderMap, body: Bytes) -> Contender<'static> {
    let webhook = standardwebhooks::Webhook::new(SECRET).unwrap();
    Contender::repeat("standardwebhooks", move || {
        webhook.verify(&body, &headers).unwrap()
    })
}

fn webhook_verify(headers: HeaderMap, body: Bytes) -> Contender<'static> {
    let secret = webhook_verify::Secret::new(SECRET);
    Contender::repeat("webhook-verify", move || {
        let provider = webhook_verify::Provider::StandardWebhooks;
        let options = webhook_verify::VerifyOptions::default();
        webhook_verify::verify(provider, &headers, &body, &secret, options).unwrap()
    })
}
