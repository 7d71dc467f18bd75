//! Repairs of the signature header.

use ::base64::{Engine as _, prelude::BASE64_STANDARD};

use super::base64;

/// How many signatures a receiver reads.
const READ: usize = 32;

const BYTES: usize = 32;

/// The signatures in groups that a receiver reads whole; nothing if it reads all of them.
pub(super) fn in_small_groups(value: &str) -> Vec<String> {
    let found = signatures(value);
    match found.len() > READ {
        true => found.chunks(READ).map(entries).collect(),
        false => Vec::new(),
    }
}

/// The signatures, written as the sender writes them.
pub(super) fn rewritten(value: &str) -> Vec<String> {
    // `+` is a space in a form.
    let with_plus = value.replace("v1, ", "v1,").replace(' ', "+");
    [signatures(value), signatures(&with_plus)]
        .into_iter()
        .filter(|found| !found.is_empty())
        .map(|found| entries(found.get(..READ).unwrap_or(&found)))
        .collect()
}

fn entries(signatures: &[Vec<u8>]) -> String {
    let entry = |signature: &Vec<u8>| format!("v1,{}", BASE64_STANDARD.encode(signature));
    signatures.iter().map(entry).collect::<Vec<_>>().join(" ")
}

/// Every text of 32 bytes, in any base64 alphabet or in hexadecimal digits.
fn signatures(value: &str) -> Vec<Vec<u8>> {
    value
        .replace("v1=", " ")
        .split(|letter: char| !(letter.is_ascii_alphanumeric() || "+/_-=".contains(letter)))
        .filter_map(signature)
        .collect()
}

fn signature(token: &str) -> Option<Vec<u8>> {
    let decoded = base64::decode(token).filter(|bytes| bytes.len() == BYTES);
    decoded.or_else(|| hexadecimal(token))
}

fn hexadecimal(token: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = token.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() == 2 * BYTES)?;
    let byte =
        |pair: &[u32]| u8::try_from(pair.iter().fold(0, |byte, digit| byte * 16 + digit)).ok();
    digits.chunks(2).map(byte).collect()
}

/// The versions that a signature header names: `v1`, `v1a`.
pub(super) fn versions(value: &str) -> impl Iterator<Item = &str> {
    value.split([' ', ',', '\t']).filter(|token| {
        let rest = token.strip_prefix('v').unwrap_or_default();
        rest.starts_with(|letter: char| letter.is_ascii_digit()) && rest.len() < 8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn a_signature_is_found_in_every_spelling() {
        for spelling in [
            RIGHT,
            "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            "v1=g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            "V1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE",
            "v1,g0hM9SsE-OTPJTGt_tmIKtSyZlE3uFJELVlNIOLJ1OE",
            "v1;g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            "v1,g0hM9SsE OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            "v1,83484cf52b04f8e4cf2531adfed9882ad4b2665137b852442d594d20e2c9d4e1",
        ] {
            assert!(
                rewritten(spelling).contains(&RIGHT.to_owned()),
                "{spelling}"
            );
        }
        assert_eq!(rewritten("v1,AAAA"), [""; 0]);
    }
}
