//! A JSON number that may have a fraction.

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, Unexpected},
};

use super::raw_json::RawJson;
use crate::event::json::{
    fault::{Fault, ReadError},
    read::Read,
    reader::Reader,
};

/// A JSON number that may have a fraction, kept as Clerk sent it: `1` stays `1`, `0.50` stays `0.50`.
///
/// Clerk's events have one such field, [`cycle_remaining_percent`]. All other numbers are integers.
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
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct JsonNumber(RawJson);

impl JsonNumber {
    /// The number, rounded to the nearest `f64`; always finite.
    ///
    /// ```
    /// use clerk_webhooks::event::JsonNumber;
    ///
    /// let number: JsonNumber = serde_json::from_str("33")?;
    /// assert_eq!(number.as_f64(), 33.0);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn as_f64(&self) -> f64 {
        // Deserializing has checked that it is a number.
        self.0.as_str().parse().unwrap_or_default()
    }
}

impl JsonNumber {
    /// `None` if it is not a number.
    fn from_json(json: RawJson) -> Option<Self> {
        // A number is the only JSON value that parses as an `f64`.
        let number: f64 = json.as_str().parse().ok()?;
        number.is_finite().then_some(Self(json))
    }
}

impl Read for JsonNumber {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        let number = Self::from_json(RawJson::read(reader)?);
        Ok(number.ok_or(Fault::OtherType)?)
    }
}

impl<'de> Deserialize<'de> for JsonNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_json(RawJson::deserialize(deserializer)?).ok_or_else(|| {
            let other = Unexpected::Other("another JSON value");
            de::Error::invalid_type(other, &"a number")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_back_as_it_was_read() {
        for json in [
            "1",
            "0.5",
            "-3",
            "0",
            "33.333333333333336",
            "0.09090909090909091",
        ] {
            let number: JsonNumber = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&number).unwrap(), json);
            assert_eq!(number.as_f64(), json.parse::<f64>().unwrap());
        }
    }

    #[test]
    fn only_a_number_is_accepted() {
        for json in ["\"1\"", "null", "{}", "[]", "true", "1e999"] {
            assert!(serde_json::from_str::<JsonNumber>(json).is_err(), "{json}");
        }
    }
}
