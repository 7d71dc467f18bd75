//! Percent-encoding, as in URLs and forms.

use percent_encoding::percent_decode;

/// Decodes `%XX`, and `+` as a space if `plus_is_space`. What is not an escape stays.
pub(crate) fn decode(text: &[u8], plus_is_space: bool) -> Vec<u8> {
    let with_spaces = |byte: &u8| match byte {
        b'+' if plus_is_space => b' ',
        byte => *byte,
    };
    percent_decode(&text.iter().map(with_spaces).collect::<Vec<_>>()).collect()
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
