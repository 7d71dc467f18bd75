//! Integers, including those that are written with a zero fraction, such as `7.0`.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Unexpected},
};

use super::tree;
use crate::event::json::{
    fault::{Fault, ReadError},
    number::Number,
    read::Read,
    reader::Reader,
};

/// An `f64` represents every integer up to this one exactly.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// An integer. JSON has no integer type: `7.0` and `7e0` are the integer 7, `7.5` is not an integer.
pub(in crate::event) struct Integer(pub(in crate::event) i64);

/// Reads an optional field that holds an integer.
pub(in crate::event) fn optional_integer<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    let integer = Option::deserialize(deserializer)?;
    Ok(integer.map(|Integer(number)| number))
}

impl Integer {
    /// The fault tells a number that is no integer from an integer that is too large.
    fn from_number(number: Number) -> Result<Self, Fault> {
        match number {
            Number::Unsigned(number) => number.try_into().map(Self).map_err(|_| Fault::Refused),
            Number::Signed(number) => Ok(Self(number)),
            Number::Float(number) if number.fract() != 0.0 || number.abs() > MAX_EXACT => {
                Err(Fault::OtherType)
            }
            #[expect(clippy::cast_possible_truncation, reason = "it is an integer in range")]
            Number::Float(number) => Ok(Self(number as i64)),
        }
    }
}

impl Read for Integer {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        if let Some(integer) = reader.short_integer() {
            return Ok(Self(integer));
        }
        match reader.peek()? {
            b'"' | b'{' | b'[' | b'n' | b't' | b'f' => Err(reader.other_type().into()),
            _ => Ok(Self::from_number(reader.number()?)?),
        }
    }
}

/// Reads an [`Integer`].
impl Read for i64 {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        Integer::read(reader).map(|Integer(number)| number)
    }
}

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntegerVisitor)
    }
}

struct IntegerVisitor;

impl<'de> de::Visitor<'de> for IntegerVisitor {
    type Value = Integer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Integer, E> {
        Ok(Integer(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Integer, E> {
        Integer::from_number(Number::Unsigned(number))
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Integer, E> {
        Integer::from_number(Number::Float(number))
            .map_err(|_| E::invalid_type(Unexpected::Float(number), &self))
    }

    /// With `serde_json`'s `arbitrary_precision`, a number with a fraction arrives as a map.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Integer, A::Error> {
        let key: Option<String> = map.next_key()?;
        if !key.is_some_and(|key| tree::is_number_key(&key)) {
            return Err(de::Error::invalid_type(Unexpected::Map, &self));
        }
        let text: String = map.next_value()?;
        match (text.parse(), text.parse()) {
            (Ok(integer), _) => self.visit_i64(integer),
            (_, Ok(float)) => self.visit_f64(float),
            _ => Err(de::Error::invalid_type(Unexpected::Map, &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<i64> {
        let integer: Result<Integer, _> = serde_json::from_str(json);
        integer.ok().map(|Integer(number)| number)
    }

    #[test]
    fn a_fraction_of_zero_is_still_an_integer() {
        assert_eq!(read("7"), Some(7));
        assert_eq!(read("7.0"), Some(7));
        assert_eq!(read("-7.00"), Some(-7));
        assert_eq!(read("1.7e12"), Some(1_700_000_000_000));
        assert_eq!(read("-0"), Some(0));
        assert_eq!(read("9007199254740992.0"), Some(1 << 53));
    }

    #[test]
    fn everything_else_is_refused() {
        for json in [
            "7.5",
            "1e300",
            "9007199254740994.0",
            "9223372036854775808",
            "\"7\"",
            "null",
            "[7]",
            r#"{"a": "7"}"#,
            "{}",
            "true",
        ] {
            assert_eq!(read(json), None, "{json}");
        }
    }
}
