//! Repairs of timestamps.

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
    let found = [number(value), iso(value), http(value)];
    found.into_iter().flatten().collect()
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

/// `2021-02-25T15:02:10Z`, with or without `T`, fraction and offset.
fn iso(value: &str) -> Option<String> {
    let field = |from: usize, to: usize| value.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
    let (hour, minute, second) = (field(11, 13)?, field(14, 16)?, field(17, 19)?);
    let local = seconds(year, month, day)? + hour * 3600 + minute * 60 + second;
    Some((local - offset(value.get(19..)?)).to_string())
}

/// The seconds of `+02:00`.
fn offset(rest: &str) -> i64 {
    let Some((at, sign)) = rest
        .char_indices()
        .find(|(_, letter)| matches!(letter, '+' | '-'))
    else {
        return 0;
    };
    let digits: String = rest.chars().skip(at).filter(char::is_ascii_digit).collect();
    let field = |from: usize| {
        digits
            .get(from..from + 2)
            .and_then(|two| two.parse::<i64>().ok())
    };
    let seconds = field(0).unwrap_or(0) * 3600 + field(2).unwrap_or(0) * 60;
    if sign == '-' { -seconds } else { seconds }
}

/// `Thu, 25 Feb 2021 15:02:10 GMT`.
fn http(value: &str) -> Option<String> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, date) = value.split_once(", ")?;
    let mut words = date.split_ascii_whitespace();
    let day = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = (1..).zip(MONTHS).find(|(_, name)| *name == month)?.0;
    let year = words.next()?.parse().ok()?;
    let mut time = words.next()?.split(':').map(str::parse::<i64>);
    let mut field = || time.next()?.ok();
    let (hour, minute, second) = (field()?, field()?, field()?);
    Some((seconds(year, month, day)? + hour * 3600 + minute * 60 + second).to_string())
}

/// Seconds from 1970 to the start of a day.
fn seconds(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1970..3000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years that start in March: the leap day is their last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    let days = year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(days * 86_400)
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
