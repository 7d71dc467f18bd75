//! Refusals that need no body.

use std::time::{Duration, SystemTime};

use clerk_webhooks::testing::SignedRequest;

use crate::{
    framework::current_secret,
    request::{EVENT, Request, bare, genuine, stale},
    row::{Row, Step, steps, withheld},
};

const MISSING: &str = "400 missing webhook header";
const MALFORMED: &str = "400 malformed webhook header";
const STALE: &str = "400 timestamp out of tolerance";
const INVALID: &str = "400 invalid signature";
const TOO_LONG: u64 = (2 << 20) + 1;

pub(crate) const ROWS: &[Row] = &[
    withheld("no webhook header", bare, MISSING),
    withheld("no id", || genuine().without("svix-id"), MISSING),
    withheld(
        "no timestamp",
        || genuine().without("svix-timestamp"),
        MISSING,
    ),
    withheld(
        "no signature",
        || genuine().without("svix-signature"),
        MISSING,
    ),
    withheld(
        "one header of the other family",
        || {
            let id = genuine().value("svix-id");
            genuine().without("svix-id").and("webhook-id", id)
        },
        MISSING,
    ),
    withheld(
        "two id lines",
        || genuine().and("svix-id", "msg_2"),
        MALFORMED,
    ),
    withheld(
        "two equal id lines",
        || genuine().and("svix-id", "msg_1"),
        MALFORMED,
    ),
    withheld(
        "two timestamp lines",
        || genuine().and("svix-timestamp", "1"),
        MALFORMED,
    ),
    withheld(
        "ids joined by a comma",
        || with_id("msg_1, msg_1"),
        MALFORMED,
    ),
    withheld("an empty id", || with_id(""), MALFORMED),
    withheld("an id with a dot", || with_id("msg.1"), MALFORMED),
    withheld(
        "an id of 257 bytes",
        || with_id(&"m".repeat(257)),
        MALFORMED,
    ),
    withheld("an id in UTF-8", || with_id("msg_é"), MALFORMED),
    withheld(
        "an id of any bytes",
        || genuine().with("svix-id", b"msg_\xff\xfe"),
        MALFORMED,
    ),
    withheld("a timestamp of letters", || with_time("soon"), MALFORMED),
    withheld(
        "a timestamp of any bytes",
        || genuine().with("svix-timestamp", b"17\xff"),
        MALFORMED,
    ),
    withheld(
        "a timestamp in milliseconds",
        || with_time("1767225600000"),
        STALE,
    ),
    withheld("an hour old", stale, STALE),
    withheld("an hour in the future", from_the_future, STALE),
    withheld("an empty signature", || with_signature(b""), INVALID),
    withheld(
        "a signature without a version",
        || with_signature(b"bm90IGEgc2lnbmF0dXJl"),
        INVALID,
    ),
    withheld(
        "only signatures of another version",
        || with_signature(b"v1a,bm90IGEgc2lnbmF0dXJl"),
        INVALID,
    ),
    withheld(
        "a signature of any bytes",
        || with_signature(b"v1,\xff\xf0\x9f\xa6\x80"),
        INVALID,
    ),
    withheld(
        "no webhook header, and too long a body declared",
        || bare().declaring(TOO_LONG),
        MISSING,
    ),
    withheld(
        "stale, and a chunked body that never ends",
        || stale().in_chunks_of(16),
        STALE,
    ),
    steps(
        "`Expect: 100-continue`, no webhook header",
        "withheld",
        || expecting(bare()),
        MISSING,
        0,
    ),
    steps(
        "`Expect: 100-continue`, stale",
        "withheld",
        || expecting(stale()),
        STALE,
        0,
    ),
];

fn with_id(id: &str) -> Request {
    genuine().with("svix-id", id)
}

fn with_time(timestamp: &str) -> Request {
    genuine().with("svix-timestamp", timestamp)
}

fn with_signature(signature: &[u8]) -> Request {
    genuine().with("svix-signature", signature)
}

fn from_the_future() -> Request {
    let sent_at = SystemTime::now() + Duration::from_secs(3_600);
    let signed = SignedRequest::new(&current_secret(), EVENT).with_sent_at(sent_at);
    Request::of(signed)
}

fn expecting(request: Request) -> Vec<Step> {
    let head = request.and("expect", "100-continue").head();
    vec![Step::Send(head), Step::FinalAnswer]
}
