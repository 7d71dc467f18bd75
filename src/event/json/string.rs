//! JSON strings: where they end, and what their escapes mean.

use super::fault::Fault;

/// How many bytes are searched at a time: two words.
const BLOCK: usize = 2 * size_of::<u64>();
const LOWEST_BITS: u64 = u64::MAX / 0xff;
const HIGHEST_BITS: u64 = LOWEST_BITS << 7;

/// How many bytes at the front of `bytes` are neither a quote, nor a backslash, nor a control character.
#[inline]
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    let (blocks, rest) = bytes.as_chunks();
    for (index, block) in blocks.iter().enumerate() {
        let [first, second] = words(block).map(mark_special);
        if first | second != 0 {
            return index * BLOCK + len_before_mark(first, || second);
        }
    }
    blocks.len() * BLOCK + plain_len_of_block(&last_block(rest))
}

/// The same for a block.
#[inline]
fn plain_len_of_block(block: &[u8; BLOCK]) -> usize {
    let [first, second] = words(block);
    len_before_mark(mark_special(first), || mark_special(second))
}

/// Fills less than a block up with control characters.
fn last_block(bytes: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block
        .iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = *from);
    block
}

#[inline]
fn words(block: &[u8; BLOCK]) -> [u64; 2] {
    [block.first_chunk(), block.last_chunk()]
        .map(|word| word.map_or(0, |word| u64::from_le_bytes(*word)))
}

/// Sets the highest bits of the special bytes. After the first mark there may be wrong ones.
fn mark_special(word: u64) -> u64 {
    let each = |byte| LOWEST_BITS * u64::from(byte);
    let backslash = (word ^ each(b'\\')).wrapping_sub(LOWEST_BITS);
    // In ASCII, this xor moves the quote right behind the control characters.
    let quote_or_control = (word ^ each(0x2)).wrapping_sub(each(b' ' + 1));
    (backslash | quote_or_control) & !word & HIGHEST_BITS
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

/// How many bytes are before the quote that ends the string.
///
/// If the string is malformed or does not end, it is how many bytes are before the fault.
pub(super) fn end(bytes: &[u8]) -> usize {
    let mut len = 0;
    while let Some(rest) = bytes.get(len..) {
        len += plain_len(rest);
        let Some([b'\\', after @ ..]) = bytes.get(len..) else {
            break;
        };
        match escape_len(after) {
            Some(escape) => len += 1 + escape,
            None => break,
        }
    }
    len
}

/// The length of the escape whose backslash is before `bytes`; `None` if it is malformed.
///
/// It may be half a surrogate pair.
fn escape_len(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'u', rest @ ..] => code_unit(rest).map(|_| 5),
        [letter, ..] => simple_escape(*letter).map(|_| 1),
        [] => None,
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

/// How much [`unescape`] resolves before it appends it.
const PART: usize = 512;
/// The most that [`unescape_part`] writes at a time: a block, or less than a block and then a character.
const ROOM: usize = BLOCK + 4;

/// Resolves the escapes of the string at the front of `bytes`, up to the quote after it. Returns the length
/// before that quote; `None` if the string is malformed or has half a surrogate pair.
pub(super) fn unescape(bytes: &[u8], into: &mut Vec<u8>) -> Option<usize> {
    let mut part = [0; PART];
    let mut rest = bytes;
    loop {
        let (unread, written) = unescape_part(rest, &mut part)?;
        into.extend_from_slice(part.get(..written)?);
        rest = unread;
        if let [b'"', ..] = rest {
            return Some(bytes.len() - rest.len());
        }
    }
}

/// Resolves as much of the string as `part` has room for; returns what is left, and how much it has written.
fn unescape_part<'a>(mut bytes: &'a [u8], part: &mut [u8; PART]) -> Option<(&'a [u8], usize)> {
    let mut len = 0;
    while len <= PART - ROOM {
        let block = bytes.first_chunk().copied();
        let block = block.unwrap_or_else(|| last_block(bytes));
        // Copying a whole block and overwriting the end of it is faster than copying a part.
        *part.get_mut(len..)?.first_chunk_mut()? = block;
        let plain = plain_len_of_block(&block);
        bytes = bytes.get(plain..)?;
        len += plain;
        if plain == BLOCK {
            continue;
        }
        match bytes {
            [b'"', ..] => break,
            [b'\\', escape @ ..] => {
                let (character, rest) = resolve(escape)?;
                bytes = rest;
                len += character.encode_utf8(part.get_mut(len..)?).len();
            }
            _ => return None,
        }
    }
    Some((bytes, len))
}

/// The meaning of the escape whose backslash is before `bytes`, or of a surrogate pair, and what follows it.
#[inline]
fn resolve(bytes: &[u8]) -> Option<(char, &[u8])> {
    match bytes {
        // Go writes HTML with these three.
        [b'u', b'0', b'0', b'3', b'c', rest @ ..] => Some(('<', rest)),
        [b'u', b'0', b'0', b'3', b'e', rest @ ..] => Some(('>', rest)),
        [b'u', b'0', b'0', b'2', b'6', rest @ ..] => Some(('&', rest)),
        [b'u', rest @ ..] => resolve_unicode(rest),
        [letter, rest @ ..] => Some((simple_escape(*letter)?.into(), rest)),
        [] => None,
    }
}

/// The same for any escape with a `u`, which is before `bytes`.
#[inline(never)]
fn resolve_unicode(bytes: &[u8]) -> Option<(char, &[u8])> {
    let (first, rest) = code_unit(bytes)?;
    if let Some(character) = char::from_u32(first.into()) {
        return Some((character, rest));
    }
    let (second, rest) = code_unit(rest.strip_prefix(b"\\u")?)?;
    let character = char::decode_utf16([first, second]).next()?.ok()?;
    Some((character, rest))
}

/// The value of four hexadecimal digits, and what follows them.
fn code_unit(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, rest) = bytes.split_at_checked(4)?;
    let unit = digits.iter().try_fold(0, |value, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        Some(value << 4 | u16::try_from(digit).ok()?)
    });
    Some((unit?, rest))
}

/// The meaning of a letter after a backslash.
fn simple_escape(letter: u8) -> Option<u8> {
    match letter {
        b'b' => Some(0x8),
        b'f' => Some(0xc),
        b'n' => Some(b'\n'),
        b'r' => Some(b'\r'),
        b't' => Some(b'\t'),
        b'"' | b'\\' | b'/' => Some(letter),
        _ => None,
    }
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
                let read = len.map(|len| (len, str::from_utf8(&text).unwrap()));
                let expected = expected.as_deref().map(|text| (raw.len(), text));
                assert_eq!(read, expected, "{raw}");
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
            (r#"" "#, 0),
            (r#"plain text" "#, 10),
            (r#"a\"b\u00e9\\" "#, 12),
            (r"\x", 0),
            (r"a\u00g0", 1),
            ("no end", 6),
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
