//! JSON strings: where they end, and what their escapes mean.

use super::fault::Fault;

/// How many bytes are searched at a time: two words.
const PAIR: usize = 2 * size_of::<u64>();
const LOWEST_BITS: u64 = u64::MAX / 0xff;
const HIGHEST_BITS: u64 = LOWEST_BITS << 7;

/// How many bytes at the front of `bytes` are neither a quote, nor a backslash, nor a control character.
#[inline]
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    let (pairs, rest) = bytes.as_chunks();
    for (index, pair) in pairs.iter().enumerate() {
        let [first, second] = words(pair).map(mark_special);
        if first | second != 0 {
            return index * PAIR + len_before_mark(first, || second);
        }
    }
    let mut last = [b' '; PAIR];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    pairs.len() * PAIR + plain_len_of_pair(&last).min(rest.len())
}

/// The same for two words.
#[inline]
fn plain_len_of_pair(pair: &[u8; PAIR]) -> usize {
    let [first, second] = words(pair);
    len_before_mark(mark_special(first), || mark_special(second))
}

/// How many bytes of two words are before the first mark; all if there is none.
#[inline]
fn len_before_mark(first: u64, second: impl FnOnce() -> u64) -> usize {
    let bits = match first {
        0 => u64::BITS + second().trailing_zeros(),
        marks => marks.trailing_zeros(),
    };
    bits as usize / 8
}

#[inline]
fn words(pair: &[u8; PAIR]) -> [u64; 2] {
    let pair = u128::from_le_bytes(*pair);
    [pair as u64, (pair >> u64::BITS) as u64]
}

/// Sets the highest bits of the special bytes. After the first mark there may be wrong ones.
fn mark_special(word: u64) -> u64 {
    let quote = (word ^ (LOWEST_BITS * b'"' as u64)).wrapping_sub(LOWEST_BITS);
    let backslash = (word ^ (LOWEST_BITS * b'\\' as u64)).wrapping_sub(LOWEST_BITS);
    let control = word.wrapping_sub(LOWEST_BITS * b' ' as u64);
    (quote | backslash | control) & !word & HIGHEST_BITS
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

/// Resolves the escapes of the string at the front of `bytes`, up to the quote after it. Returns the length
/// before that quote; `None` if the string is malformed or has half a surrogate pair.
pub(super) fn unescape(bytes: &[u8], into: &mut Vec<u8>) -> Option<usize> {
    let mut at = 0;
    loop {
        at += match bytes.get(at..)? {
            [b'"', ..] => return Some(at),
            [b'\\', escape @ ..] => 1 + unescape_one(escape, into)?,
            rest => copy_plain(rest, into)?,
        };
    }
}

/// Copies bytes up to a special one; returns how many. `None` if there are none.
#[inline]
fn copy_plain(bytes: &[u8], into: &mut Vec<u8>) -> Option<usize> {
    // For a few bytes, copying a whole pair of words and shortening it is faster.
    if let Some(pair) = bytes.first_chunk() {
        let plain = plain_len_of_pair(pair);
        if plain < PAIR {
            into.extend_from_slice(pair);
            into.truncate(into.len() - (PAIR - plain));
            return (plain > 0).then_some(plain);
        }
    }
    let plain = bytes.get(..plain_len(bytes))?;
    into.extend_from_slice(plain);
    (!plain.is_empty()).then_some(plain.len())
}

/// Resolves the escape whose backslash is before `bytes`; returns its length.
#[inline]
fn unescape_one(bytes: &[u8], into: &mut Vec<u8>) -> Option<usize> {
    let byte = match *bytes.first()? {
        b'u' => return unescape_unicode(bytes, into),
        b'b' => 0x8,
        b'f' => 0xc,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        same @ (b'"' | b'\\' | b'/') => same,
        _ => return None,
    };
    into.push(byte);
    Some(1)
}

/// The same for an escape with a `u`, or for the two of a surrogate pair.
#[inline]
fn unescape_unicode(bytes: &[u8], into: &mut Vec<u8>) -> Option<usize> {
    // Go escapes `<`, `>` and `&` in HTML, as `\u003c`.
    if let [_, b'0', b'0', high @ b'0'..=b'7', low, ..] = *bytes {
        into.push((high - b'0') << 4 | hex_digit(low)? as u8);
        return Some(5);
    }
    let first = code_unit(bytes.get(1..5)?)?;
    let (len, character) = match char::from_u32(first.into()) {
        Some(character) => (5, character),
        None => {
            let second = code_unit(bytes.get(5..11)?.strip_prefix(b"\\u")?)?;
            (11, char::decode_utf16([first, second]).next()?.ok()?)
        }
    };
    into.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some(len)
}

/// The value of four hexadecimal digits.
fn code_unit(digits: &[u8]) -> Option<u16> {
    digits
        .iter()
        .try_fold(0, |value, digit| Some(value << 4 | hex_digit(*digit)?))
}

fn hex_digit(digit: u8) -> Option<u16> {
    char::from(digit).to_digit(16).map(|value| value as u16)
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
            r"\x",
            r"\u00g0",
            r"\u+041",
            r"\u004",
            "\u{1}",
        ] {
            let expected: Option<String> = serde_json::from_str(&format!("\"{raw}\"")).ok();
            for after in ["\"", "\", \"\\n 0123456789\""] {
                let mut text = Vec::new();
                let len = unescape(format!("{raw}{after}").as_bytes(), &mut text);
                let read = len.map(|len| (len, String::from_utf8(text).unwrap()));
                assert_eq!(
                    read,
                    expected.clone().map(|text| (raw.len(), text)),
                    "{raw}"
                );
            }
            assert_eq!(
                unescape(raw.as_bytes(), &mut Vec::new()),
                None,
                "{raw} does not end"
            );
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
