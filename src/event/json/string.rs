//! JSON strings: where they end, and what their escapes mean.

use super::fault::Fault;

const WORD: usize = size_of::<u64>();
const LOWEST_BITS: u64 = u64::MAX / 0xff;
const HIGHEST_BITS: u64 = LOWEST_BITS << 7;

/// How many bytes at the front of `bytes` are neither a quote, nor a backslash, nor a control character.
#[inline]
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
    let quote = zero_bytes(word ^ (LOWEST_BITS * b'"' as u64));
    let backslash = zero_bytes(word ^ (LOWEST_BITS * b'\\' as u64));
    let control = word.wrapping_sub(LOWEST_BITS * b' ' as u64) & !word;
    (quote | backslash | control) & HIGHEST_BITS
}

/// Sets the highest bit of each byte that is zero. Only the lowest set of the highest bits is reliable.
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(LOWEST_BITS) & !word
}

/// How many bytes are before the quote that ends the string, and whether there are escapes among them.
///
/// If the string is malformed or does not end, it is how many bytes are before the fault.
pub(super) fn end(bytes: &[u8]) -> (usize, bool) {
    let mut len = 0;
    let mut has_escapes = false;
    while let Some(rest) = bytes.get(len..) {
        len += plain_len(rest);
        let Some([b'\\', after @ ..]) = bytes.get(len..) else {
            break;
        };
        has_escapes = true;
        match escape_len(after) {
            Some(escape) => len += 1 + escape,
            None => break,
        }
    }
    (len, has_escapes)
}

/// The length of the escape whose backslash is before `bytes`; `None` if it is malformed.
///
/// It may be half a surrogate pair.
fn escape_len(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'u', a, b, c, d, ..] => {
            let are_hex = [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit());
            are_hex.then_some(5)
        }
        [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => Some(1),
        _ => None,
    }
}

/// What is wrong with a malformed escape whose backslash is before `bytes`.
#[cold]
pub(super) fn fault_of_escape(bytes: &[u8]) -> Fault {
    match bytes {
        [] | [b'u'] | [b'u', _] | [b'u', _, _] | [b'u', _, _, _] => Fault::EndsEarly,
        _ => Fault::Malformed,
    }
}

/// Resolves the escapes of a string; `None` if it has half a surrogate pair.
///
/// [`end`] must have found its end. The string is shorter than `raw`, in which each escape is as long as
/// its character or longer. So there is always room for another word.
pub(super) fn unescape(raw: &str) -> Option<String> {
    let raw = raw.as_bytes();
    let mut text = vec![0; raw.len() + WORD];
    let (mut read, mut written) = (0, 0);
    while let Some(rest) = raw.get(read..).filter(|rest| !rest.is_empty()) {
        let plain = copy_before_escape(rest, text.get_mut(written..)?)?;
        read += plain;
        written += plain;
        if let Some([b'\\', escape @ ..]) = raw.get(read..) {
            let (len, character) = unescape_one(escape)?;
            written += character.encode_utf8(text.get_mut(written..)?).len();
            read += 1 + len;
        }
    }
    text.truncate(written);
    String::from_utf8(text).ok()
}

/// Copies up to a word, but not the backslash in it; returns how many bytes it has copied.
fn copy_before_escape(from: &[u8], to: &mut [u8]) -> Option<usize> {
    let Some(word) = from.first_chunk::<WORD>() else {
        let plain = from.iter().position(|byte| *byte == b'\\').unwrap_or(from.len());
        to.get_mut(..plain)?.copy_from_slice(from.get(..plain)?);
        return Some(plain);
    };
    *to.first_chunk_mut::<WORD>()? = *word;
    let backslash = zero_bytes(u64::from_le_bytes(*word) ^ (LOWEST_BITS * b'\\' as u64));
    Some((backslash & HIGHEST_BITS).trailing_zeros() as usize / 8)
}

/// The length and the character of the escape whose backslash is before `bytes`.
#[inline]
fn unescape_one(bytes: &[u8]) -> Option<(usize, char)> {
    let simple = match bytes {
        [b'u', digits @ ..] => return unescape_unicode(digits),
        [b'b', ..] => '\u{8}',
        [b'f', ..] => '\u{c}',
        [b'n', ..] => '\n',
        [b'r', ..] => '\r',
        [b't', ..] => '\t',
        [same, ..] => char::from(*same),
        [] => return None,
    };
    Some((1, simple))
}

/// The same for an escape after `\u`, or for the two of a surrogate pair.
#[inline]
fn unescape_unicode(digits: &[u8]) -> Option<(usize, char)> {
    let first = code_unit(digits)?;
    if let Some(scalar) = char::from_u32(u32::from(first)) {
        return Some((5, scalar));
    }
    let second = code_unit(digits.get(4..)?.strip_prefix(b"\\u")?)?;
    let scalar = char::decode_utf16([first, second]).next()?.ok()?;
    Some((11, scalar))
}

/// The value of four hexadecimal digits.
fn code_unit(digits: &[u8]) -> Option<u16> {
    let [a, b, c, d] = digits.first_chunk::<4>()?.map(|digit| {
        // A letter has bit 6 set, and its low bits count from `a` = 1.
        u16::from(digit & 0xf) + 9 * u16::from(digit >> 6)
    });
    Some(a << 12 | b << 8 | c << 4 | d)
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
    fn the_end_is_a_quote_or_a_fault() {
        for (string, expected) in [
            (r#"" "#, (0, false)),
            (r#"plain text" "#, (10, false)),
            (r#"a\"b\u00e9\\" "#, (12, true)),
            (r"\x", (0, true)),
            (r"a\u00g0", (1, true)),
            ("no end", (6, false)),
        ] {
            assert_eq!(end(string.as_bytes()), expected, "{string}");
        }
    }

    #[test]
    fn a_malformed_escape_may_only_be_cut_off() {
        let fault = |escape: &str| fault_of_escape(escape.as_bytes());
        for malformed in ["x", "u00g0", " ", "\n", "\""] {
            assert_eq!(fault(malformed), Fault::Malformed, "{malformed}");
        }
        for early in ["", "u", "u00e"] {
            assert_eq!(fault(early), Fault::EndsEarly, "{early}");
        }
    }
}
