//! Repairs of bodies.

mod json;
mod optional;
mod text;
mod wrapping;

pub(crate) use self::json::spaced;

use bytes::Bytes;

use super::{
    cause::Cause,
    search::{Candidate, Limits, Repair, candidates},
};

/// In the order in which they are tried: what one byte shows before what changes the whole body.
const REPAIRS: &[Repair<Bytes>] = &[
    (Cause::BodyByteOrderMark, text::without_byte_order_mark),
    (
        Cause::BodyTrailingWhiteSpace,
        text::without_white_space_around,
    ),
    (Cause::BodyLineEndings, text::with_other_line_endings),
    (Cause::BodyChunkFraming, wrapping::without_chunk_framing),
    (Cause::BodyCompressed, wrapping::decompressed),
    (Cause::BodyInText, wrapping::out_of_text),
    (Cause::BodyInEnvelope, wrapping::out_of_envelope),
    (Cause::BodyFormEncoded, wrapping::form_decoded),
    (Cause::BodyBase64, wrapping::base64_decoded),
    (Cause::BodyHtmlEscaped, text::html_unescaped),
    (Cause::BodyEncoding, text::decoded_again),
    (Cause::BodyPrettyPrinted, json::compacted),
    (Cause::BodyPrettyPrinted, json::printed_otherwise),
    (Cause::BodyCompacted, json::printed),
    (Cause::BodyEscapesChanged, text::escaped_in_another_way),
    (Cause::BodyKeysSorted, json::with_other_order),
    (Cause::BodyLostWhiteSpace, text::with_line_break),
];

const LIMITS: Limits<Bytes> = Limits {
    depth: 3,
    candidates: 200,
    total_size: 64 * 1024 * 1024,
    size: Bytes::len,
};

/// The body, and what it may have been.
pub(super) fn repaired(body: &Bytes) -> Vec<Candidate<Bytes>> {
    candidates(body, REPAIRS, &LIMITS)
}
