//! Percent-encoding, as in URLs and forms.

/// Decodes `%XX`, and `+` as a space if `plus_is_space`. What is not an escape stays.
pub(crate) fn decode(text: &[u8], plus_is_space: bool) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = escape(rest);
        let plain = if byte == b'+' && plus_is_space {
            b' '
        } else {
            byte
        };
        let (byte, after) = escaped.unwrap_or((plain, after));
        decoded.push(byte);
        rest = after;
    }
    decoded
}

/// The byte of the escape at the start, and what follows it.
fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, after) = text.strip_prefix(b"%")?.split_first_chunk()?;
    Some((hex(*digits)?, after))
}

fn hex(digits: [u8; 2]) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(digit(digits[0])? * 16 + digit(digits[1])?).ok()
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn escapes_are_decoded_and_all_else_stays() {
        assert_eq!(decode(b"a%2Bb+c%2", false), b"a+b+c%2");
        assert_eq!(decode(b"%7b+%7D%zz", true), b"{ }%zz");
    }
}
