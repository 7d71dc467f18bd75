//! HMAC-SHA256 (RFC 2104) and base64 (RFC 4648, section 4), written from their definitions.

use sha2::{Digest as _, Sha256};

const BLOCK_BYTES: usize = 64;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK_BYTES];
    if key.len() > BLOCK_BYTES {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = block.map(|byte| byte ^ 0x36).to_vec();
    let outer = block.map(|byte| byte ^ 0x5c).to_vec();
    let inner = Sha256::digest([&inner, message].concat());
    Sha256::digest([outer, inner.to_vec()].concat()).into()
}

/// Encodes with padding.
pub fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let number = (0..3).fold(0, |number, at| {
            number << 8 | u32::from(group.get(at).copied().unwrap_or(0))
        });
        for at in 0..4 {
            let value = number >> (18 - 6 * at) & 63;
            let is_padding = at > group.len();
            text.push(if is_padding {
                '='
            } else {
                ALPHABET[value as usize].into()
            });
        }
    }
    text
}

/// Decodes canonical base64 with all of its padding or none.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut bits = Vec::new();
    for letter in text.trim_end_matches('=').bytes() {
        let value = ALPHABET.iter().position(|candidate| *candidate == letter)?;
        bits.extend((0..6).rev().map(|bit| value >> bit & 1));
    }
    let whole = bits.chunks_exact(8);
    let bytes: Vec<u8> = whole
        .map(|byte| byte.iter().fold(0, |byte, bit| byte << 1 | *bit as u8))
        .collect();
    let padded = base64(&bytes);
    (text == padded || text == padded.trim_end_matches('=')).then_some(bytes)
}
