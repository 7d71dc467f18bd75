//! JSON strings: where they end, and what their escapes mean.

use super::fault::Fault;

const WORD: usize = size_of::<u64>();
const LOWEST_BITS: u64 = u64::MAX / 0xff;
const HIGHEST_BITS: u64 = LOWEST_BITS << 7;

/// How many bytes at the front of `bytes` are neither a quote, nor a backslash, nor a control character.
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<WORD>();
    for (index, word) in words.iter().enumerate() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return index * WORD + special.trailing_zeros() as usize / 8;
        }
    }
    let is_special = |&byte: &u8| byte == b'"' || byte == b'\\' || byte < b' ';
    let plain = rest.iter().position(is_special).unwrap_or(rest.len());
    words.len() * WORD + plain
}

/// Sets the highest bit of each special byte. Only the lowest set bit is reliable.
fn special_bytes(word: u64) -> u64 {
    let zero = |word: u64| word.wrapping_sub(LOWEST_BITS) & !word;
    let quote = zero(word ^ (LOWEST_BITS * b'"' as u64));
    let backslash = zero(word ^ (LOWEST_BITS * b'\\' as u64));
    let control = word.wrapping_sub(LOWEST_BITS * b' ' as u64) & !word;
    (quote | backslash | control) & HIGHEST_BITS
}

/// The length of the escape at the front of `bytes`. Its meaning is not checked.
pub(super) fn escape_len(bytes: &[u8]) -> Result<usize, Fault> {
    match bytes.get(1) {
        None => Err(Fault::EndsEarly),
        Some(b'u') => {
            let digits = bytes.get(2..6).ok_or(Fault::EndsEarly)?;
            let are_hex = digits.iter().all(u8::is_ascii_hexdigit);
            if are_hex {
                Ok(6)
            } else {
                Err(Fault::Malformed)
            }
        }
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
        Some(_) => Err(Fault::Malformed),
    }
}

/// Resolves the escapes of a string; `None` if it has half a surrogate pair.
///
/// [`escape_len`] must have accepted every escape in it.
pub(super) fn unescape(raw: &str) -> Option<String> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escape)) = split_at_escape(rest) {
        text.push_str(plain);
        let mut chars = escape.chars();
        text.push(match chars.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let (scalar, after) = scalar(chars.as_str())?;
                chars = after.chars();
                scalar
            }
            same => same,
        });
        rest = chars.as_str();
    }
    text.push_str(rest);
    Some(text)
}

/// The text before the first backslash, and the text after it.
fn split_at_escape(raw: &str) -> Option<(&str, &str)> {
    let (plain, escape) = raw.split_at_checked(plain_len(raw.as_bytes()))?;
    Some((plain, escape.strip_prefix('\\')?))
}

/// The character of one `\u` escape or of a pair of them, and the text after it.
fn scalar(digits: &str) -> Option<(char, &str)> {
    let (first, after) = code_unit(digits)?;
    if let Some(scalar) = char::from_u32(u32::from(first)) {
        return Some((scalar, after));
    }
    let (second, after) = code_unit(after.strip_prefix("\\u")?)?;
    let scalar = char::decode_utf16([first, second]).next()?.ok()?;
    Some((scalar, after))
}

fn code_unit(digits: &str) -> Option<(u16, &str)> {
    let (digits, after) = digits.split_at_checked(4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_special_byte_is_found_at_every_place() {
        for len in 0..20 {
            for at in 0..=len {
                for special in [b'"', b'\\', 0, 0x1f] {
                    let mut bytes = vec![b' '; len];
                    bytes.extend([0x7f, 0x80, 0xff, b'!', b'#', b'[', b']']);
                    assert_eq!(plain_len(&bytes), bytes.len());
                    bytes.insert(at, special);
                    bytes.push(b'"');
                    assert_eq!(plain_len(&bytes), at);
                }
            }
        }
    }

    #[test]
    fn strings_are_unescaped_as_serde_json_does() {
        for raw in [
            r#"\"\\\/\b\f\n\r\t"#,
            r"\u0041\u00e9\u20ac\uD83D\uDE00x",
            r"\u003cp\u003e a \u0026 b",
            r"\\u0041",
            r"\ud83d",
            r"\ud83dx",
            r"\ud83d\n",
            r"\ud83d\u0041",
            r"\ude00\ud83d",
            r"\ud83d\ud83d",
            "é\\né",
        ] {
            let expected: Option<String> = serde_json::from_str(&format!("\"{raw}\"")).ok();
            assert_eq!(unescape(raw), expected, "{raw}");
        }
    }

    #[test]
    fn an_escape_has_a_length_or_is_none() {
        let len = |raw: &str| escape_len(raw.as_bytes());
        assert_eq!((len(r"\n"), len(r"\u00e9")), (Ok(2), Ok(6)));
        for malformed in [r"\x", r"\u00g0", r"\ ", "\\\n"] {
            assert_eq!(len(malformed), Err(Fault::Malformed), "{malformed}");
        }
        for early in [r"\", r"\u", r"\u00e"] {
            assert_eq!(len(early), Err(Fault::EndsEarly), "{early}");
        }
    }
}
