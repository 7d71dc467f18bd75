//! Percent-encoding, as in URLs and forms.

/// Decodes `%XX`, and `+` as a space if `plus_is_space`. What is not an escape stays.
pub(crate) fn decode(text: &[u8], plus_is_space: bool) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = after
            .split_first_chunk()
            .and_then(|(digits, after)| Some((hex(*digits)?, after)));
        rest = match (byte, escaped) {
            (b'%', Some((byte, after))) => {
                decoded.push(byte);
                after
            }
            (b'+', _) if plus_is_space => {
                decoded.push(b' ');
                after
            }
            _ => {
                decoded.push(byte);
                after
            }
        };
    }
    decoded
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
