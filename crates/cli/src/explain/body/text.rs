//! Repairs of text: white space, line breaks, escapes, encodings.

use bytes::Bytes;

use super::optional::some;

pub(super) fn without_byte_order_mark(body: &Bytes) -> Vec<Bytes> {
    some(
        body.strip_prefix(b"\xef\xbb\xbf")
            .map(Bytes::copy_from_slice),
    )
}

/// One line break less at the end, and all white space.
pub(super) fn without_white_space_around(body: &Bytes) -> Vec<Bytes> {
    let without_line_break = body.strip_suffix(b"\n");
    let without_crlf = without_line_break.and_then(|body| body.strip_suffix(b"\r"));
    let found = [
        without_line_break,
        without_crlf,
        Some(body.trim_ascii_end()),
        Some(body.trim_ascii()),
    ];
    found
        .into_iter()
        .flatten()
        .map(Bytes::copy_from_slice)
        .collect()
}

pub(super) fn with_line_break(body: &Bytes) -> Vec<Bytes> {
    ["\n", "\r\n"]
        .iter()
        .map(|end| [body, end.as_bytes()].concat().into())
        .collect()
}

pub(super) fn with_other_line_endings(body: &Bytes) -> Vec<Bytes> {
    let Ok(text) = str::from_utf8(body) else {
        return Vec::new();
    };
    let unix = text.replace("\r\n", "\n");
    let windows = unix.replace('\n', "\r\n");
    let old_mac = text.replace('\r', "\n");
    [unix, windows, old_mac]
        .into_iter()
        .map(Bytes::from)
        .collect()
}

pub(super) fn html_unescaped(body: &Bytes) -> Vec<Bytes> {
    let text = str::from_utf8(body).ok().filter(|text| text.contains('&'));
    let unescape = |text: &str| {
        [
            ("&quot;", "\""),
            ("&#34;", "\""),
            ("&#39;", "'"),
            ("&#x27;", "'"),
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&amp;", "&"),
        ]
        .iter()
        .fold(text.to_owned(), |text, (escape, letter)| {
            text.replace(escape, letter)
        })
    };
    some(text.map(unescape))
}

/// UTF-8 that was read as Latin-1 and written as UTF-8, and UTF-16.
pub(super) fn decoded_again(body: &Bytes) -> Vec<Bytes> {
    let text = str::from_utf8(body).ok().filter(|text| !text.is_ascii());
    let latin_1: Option<Vec<u8>> = text.and_then(|text| {
        text.chars()
            .map(|letter| u8::try_from(u32::from(letter)).ok())
            .collect()
    });
    let latin_1_alone = match str::from_utf8(body) {
        Ok(_) => None,
        Err(_) => Some(
            body.iter()
                .copied()
                .map(char::from)
                .collect::<String>()
                .into_bytes(),
        ),
    };
    let found = [latin_1, latin_1_alone, utf_16(body)];
    found.into_iter().flatten().map(Bytes::from).collect()
}

fn utf_16(body: &[u8]) -> Option<Vec<u8>> {
    let unit: fn([u8; 2]) -> u16 = match body.get(..2)? {
        [0xff, 0xfe] | [_, 0] => u16::from_le_bytes,
        [0xfe, 0xff] | [0, _] => u16::from_be_bytes,
        _ => return None,
    };
    let (pairs, rest) = body.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    let text = String::from_utf16(&units)
        .ok()
        .filter(|_| rest.is_empty())?;
    Some(text.trim_start_matches('\u{feff}').as_bytes().to_vec())
}

/// As the printers of other languages write the characters in texts.
pub(super) fn escaped_in_another_way(body: &Bytes) -> Vec<Bytes> {
    let Ok(text) = str::from_utf8(body) else {
        return Vec::new();
    };
    let unescaped = unescaped(text);
    let variants = [
        unescaped.replace("\\/", "/"),
        unescaped.clone(),
        text.replace("\\/", "/"),
        text.replace("\\/", "/").replace('/', "\\/"),
        escaped(text, |letter| !letter.is_ascii(), false),
        escaped(text, |letter| !letter.is_ascii(), true),
        escaped(
            text,
            |letter| matches!(letter, '<' | '>' | '&' | '\u{2028}' | '\u{2029}'),
            false,
        ),
        escaped(text, |letter| !letter.is_ascii(), false)
            .replace("\\/", "/")
            .replace('/', "\\/"),
    ];
    variants.into_iter().map(Bytes::from).collect()
}

/// Writes `\u0041` for these characters.
fn escaped(text: &str, is_escaped: fn(char) -> bool, in_upper_case: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if !is_escaped(letter) {
            out.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            out.push_str(&match in_upper_case {
                true => format!("\\u{unit:04X}"),
                false => format!("\\u{unit:04x}"),
            });
        }
    }
    out
}

/// Replaces `\u0041` by its character, except for those that a text must escape.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let (letter, length) = match unicode_escape(escape) {
            Some((letter, length)) if is_plain(letter) => (Some(letter), length),
            // An escaped backslash is passed over whole, so that `\\u0041` is not taken for an escape.
            _ => (None, escape.chars().take(2).map(char::len_utf8).sum()),
        };
        let (read, after) = escape.split_at(length);
        match letter {
            Some(letter) => out.push(letter),
            None => out.push_str(read),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn is_plain(letter: char) -> bool {
    letter >= ' ' && !matches!(letter, '"' | '\\')
}

/// The character of `\u0041` or of a pair of them, and how long the escape is.
fn unicode_escape(text: &str) -> Option<(char, usize)> {
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
    let first = unit(text)?;
    if let Some(letter) = char::from_u32(first.into()) {
        return Some((letter, 6));
    }
    let second = unit(text.get(6..)?)?;
    let letter = char::decode_utf16([first, second]).next()?.ok()?;
    Some((letter, 12))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_characters_and_back() {
        assert_eq!(
            unescaped(r#""\u00e9\ud83e\udd80\u0026 \\u0041 \u0022 \n""#),
            r#""é🦀& \\u0041 \u0022 \n""#
        );
        assert_eq!(
            escaped("é🦀", |letter| !letter.is_ascii(), false),
            r"\u00e9\ud83e\udd80"
        );
        assert_eq!(unescaped(r"\ud83e alone \"), r"\ud83e alone \");
    }

    #[test]
    fn other_encodings_become_utf_8() {
        let latin_1 = Bytes::from("hÃ©llo".to_owned());
        assert!(decoded_again(&latin_1).contains(&Bytes::from("héllo")));
        let utf_16: Vec<u8> = "\u{feff}hé"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert!(decoded_again(&utf_16.into()).contains(&Bytes::from("hé")));
    }
}
