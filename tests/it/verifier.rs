//! What the conformance vectors cannot say of the verifier: which secret it names, and what it prints.

use clerk_webhooks::{Verifier, testing::SignedRequest};

use crate::common::{OTHER_SECRET, SECRET, other_secret, secret};

#[test]
fn a_secret_is_named_by_its_label_or_its_place() {
    let rotating = Verifier::new(secret()).with_secret(other_secret().with_label("old"));
    for (signed_with, label) in [(secret(), "secret"), (other_secret(), "old")] {
        let request = SignedRequest::new(&signed_with, "{}");
        let verified = rotating.verify(&request.headers(), request.body().clone());
        assert_eq!(verified.unwrap().secret_label(), label);
    }
}

#[test]
fn nothing_secret_is_printed() {
    let verifier = Verifier::new(secret()).with_secret(other_secret());
    let request = SignedRequest::new(&secret(), "the payload");
    let pending = verifier.check_headers(&request.headers()).unwrap();
    assert_eq!(pending.message_id(), request.header_pairs()[0].1);
    let pending_debug = format!("{pending:?}");
    let two = request.clone().with_secret(&other_secret());
    let two_pending = verifier.check_headers(&two.headers()).unwrap();
    assert!(pending_debug.contains("signatures: 1"), "{pending_debug}");
    assert!(format!("{two_pending:?}").contains("signatures: 2"));
    let verified = pending.finish(request.body().clone()).unwrap();
    let printed = format!("{verifier:?} {:?} {pending_debug} {verified:?}", secret());
    for hidden in [&SECRET[6..], &OTHER_SECRET[6..], "the payload"] {
        assert!(!printed.contains(hidden), "{printed}");
    }
    for shown in [
        "body_bytes: 11",
        "SigningSecret { label: None",
        r##"["secret", "secret#2"]"##,
    ] {
        assert!(printed.contains(shown), "{printed}");
    }
}
