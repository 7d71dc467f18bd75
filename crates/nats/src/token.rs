//! Any text as one token of a subject, and as a consumer's name.

use std::fmt::Write as _;

/// Letters, digits, `-` and `_` stay as they are. Every other byte becomes `=` and two hexadecimal digits.
pub(crate) fn encode(text: &str) -> String {
    let mut token = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => token.push(byte.into()),
            _ => {
                // Writing into a string does not fail.
                let _ = write!(token, "={byte:02X}");
            }
        }
    }
    token
}

/// The text of a token. `None` when it was not made by [`encode`].
pub(crate) fn decode(token: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'=' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        let digits = std::str::from_utf8(&digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_survives() {
        for text in [
            "",
            "msg_2b1k-A",
            "a.b*c>d e/f#=\\",
            "caf\u{e9} \u{1f980}\r\n\0",
        ] {
            let token = encode(text);
            assert_eq!(decode(&token).as_deref(), Some(text));
            let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte);
            assert!(token.bytes().all(is_safe), "{token}");
        }
        assert_eq!(encode("msg_2b1k"), "msg_2b1k");
        assert_eq!(encode("a.b"), "a=2Eb");
    }

    #[test]
    fn what_is_no_token_is_none() {
        for broken in ["=", "=2", "=XY", "=FF"] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }
}
