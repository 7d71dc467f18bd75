//! A JSON number with a fraction.

use serde::{Deserialize, Serialize};

/// A JSON number that may have a fraction, kept as read: `1` stays `1`, `0.5` stays `0.5`.
///
/// Clerk's events hold one such number, [`cycle_remaining_percent`]; all others are integers.
///
/// [`cycle_remaining_percent`]: crate::event::ProrationCredit::cycle_remaining_percent
///
/// ```
/// use clerk_webhooks::event::JsonNumber;
///
/// let half: JsonNumber = serde_json::from_str("0.5")?;
/// assert_eq!(half.as_f64(), 0.5);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
// Not an `f64`: serde cannot buffer one under serde_json's `arbitrary_precision`.
pub struct JsonNumber(serde_json::Number);

impl JsonNumber {
    /// The number, rounded to the nearest `f64`; not a number if it lies outside of their range.
    #[must_use]
    pub fn as_f64(&self) -> f64 {
        self.0.as_f64().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_back_as_it_was_read() {
        for text in [
            "1",
            "0.5",
            "-3",
            "0",
            "33.333333333333336",
            "0.09090909090909091",
        ] {
            let number: JsonNumber = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&number).unwrap(), text);
            assert_eq!(number.as_f64(), text.parse::<f64>().unwrap());
        }
    }

    #[test]
    fn only_a_number_is_a_number() {
        for text in ["\"1\"", "null", "{}", "[]", "true"] {
            assert!(serde_json::from_str::<JsonNumber>(text).is_err(), "{text}");
        }
    }
}
