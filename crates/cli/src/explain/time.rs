//! Repairs of timestamps.

use jiff::{Timestamp, fmt::rfc2822::DateTimeParser, tz::TimeZone};

/// Digits of seconds since 1970, from 2001 to 2286.
const DIGITS: usize = 10;

const QUARTER_OF_AN_HOUR: i64 = 15 * 60;

/// Milliseconds, microseconds or nanoseconds in seconds.
pub(super) fn in_seconds(value: &str) -> Vec<String> {
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = value
        .get(..DIGITS)
        .filter(|_| is_number && matches!(value.len(), 13 | 16 | 19));
    seconds.map(str::to_owned).into_iter().collect()
}

/// A number with a sign, a fraction or separators, an ISO 8601 date or an HTTP date in seconds.
pub(super) fn as_digits(value: &str) -> Vec<String> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain {
        return Vec::new();
    }
    number(value).or_else(|| date(value)).into_iter().collect()
}

/// The timestamp at the same clock time in every other time zone.
pub(super) fn in_other_time_zones(value: &str) -> Vec<String> {
    let Ok(seconds) = value.parse::<i64>() else {
        return Vec::new();
    };
    let shifts = (-14 * 4..=14 * 4).filter(|quarters| *quarters != 0);
    let shifted = shifts.map(|quarters: i64| seconds.saturating_add(quarters * QUARTER_OF_AN_HOUR));
    shifted.map(|seconds| seconds.to_string()).collect()
}

fn number(value: &str) -> Option<String> {
    let whole = value
        .trim()
        .split(['.', 'e', 'E'])
        .next()
        .unwrap_or_default();
    let digits: String = whole.chars().filter(char::is_ascii_digit).collect();
    let others = whole
        .trim_start_matches('+')
        .trim_end_matches(['s', 'L', 'n']);
    let is_number = others
        .chars()
        .all(|letter| letter.is_ascii_digit() || ",_ '".contains(letter));
    if is_number && digits.len() == DIGITS {
        return Some(digits);
    }
    let scientific: f64 = value.trim().parse().ok()?;
    let is_time = (1e9..1e10).contains(&scientific);
    is_time.then(|| format!("{scientific:.0}"))
}

/// An ISO 8601 date, in UTC if it has no offset, or an HTTP date.
fn date(value: &str) -> Option<String> {
    let timestamp = value.parse::<Timestamp>();
    let timestamp = timestamp.or_else(|_| DateTimeParser::new().parse_timestamp(value));
    let timestamp = timestamp.or_else(|_| TimeZone::UTC.to_timestamp(value.parse()?));
    Some(timestamp.ok()?.as_second().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_time_is_read() {
        for form in [
            "1614265330.0",
            "+1614265330",
            "1,614,265,330",
            "1614265330s",
            "1.61426533e9",
            "2021-02-25T15:02:10Z",
            "2021-02-25 15:02:10.123+00:00",
            "2021-02-25T17:02:10+02:00",
            "2021-02-25T10:02:10-0500",
            "2021-02-25T15:02:10",
            "Thu, 25 Feb 2021 15:02:10 GMT",
        ] {
            assert_eq!(as_digits(form), ["1614265330"], "{form}");
        }
        for other in ["1614265330", "yesterday", "", "12", "Thu, 99 Foo 2021"] {
            assert_eq!(as_digits(other), [""; 0], "{other}");
        }
    }

    #[test]
    fn smaller_units_become_seconds() {
        assert_eq!(in_seconds("1614265330123"), ["1614265330"]);
        assert_eq!(in_seconds("1614265330123456"), ["1614265330"]);
        assert_eq!(in_seconds("1614265330"), [""; 0]);
    }
}
