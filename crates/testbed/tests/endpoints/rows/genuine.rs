//! Deliveries that the handler gets.

use std::time::Duration;

use clerk_webhooks::testing::SignedRequest;

use crate::{
    framework::{ROTATING, SMALL, SMALL_LIMIT, current_secret, old_secret},
    request::{EVENT, Request, aged, genuine, signed, signed_by, signed_of_length},
    row::{Row, sent},
};

const HANDLED: &str = "200 user.created msg_1 current";

pub(crate) const ROWS: &[Row] = &[
    sent("`svix-*` headers", genuine, HANDLED, 1),
    sent("`webhook-*` headers", standard_names, HANDLED, 1),
    sent(
        "header names in capitals",
        || genuine().renamed(|name| name.to_uppercase()),
        HANDLED,
        1,
    ),
    sent(
        "`webhook-*` headers of somebody else beside `svix-*`",
        || {
            genuine()
                .and("webhook-id", "msg_2")
                .and("webhook-signature", "v1,x")
        },
        HANDLED,
        1,
    ),
    sent("a chunked body", || genuine().in_chunks_of(16), HANDLED, 1),
    sent(
        "a chunked body, one byte a chunk",
        || genuine().in_chunks_of(1),
        HANDLED,
        1,
    ),
    sent(
        "HTTP/1.0",
        || genuine().with_line("POST /webhooks/clerk HTTP/1.0"),
        HANDLED,
        1,
    ),
    sent(
        "a query",
        || genuine().to("/webhooks/clerk?a=b"),
        HANDLED,
        1,
    ),
    sent(
        "`Content-Type: application/json`",
        || genuine().and("content-type", "application/json"),
        HANDLED,
        1,
    ),
    sent(
        "`Content-Type: text/plain`",
        || genuine().and("content-type", "text/plain"),
        HANDLED,
        1,
    ),
    sent(
        "the right signature behind wrong ones",
        || with_signatures(|right| format!("v1a,x v1,{} {right}", "A".repeat(43) + "=")),
        HANDLED,
        1,
    ),
    sent(
        "signatures joined by a comma",
        || with_signatures(|right| format!("v1,{},{right}", "A".repeat(43) + "=")),
        HANDLED,
        1,
    ),
    sent(
        "two lines of signatures",
        || {
            // One request: another one may be of the next second, and signed otherwise.
            let request = genuine();
            let right = request.value("svix-signature");
            request
                .with("svix-signature", "v1a,x")
                .and("svix-signature", right)
        },
        HANDLED,
        1,
    ),
    sent("299 s old", || aged(Duration::from_secs(299)), HANDLED, 1),
    sent(
        "a body of exactly the limit, declared",
        || signed_of_length(SMALL_LIMIT).to(SMALL),
        HANDLED,
        1,
    ),
    sent(
        "a body of exactly the limit, chunked",
        || signed_of_length(SMALL_LIMIT).to(SMALL).in_chunks_of(100),
        HANDLED,
        1,
    ),
    sent(
        "a body of 2 MiB, the default limit",
        || signed_of_length(2 << 20),
        HANDLED,
        1,
    ),
    sent(
        "an event type that is not known",
        || signed(r#"{"type":"planet.discovered","data":{}}"#),
        "200 planet.discovered msg_1 current",
        1,
    ),
    sent(
        "two secrets, signed by the first",
        || genuine().to(ROTATING),
        HANDLED,
        1,
    ),
    sent(
        "two secrets, signed by the second",
        || signed_by(&old_secret()).to(ROTATING),
        "200 user.created msg_1 old",
        1,
    ),
    sent(
        "two secrets, signed by both",
        || {
            let signed = SignedRequest::new(&old_secret(), EVENT);
            let signed = signed
                .with_secret(&current_secret())
                .with_message_id("msg_1");
            Request::of(signed).to(ROTATING)
        },
        HANDLED,
        1,
    ),
];

fn standard_names() -> Request {
    genuine().renamed(|name| name.replace("svix", "webhook"))
}

fn with_signatures(signatures: fn(&str) -> String) -> Request {
    let request = genuine();
    let right = String::from_utf8(request.value("svix-signature")).unwrap();
    request.with("svix-signature", signatures(&right))
}
