//! [`Timestamp`], a point in time as Clerk sends it.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::integer::Integer;
use crate::event::json::{fault::ReadError, read::Read, reader::Reader};

/// A number with an absolute value below this is in seconds. In milliseconds this is March 1973.
const SECONDS_BELOW: u64 = 100_000_000_000;
const MILLIS_PER_SECOND: i64 = 1_000;
/// The last millisecond of the year 9999, the last year that RFC 3339 can represent.
const END_OF_9999: i64 = 253_402_300_799_999;

/// A point in time: an integer of milliseconds since 1970, UTC.
///
/// Clerk sends milliseconds in every real event. The examples in Clerk's catalogue, which the dashboard
/// sends as tests, have a `timestamp` in **seconds**. A number with an absolute value below
/// 10<sup>11</sup> is read as seconds. [`as_millis`](Self::as_millis) always returns milliseconds, and
/// timestamps are compared in milliseconds. Serializing writes the number that was read.
///
/// ```
/// use clerk_webhooks::event::Timestamp;
///
/// let millis: Timestamp = serde_json::from_str("1716883200000")?;
/// let seconds: Timestamp = serde_json::from_str("1716883200")?;
/// assert_eq!(millis, seconds);
/// assert_eq!(seconds.as_millis(), 1_716_883_200_000);
/// assert_eq!(serde_json::to_string(&seconds)?, "1716883200");
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # With a time crate
///
/// This crate's API does not use a time crate. These examples convert to three of them:
///
/// ```
/// # use clerk_webhooks::event::Timestamp;
/// # let at = Timestamp::from_millis(1_716_883_200_123);
/// let in_jiff = jiff::Timestamp::from_millisecond(at.as_millis())?;
/// assert_eq!(in_jiff.to_string(), "2024-05-28T08:00:00.123Z");
/// # Ok::<(), jiff::Error>(())
/// ```
///
/// ```
/// # use clerk_webhooks::event::Timestamp;
/// # let at = Timestamp::from_millis(1_716_883_200_123);
/// let in_chrono = chrono::DateTime::from_timestamp_millis(at.as_millis()).ok_or("out of range")?;
/// assert_eq!(in_chrono.to_string(), "2024-05-28 08:00:00.123 UTC");
/// # Ok::<(), &str>(())
/// ```
///
/// ```
/// # use clerk_webhooks::event::Timestamp;
/// # let at = Timestamp::from_millis(1_716_883_200_123);
/// let nanos = i128::from(at.as_millis()) * 1_000_000;
/// let in_time = time::OffsetDateTime::from_unix_timestamp_nanos(nanos)?;
/// assert_eq!((in_time.year(), in_time.millisecond()), (2024, 123));
/// # Ok::<(), time::error::ComponentRange>(())
/// ```
#[derive(Clone, Copy)]
pub struct Timestamp {
    number: i64,
    in_seconds: bool,
}

impl Timestamp {
    /// The point in time `millis` milliseconds after 1970 began, UTC (negative: before).
    ///
    /// Serializing writes `millis`. A time before March 1973 would be read back as seconds, but no Clerk
    /// event is that old.
    ///
    /// ```
    /// use clerk_webhooks::event::Timestamp;
    ///
    /// assert_eq!(Timestamp::from_millis(1_716_883_200_000).as_millis(), 1_716_883_200_000);
    /// ```
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self {
            number: millis,
            in_seconds: false,
        }
    }

    /// Milliseconds since 1970, UTC; negative before.
    ///
    /// ```
    /// use clerk_webhooks::event::Timestamp;
    ///
    /// let in_seconds: Timestamp = serde_json::from_str("1716883200")?;
    /// assert_eq!(in_seconds.as_millis(), 1_716_883_200_000);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        // Cannot overflow: a number of seconds is under 10^11.
        if self.in_seconds {
            self.number.saturating_mul(MILLIS_PER_SECOND)
        } else {
            self.number
        }
    }

    /// The point in time as a [`SystemTime`], clamped to the years 1970 to 9999, which every platform
    /// supports.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    ///
    /// use clerk_webhooks::event::Timestamp;
    ///
    /// let at = Timestamp::from_millis(1_716_883_200_000).to_system_time();
    /// assert_eq!(at, SystemTime::UNIX_EPOCH + Duration::from_secs(1_716_883_200));
    /// assert_eq!(Timestamp::from_millis(-1).to_system_time(), SystemTime::UNIX_EPOCH);
    /// ```
    #[must_use]
    pub fn to_system_time(self) -> SystemTime {
        let millis = self.as_millis().clamp(0, END_OF_9999).unsigned_abs();
        SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
    }

    const fn from_wire(number: i64) -> Self {
        Self {
            number,
            in_seconds: number.unsigned_abs() < SECONDS_BELOW,
        }
    }
}

/// The same as [`Timestamp::to_system_time`]: clamped to the years 1970 to 9999.
impl From<Timestamp> for SystemTime {
    fn from(at: Timestamp) -> Self {
        at.to_system_time()
    }
}

/// Prints milliseconds: `Timestamp(1716883200000 ms)`.
impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({} ms)", self.as_millis())
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.as_millis() == other.as_millis()
    }
}

impl Eq for Timestamp {}

impl Hash for Timestamp {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_millis().hash(state);
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_millis().cmp(&other.as_millis())
    }
}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.number)
    }
}

impl Read for Timestamp {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        Integer::read(reader).map(|Integer(number)| Self::from_wire(number))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Integer(number) = Integer::deserialize(deserializer)?;
        Ok(Self::from_wire(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Timestamp {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_border_between_seconds_and_milliseconds() {
        assert_eq!(read("99999999999").as_millis(), 99_999_999_999_000);
        assert_eq!(read("100000000000").as_millis(), 100_000_000_000);
        assert_eq!(read("-99999999999").as_millis(), -99_999_999_999_000);
        assert_eq!(read("-100000000000").as_millis(), -100_000_000_000);
        assert_eq!(read("0").as_millis(), 0);
    }

    #[test]
    fn extremes_neither_panic_nor_wrap() {
        for number in [i64::MIN, -1, 0, i64::MAX] {
            let at = read(&number.to_string());
            assert_eq!(serde_json::to_string(&at).unwrap(), number.to_string());
            let _ = (at.as_millis(), at.to_system_time());
        }
        let latest = SystemTime::UNIX_EPOCH + Duration::from_millis(253_402_300_799_999);
        assert_eq!(read("9223372036854775807").to_system_time(), latest);
        assert!(serde_json::from_str::<Timestamp>("9223372036854775808").is_err());
    }

    #[test]
    fn only_an_integer_is_a_timestamp() {
        for text in ["1.5", "\"1716883200000\"", "null", "true", "[]", "{}"] {
            assert!(serde_json::from_str::<Timestamp>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn from_millis_never_means_seconds() {
        assert_eq!(Timestamp::from_millis(5).as_millis(), 5);
        assert!(Timestamp::from_millis(5) < read("5"));
    }

    #[test]
    fn an_optional_timestamp_is_small() {
        assert_eq!(size_of::<Option<Timestamp>>(), 16);
    }
}
