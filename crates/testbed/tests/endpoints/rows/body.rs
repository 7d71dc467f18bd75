//! Bodies that are too long, forged, late or incomplete.

use crate::{
    framework::{SMALL, SMALL_LIMIT, old_secret},
    request::{EVENT, genuine, signed, signed_by, signed_of_length},
    row::{Row, Step, sent, steps, withheld},
};

const INVALID: &str = "400 invalid signature";
const TOO_LARGE: &str = "413 body too large";
const BROKEN: &str = "400 body could not be read";
const TOO_LONG: u64 = (2 << 20) + 1;

pub(crate) const ROWS: &[Row] = &[
    sent(
        "signed by a secret that is not ours",
        || signed_by(&old_secret()),
        INVALID,
        0,
    ),
    sent(
        "a body that was changed",
        || genuine().with_body(r#"{"type":"user.created","data":{"id":"user_2"}}"#),
        INVALID,
        0,
    ),
    sent(
        "a body with one more space",
        || genuine().with_body(&format!("{EVENT} ")),
        INVALID,
        0,
    ),
    sent("no body", || genuine().with_body(""), INVALID, 0),
    withheld(
        "one byte over the default limit declared",
        || genuine().declaring(TOO_LONG),
        TOO_LARGE,
    ),
    withheld(
        "10^14 bytes declared",
        || genuine().declaring(100_000_000_000_000),
        TOO_LARGE,
    ),
    withheld(
        "one byte over a limit of 1 KiB declared",
        || genuine().to(SMALL).declaring(SMALL_LIMIT as u64 + 1),
        TOO_LARGE,
    ),
    steps(
        "`Expect: 100-continue`, one byte over the limit declared",
        "withheld",
        || {
            let request = genuine().declaring(TOO_LONG).and("expect", "100-continue");
            vec![Step::Send(request.head()), Step::FinalAnswer]
        },
        TOO_LARGE,
        0,
    ),
    sent(
        "one byte over a limit of 1 KiB, chunked",
        || {
            signed_of_length(SMALL_LIMIT + 1)
                .to(SMALL)
                .in_chunks_of(100)
        },
        TOO_LARGE,
        0,
    ),
    steps(
        "over the default limit, chunked",
        "all but the last chunk",
        || {
            let request = signed_of_length(3 << 20).in_chunks_of(65_536);
            let mut bytes = request.whole();
            bytes.truncate(bytes.len() - "0\r\n\r\n".len());
            vec![Step::Send(bytes), Step::Answer]
        },
        TOO_LARGE,
        0,
    ),
    steps(
        "the sender stalls, then goes on",
        "in halves",
        || {
            let (head, mut first) = (genuine().head(), genuine().payload());
            let second = first.split_off(20);
            vec![
                Step::Send([head, first].concat()),
                Step::Silence,
                Step::Send(second),
                Step::Answer,
            ]
        },
        "200 user.created msg_1 current",
        1,
    ),
    steps(
        "the sender stalls within a chunk, then goes on",
        "in halves",
        || {
            let mut whole = genuine().in_chunks_of(30).whole();
            let second = whole.split_off(whole.len() - 20);
            vec![
                Step::Send(whole),
                Step::Silence,
                Step::Send(second),
                Step::Answer,
            ]
        },
        "200 user.created msg_1 current",
        1,
    ),
    steps(
        "the sender disconnects midway",
        "half",
        || {
            let half = genuine().payload()[..20].to_vec();
            vec![Step::Send([genuine().head(), half].concat())]
        },
        "none",
        0,
    ),
    steps(
        "the sender disconnects before the last chunk",
        "all but the last chunk",
        || {
            let mut whole = genuine().in_chunks_of(16).whole();
            whole.truncate(whole.len() - "0\r\n\r\n".len());
            vec![Step::Send(whole)]
        },
        "none",
        0,
    ),
    steps(
        "the sender ends midway and reads on",
        "half",
        || {
            let half = genuine().payload()[..20].to_vec();
            vec![
                Step::Send([genuine().head(), half].concat()),
                Step::Finish,
                Step::Answer,
            ]
        },
        BROKEN,
        0,
    ),
    steps(
        "a malformed chunk",
        "malformed",
        || {
            let head = signed(EVENT).in_chunks_of(16).head();
            vec![
                Step::Send([&head[..], b"not a size\r\n"].concat()),
                Step::Answer,
            ]
        },
        BROKEN,
        0,
    ),
];
