//! The contract: which headers and secrets are valid, and the reason code for each that is not.

use crate::mac::decode_base64;

pub type Headers = [(String, Vec<u8>)];

/// The content of valid headers.
pub struct Signed<'a> {
    pub id: &'a [u8],
    pub timestamp: &'a [u8],
    /// The well-formed `v1` signatures, in base64.
    pub signatures: Vec<Vec<u8>>,
}

impl Signed<'_> {
    pub fn text(&self, body: &[u8]) -> Vec<u8> {
        [self.id, self.timestamp, body].join(&b'.')
    }
}

pub fn values<'a>(headers: &'a Headers, name: &str) -> Vec<&'a [u8]> {
    let named = headers
        .iter()
        .filter(|(candidate, _)| candidate.to_lowercase() == name);
    named.map(|(_, value)| &value[..]).collect()
}

/// `webhook` if there are only `webhook-*` headers, otherwise `svix`.
pub fn family(headers: &Headers) -> &'static str {
    let any_of = |family: &str| {
        ["id", "timestamp", "signature"]
            .iter()
            .any(|part| !values(headers, &format!("{family}-{part}")).is_empty())
    };
    if any_of("webhook") && !any_of("svix") {
        "webhook"
    } else {
        "svix"
    }
}

/// All times are in seconds.
pub fn judge_headers(
    headers: &Headers,
    now: u64,
    past: u64,
    future: u64,
) -> Result<Signed<'_>, &'static str> {
    let family = family(headers);
    let of = |part: &str| values(headers, &format!("{family}-{part}"));
    let (ids, timestamps, lines) = (of("id"), of("timestamp"), of("signature"));
    if ids.is_empty() || timestamps.is_empty() || lines.is_empty() {
        return Err("missing_header");
    }
    let ([id], [timestamp]) = (&ids[..], &timestamps[..]) else {
        return Err("duplicate_header");
    };
    let visible = |byte: &u8| (0x21..=0x7e).contains(byte) && *byte != b'.';
    if !(1..=256).contains(&id.len()) || !id.iter().all(visible) {
        return Err("malformed_id");
    }
    let seconds = i128::from(seconds(timestamp).ok_or("malformed_timestamp")?);
    let now = i128::from(now);
    if seconds < now - i128::from(past) {
        return Err("timestamp_too_old");
    }
    if seconds > now + i128::from(future) {
        return Err("timestamp_too_new");
    }
    let signatures = signatures(&lines);
    if signatures.is_empty() {
        return Err("malformed_signature");
    }
    Ok(Signed {
        id,
        timestamp,
        signatures,
    })
}

fn seconds(timestamp: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(timestamp).ok()?;
    let number: i64 = text.parse().ok()?;
    // `parse` also accepts a sign and leading zeros. Such a number prints differently.
    (number >= 0 && number.to_string() == text).then_some(number)
}

pub fn signatures(lines: &[&[u8]]) -> Vec<Vec<u8>> {
    let joined = lines.join(&b',');
    let tokens: Vec<&[u8]> = joined
        .split(|byte| b" \t,".contains(byte))
        .filter(|token| !token.is_empty())
        .collect();
    let versions = (0..tokens.len()).filter(|place| is_version(tokens[*place]));
    let candidates = versions
        .take(32)
        .filter(|place| tokens[*place] == b"v1")
        .filter_map(|place| tokens.get(place + 1));
    candidates
        .filter(|token| is_signature(token))
        .map(|token| token.to_vec())
        .collect()
}

/// Whether the token matches `v[0-9]+[A-Za-z]*`.
fn is_version(token: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(token) else {
        return false;
    };
    let number = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    number.len() > 1
        && number.starts_with('v')
        && number[1..].chars().all(|letter| letter.is_ascii_digit())
}

fn is_signature(token: &[u8]) -> bool {
    let text = String::from_utf8_lossy(token);
    text.len() == 44
        && text.ends_with('=')
        && decode_base64(&text).is_some_and(|bytes| bytes.len() == 32)
}

/// Returns the key of a signing secret, or the reason code.
pub fn judge_secret(text: &str) -> Result<Vec<u8>, &'static str> {
    let text = text.trim_matches(|letter| " \t\r\n\x0c".contains(letter));
    let starts = |prefixes: [&str; 2]| prefixes.iter().any(|prefix| text.starts_with(prefix));
    let is_quote = |letter| "\"'`".contains(letter);
    if text.is_empty() {
        return Err("empty");
    }
    if text.starts_with(is_quote) || text.ends_with(is_quote) {
        return Err("quoted");
    }
    if starts(["sk_", "pk_"]) {
        return Err("api_key");
    }
    if starts(["whsk_", "whpk_"]) {
        return Err("asymmetric_key");
    }
    let encoded = text.strip_prefix("whsec_").unwrap_or(text);
    if encoded.is_empty() {
        return Err("prefix_only");
    }
    let key = decode_base64(encoded).ok_or("not_base64")?;
    if key.len() < 24 {
        return Err("too_short");
    }
    if key == vec![0; key.len()] {
        return Err("all_zero");
    }
    Ok(key)
}
