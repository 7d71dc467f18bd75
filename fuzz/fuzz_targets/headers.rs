//! Checks headers with arbitrary names and values. The reason code must be that of the contract.
#![no_main]

use clerk_webhooks::Rejection;
use clerk_webhooks_fuzz::delivery::Delivery;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let delivery = Delivery::read(input);
    let refused = delivery.judge().err();
    let code = refused.as_ref().map(|refused| refused.kind().code());
    assert_eq!(code, delivery.expected().err());
    if let Some(refused) = refused {
        assert_eq!(Rejection::from(refused.clone()).status(), 400);
        assert!(!format!("{refused} {refused:?}").is_empty());
    }
});
