//! Verified deliveries that are no event, the handler's own answers, and a route that is not set up.

use crate::{
    framework::{NO_SETUP, RAW},
    request::{bare, genuine, message, signed},
    row::{Row, sent, withheld},
};

const UNDECODABLE: &str = "422 event could not be decoded";
const NOT_SET_UP: &str = "500 webhook receiver is not set up";

/// `locked` is a boolean in Clerk's schema.
const WRONG_TYPE: &str = r#"{"type":"user.created","data":{"id":"user_1","locked":"no"}}"#;

pub(crate) const ROWS: &[Row] = &[
    sent("not JSON", || signed("not JSON"), UNDECODABLE, 0),
    sent(
        "not UTF-8",
        || signed(b"{\"type\":\"\xff\"}"),
        UNDECODABLE,
        0,
    ),
    sent("an empty body, signed", || signed(""), UNDECODABLE, 0),
    sent("no `type`", || signed(r#"{"data":{}}"#), UNDECODABLE, 0),
    sent(
        "`data` is not an object",
        || signed(r#"{"type":"user.created","data":1}"#),
        UNDECODABLE,
        0,
    ),
    sent(
        "a known type with data of the wrong type",
        || signed(WRONG_TYPE),
        UNDECODABLE,
        0,
    ),
    sent(
        "the same, for a handler of `RawClerkEvent`",
        || signed(WRONG_TYPE).to(RAW),
        "200 user.created msg_1 current",
        1,
    ),
    sent(
        "the handler asks for a retry",
        || message("msg_retry"),
        "500 processing failed, please retry",
        1,
    ),
    sent(
        "the handler asks for a retry after 60 s",
        || message("msg_retry_later"),
        "500 processing failed, please retry (retry-after: 60)",
        1,
    ),
    sent(
        "the handler fails permanently",
        || message("msg_permanent"),
        "422 processing failed permanently (webhook-delivery: abort-message)",
        1,
    ),
    sent(
        "missing setup, genuine",
        || genuine().to(NO_SETUP),
        NOT_SET_UP,
        0,
    ),
    withheld(
        "missing setup, no webhook header",
        || bare().to(NO_SETUP),
        NOT_SET_UP,
    ),
    withheld("another path", || bare().to("/elsewhere"), "404"),
    withheld(
        "another method",
        || genuine().with_line("PUT /webhooks/clerk HTTP/1.1"),
        "405",
    ),
];
