//! Parses arbitrary texts as signing secrets. The key must be that of the contract. Error and
//! `Debug` output must not depend on the text.
#![no_main]

use std::time::UNIX_EPOCH;

use clerk_webhooks::SigningSecret;
use clerk_webhooks_fuzz::{
    contract::judge_secret,
    mac::{base64, hmac_sha256},
};
use libfuzzer_sys::fuzz_target;

/// One text for each error of `SigningSecret::parse`.
const FAULTY: [&str; 8] = [
    "",
    "whsec_",
    "\"",
    "sk_",
    "whsk_",
    "!",
    "AAAA",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
];

fuzz_target!(|text: &str| {
    match (SigningSecret::parse(text), judge_secret(text)) {
        (Ok(secret), Ok(key)) => {
            assert!(key.len() >= 24);
            let right = base64(&hmac_sha256(&key, b"m.0.x"));
            assert_eq!(secret.sign("m", UNIX_EPOCH, b"x"), format!("v1,{right}"));
            assert_eq!(format!("{secret:?}"), "SigningSecret { label: None, .. }");
        }
        (Err(refused), Err(code)) => {
            assert_eq!(refused.kind().code(), code);
            let same = |faulty| SigningSecret::parse(faulty).is_err_and(|other| other == refused);
            assert!(
                FAULTY.into_iter().any(same),
                "the error depends on the text"
            );
        }
        (Ok(_), Err(code)) => panic!("accepted, but {code}"),
        (Err(refused), Ok(_)) => panic!("refused: {refused}"),
    }
});
