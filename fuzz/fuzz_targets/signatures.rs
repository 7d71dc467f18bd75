//! Verifies arbitrary signature headers: one header line for each line of input, `$` is the valid signature.
//! A header must be accepted if and only if the contract finds the valid signature in it.
#![no_main]

use clerk_webhooks_fuzz::delivery::Delivery;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut request = b"svix-id: msg_1\nsvix-timestamp: 1614265330\n".to_vec();
    for line in input.split(|byte| *byte == b'\n') {
        request.extend([b"svix-signature: ", line, b"\n"].concat());
    }
    request.extend(b"\n{}");

    let delivery = Delivery::read(&request);
    let right = delivery.right_signature(b"msg_1.1614265330.{}");
    let expected = delivery
        .expected()
        .map(|signed| signed.signatures.contains(&right.into()));
    match delivery.judge() {
        Err(refused) => assert_eq!(Err(refused.kind().code()), expected),
        Ok(verdict) => assert_eq!(Ok(verdict.is_ok()), expected),
    }
});
