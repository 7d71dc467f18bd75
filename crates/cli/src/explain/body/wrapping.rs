//! Repairs of bodies that are inside something else.

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use serde_json::Value;

use super::{super::base64, optional::some};
use crate::{chunks, percent};

/// No genuine body is longer, so that a small body cannot fill the memory.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// The fields in which gateways and queues put a body.
const FIELDS: [&str; 7] = [
    "body", "rawBody", "raw_body", "payload", "Message", "message", "data",
];

pub(super) fn base64_decoded(body: &Bytes) -> Vec<Bytes> {
    let text: String = String::from_utf8_lossy(body)
        .split_ascii_whitespace()
        .collect();
    some((text.len() >= 4).then(|| base64::decode(&text)).flatten())
}

pub(super) fn decompressed(body: &Bytes) -> Vec<Bytes> {
    let mut out = Vec::new();
    let read = match body.get(..2) {
        Some([0x1f, 0x8b]) => MultiGzDecoder::new(&body[..])
            .take(MAX_BYTES)
            .read_to_end(&mut out),
        Some([0x78, 0x01 | 0x5e | 0x9c | 0xda]) => ZlibDecoder::new(&body[..])
            .take(MAX_BYTES)
            .read_to_end(&mut out),
        _ => return Vec::new(),
    };
    some(read.is_ok().then_some(out))
}

/// A JSON text, or the inside of one.
pub(super) fn out_of_text(body: &Bytes) -> Vec<Bytes> {
    let body = body.trim_ascii();
    if body.starts_with(b"\"") {
        return some(serde_json::from_slice::<String>(body).ok());
    }
    let has_escapes = body.windows(2).any(|pair| pair == b"\\\"");
    let inside = has_escapes.then(|| [b"\"", body, b"\""].concat());
    some(inside.and_then(|text| serde_json::from_slice::<String>(&text).ok()))
}

pub(super) fn out_of_envelope(body: &Bytes) -> Vec<Bytes> {
    let Ok(Value::Object(envelope)) = serde_json::from_slice(body) else {
        return Vec::new();
    };
    let is_base64 = envelope.get("isBase64Encoded") == Some(&Value::Bool(true));
    let texts = FIELDS
        .iter()
        .filter_map(|field| envelope.get(*field)?.as_str());
    texts
        .filter_map(|text| match is_base64 {
            true => base64::decode(text),
            false => Some(text.as_bytes().to_vec()),
        })
        .map(Bytes::from)
        .collect()
}

/// With and without a field's name before the body, or an `=` after it.
pub(super) fn form_decoded(body: &Bytes) -> Vec<Bytes> {
    let name_length = body
        .iter()
        .take(64)
        .take_while(|byte| is_name(**byte))
        .count();
    let value = body
        .get(name_length..)
        .and_then(|rest| rest.strip_prefix(b"="));
    let value = value.filter(|_| name_length > 0);
    let name = body.strip_suffix(b"=");
    let whole = Some(&body[..]).filter(|body| body.contains(&b'%'));
    let decode = |text: &[u8]| {
        [
            percent::decode(text, true),
            percent::decode(text, false),
            text.to_vec(),
        ]
    };
    let found = [whole, value, name].into_iter().flatten();
    found.flat_map(decode).map(Bytes::from).collect()
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'[' | b']')
}

/// Joins the chunks of `Transfer-Encoding: chunked`.
pub(super) fn without_chunk_framing(body: &Bytes) -> Vec<Bytes> {
    some(chunks::join(body))
}
