//! JSON numbers: which they are, and their values.

const WORD: usize = size_of::<u64>();
/// The longest integer that is read without a check for overflow.
const MAX_DIGITS: usize = 2 * WORD;

/// A number, as `serde_json` tells numbers apart.
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
        number.filter(|number: &f64| number.is_finite()).map(Self::Float)
    }
}


/// The non-negative integer of at most 16 digits that stands at the front of `bytes`, and its length.
///
/// `None` if the number is another one, or if neither a comma nor a bracket follows at once.
#[inline]
pub(super) fn short_integer(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0;
    let mut len = 0;
    // Clerk's timestamps have 13 digits.
    if let Some(word) = bytes.first_chunk::<WORD>()
        && let Some(digits) = eight_digits(*word)
    {
        number = digits;
        len = WORD;
    }
    loop {
        match *bytes.get(len)? {
            digit @ b'0'..=b'9' if len < MAX_DIGITS => {
                number = number * 10 + u64::from(digit - b'0');
                len += 1;
            }
            b',' | b'}' | b']' if len > 0 => break,
            _ => return None,
        }
    }
    let has_leading_zero = len > 1 && bytes.first() == Some(&b'0');
    (!has_leading_zero).then_some((number, len))
}

/// The value of eight digits, which it adds pair by pair.
fn eight_digits(word: [u8; WORD]) -> Option<u64> {
    let word = u64::from_le_bytes(word);
    let each = |byte: u8| u64::from_le_bytes([byte; WORD]);
    let high = each(0xf0);
    let are_digits = word & high == each(b'0') && word.wrapping_add(each(6)) & high == each(b'0');
    let ones = word & each(0x0f);
    let tens = (ones * 10 + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let hundreds = (tens * 100 + (tens >> 16)) & 0x0000_ffff_0000_ffff;
    let all = (hundreds * 10_000 + (hundreds >> 32)) & 0xffff_ffff;
    are_digits.then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_integer_is_what_parse_reads() {
        for text in [
            "0", "7", "10", "1234567", "12345678", "123456789", "1786695245036", "9999999999999999",
        ] {
            for end in [",", "}", "]"] {
                let read = short_integer(format!("{text}{end}12345678").as_bytes());
                assert_eq!(read, Some((text.parse().unwrap(), text.len())), "{text}");
            }
        }
    }

    #[test]
    fn other_numbers_are_left_to_the_grammar() {
        for text in [
            "", ",", "-1,", "01,", "00000000,", "1.5,", "1e3,", "12345678", "1234567 ,", "1x,",
            "12345678901234567,", "1234567:,", "1234567/,", "12345678.0,", "\u{666},",
        ] {
            assert_eq!(short_integer(text.as_bytes()), None, "{text}");
        }
    }
}
