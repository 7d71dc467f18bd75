//! Verifies a whole delivery with a known key. It must be accepted if and only if the contract accepts it.
//! An accepted delivery must equal the input.
#![no_main]

use std::time::UNIX_EPOCH;

use clerk_webhooks_fuzz::delivery::Delivery;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let delivery = Delivery::read(input);
    let expected = delivery.expected().and_then(|signed| {
        let right = delivery.right_signature(&signed.text(&delivery.body));
        let matches = signed.signatures.contains(&right.into());
        matches.then_some(signed).ok_or("no_matching_signature")
    });
    match (delivery.judge().flatten(), expected) {
        (Ok(verified), Ok(signed)) => {
            assert_eq!(verified.message_id().as_bytes(), signed.id);
            assert_eq!(verified.raw_body(), &delivery.body);
            assert_eq!(verified.secret_label(), "secret");
            let sent_at = verified.attempted_at().duration_since(UNIX_EPOCH);
            let seconds = sent_at.unwrap().as_secs().to_string();
            assert_eq!(seconds.as_bytes(), signed.timestamp);
            let debug = format!("{verified:?}");
            assert!(
                debug.contains(&format!("body_bytes: {}", delivery.body.len())),
                "{debug}"
            );
        }
        (Err(refused), Err(code)) => assert_eq!(refused.kind().code(), code),
        (Ok(_), Err(code)) => panic!("accepted, but {code}"),
        (Err(refused), Ok(_)) => panic!("refused: {refused}"),
    }
});
