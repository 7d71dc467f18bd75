//! JSON numbers: which they are, and their values.

const WORD: usize = size_of::<u64>();
const POWERS_OF_TEN: [u64; WORD] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// A number, as `serde_json` tells numbers apart.
#[derive(Clone, Copy)]
pub(in crate::event) enum Number {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
}

impl Number {
    /// `None` if the number is beyond `f64`.
    pub(super) fn parse(text: &str, is_integer: bool) -> Option<Self> {
        if is_integer && let Ok(number) = text.parse() {
            return Some(Self::Unsigned(number));
        }
        // serde_json reads `-0` as a float, which keeps its sign.
        if is_integer
            && text != "-0"
            && let Ok(number) = text.parse()
        {
            return Some(Self::Signed(number));
        }
        let number = text.parse().ok();
        number
            .filter(|number: &f64| number.is_finite())
            .map(Self::Float)
    }
}

/// The non-negative integer at the front of `bytes`, and its length.
///
/// `None` if it has more than 15 digits, or if anything but a comma or a bracket follows.
#[inline]
pub(super) fn short_integer(bytes: &[u8]) -> Option<(i64, usize)> {
    let (mut number, mut len) = digits(bytes.first_chunk()?);
    if len == WORD {
        let (low, low_len) = digits(bytes.get(len..)?.first_chunk()?);
        number = number * POWERS_OF_TEN.get(low_len)? + low;
        len += low_len;
    }
    let has_leading_zero = bytes.first() == Some(&b'0') && len > 1;
    let ends = matches!(bytes.get(len)?, b',' | b'}' | b']');
    (len > 0 && ends && !has_leading_zero).then_some((number.cast_signed(), len))
}

/// The value of the digits at the front of a word, and how many there are.
fn digits(word: &[u8; WORD]) -> (u64, usize) {
    let word = u64::from_le_bytes(*word);
    // A digit is a byte from 0x30 to 0x39: adding 6 to it does not change its high half.
    let low = word & each(0x7f);
    let others = ((word ^ each(b'0')) | (low.wrapping_add(each(6)) ^ each(b'0'))) & each(0xf0);
    let len = others.trailing_zeros() / 8;
    // Moves the digits to the end of the word, with zeros before them.
    let digits = (word & each(0x0f))
        .checked_shl(u64::BITS - 8 * len)
        .unwrap_or(0);
    // Adds neighbours: first digits, then pairs, then fours.
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    let eight = (fours * 10_000 + (fours >> 32)) & 0xffff_ffff;
    (eight, len as usize)
}

/// A word of eight equal bytes.
const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; WORD])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_integer_is_what_parse_reads() {
        for text in [
            "0",
            "7",
            "10",
            "1234567",
            "12345678",
            "123456789",
            "1786695245036",
            "999999999999999",
        ] {
            for end in [",", "}", "]"] {
                let read = short_integer(format!("{text}{end}\"12345678").as_bytes());
                assert_eq!(read, Some((text.parse().unwrap(), text.len())), "{text}");
            }
        }
    }

    #[test]
    fn other_numbers_are_left_to_the_grammar() {
        for text in [
            "",
            ",",
            "-1,",
            "01,",
            "00000000,",
            "1.5,",
            "1e3,",
            "12345678",
            "1234567 ,",
            "1x,",
            "1234567890123456,abcdefgh",
            "1234567:,",
            "1234567/,",
            "12345678.0,",
            "\u{666},",
        ] {
            assert_eq!(short_integer(text.as_bytes()), None, "{text}");
        }
    }
}
