//! One complete, strict header set.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

use super::{
    error::{VerifyError, VerifyErrorKind},
    signature::Candidates,
};

/// Svix' message ids have 31 bytes; nobody who means well sends more than this.
const MAX_MESSAGE_ID_BYTES: usize = 256;

/// The header names of one family.
struct Family {
    prefix: &'static str,
    id: &'static str,
    timestamp: &'static str,
    signature: &'static str,
}

const SVIX: Family = Family {
    prefix: "svix-",
    id: "svix-id",
    timestamp: "svix-timestamp",
    signature: "svix-signature",
};

const STANDARD_WEBHOOKS: Family = Family {
    prefix: "webhook-",
    id: "webhook-id",
    timestamp: "webhook-timestamp",
    signature: "webhook-signature",
};

/// Where headers come from: `http`'s map, or plain pairs.
pub(super) trait HeaderSource {
    /// Every line with its name, in any case.
    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])>;
}

impl HeaderSource for HeaderMap {
    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> HeaderSource for [(N, V)] {
    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}

/// The headers of one family: each present, id and timestamp once. Their values are not yet checked.
pub(super) struct HeaderSet<'a, H: ?Sized> {
    source: &'a H,
    family: &'static Family,
    id: &'a [u8],
    timestamp: &'a [u8],
}

/// Finds the three headers in one walk over a request's headers.
///
/// A family is chosen as a unit and never mixed: an endpoint's owner may add `webhook-*` decoys.
pub(super) fn find<H: HeaderSource + ?Sized>(source: &H) -> Result<HeaderSet<'_, H>, VerifyError> {
    let (mut svix, mut standard_webhooks) = (Found::default(), Found::default());
    for (name, value) in source.lines() {
        if let Some(part) = strip_prefix(name, SVIX.prefix) {
            svix.keep(part, value);
        } else if let Some(part) = strip_prefix(name, STANDARD_WEBHOOKS.prefix) {
            standard_webhooks.keep(part, value);
        }
    }
    if svix.is_empty() && !standard_webhooks.is_empty() {
        standard_webhooks.complete(source, &STANDARD_WEBHOOKS)
    } else {
        svix.complete(source, &SVIX)
    }
}

fn strip_prefix<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = name.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// What a request has of a family.
#[derive(Default)]
struct Found<'a> {
    id: Header<'a>,
    timestamp: Header<'a>,
    signature: Header<'a>,
}

impl<'a> Found<'a> {
    fn keep(&mut self, part: &str, value: &'a [u8]) {
        if part.eq_ignore_ascii_case("id") {
            self.id.push(value);
        } else if part.eq_ignore_ascii_case("timestamp") {
            self.timestamp.push(value);
        } else if part.eq_ignore_ascii_case("signature") {
            self.signature.push(value);
        }
    }

    fn is_empty(&self) -> bool {
        [&self.id, &self.timestamp, &self.signature]
            .iter()
            .all(|header| header.first.is_none())
    }

    /// A missing header is reported before a duplicate one.
    fn complete<H: ?Sized>(
        self,
        source: &'a H,
        family: &'static Family,
    ) -> Result<HeaderSet<'a, H>, VerifyError> {
        let missing = |name| move || VerifyError::header(VerifyErrorKind::MissingHeader, name);
        let id = self.id.first.ok_or_else(missing(family.id))?;
        let timestamp = self.timestamp.first.ok_or_else(missing(family.timestamp))?;
        self.signature.first.ok_or_else(missing(family.signature))?;
        let once = [(self.id, family.id), (self.timestamp, family.timestamp)];
        match once.into_iter().find(|(header, _)| header.is_repeated) {
            Some((_, name)) => Err(VerifyError::header(VerifyErrorKind::DuplicateHeader, name)),
            None => Ok(HeaderSet {
                source,
                family,
                id,
                timestamp,
            }),
        }
    }
}

/// The lines of one header. A stranger can send thousands, so none but the first is kept.
#[derive(Default, Clone, Copy)]
struct Header<'a> {
    first: Option<&'a [u8]>,
    is_repeated: bool,
}

impl<'a> Header<'a> {
    fn push(&mut self, value: &'a [u8]) {
        self.is_repeated = self.first.is_some();
        self.first = self.first.or(Some(value));
    }
}

impl<'a, H: HeaderSource + ?Sized> HeaderSet<'a, H> {
    /// Non-empty visible ASCII without a dot: the signed text splits at dots, so an id with a dot could
    /// be read as another id with another body.
    pub(super) fn message_id(&self) -> Result<&'a str, VerifyError> {
        let is_well_formed = (1..=MAX_MESSAGE_ID_BYTES).contains(&self.id.len())
            && self
                .id
                .iter()
                .fold(true, |so_far, byte| so_far & is_id_byte(*byte));
        std::str::from_utf8(self.id)
            .ok()
            .filter(|_| is_well_formed)
            .ok_or_else(|| VerifyError::header(VerifyErrorKind::MalformedId, self.family.id))
    }

    pub(super) fn timestamp(&self) -> Result<HeaderTimestamp, VerifyError> {
        HeaderTimestamp::parse(self.timestamp).ok_or_else(|| {
            VerifyError::header(VerifyErrorKind::MalformedTimestamp, self.family.timestamp)
        })
    }

    pub(super) fn candidates(&self) -> Result<Candidates, VerifyError> {
        let name = self.family.signature;
        let lines = self.source.lines();
        let signatures = lines.filter(|(other, _)| name.eq_ignore_ascii_case(other));
        Candidates::find(signatures.map(|(_, value)| value))
            .ok_or_else(|| VerifyError::header(VerifyErrorKind::MalformedSignature, name))
    }
}

fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() & (byte != b'.')
}

/// The digits that a timestamp can have.
const MAX_DIGITS: usize = 19;

/// Seconds since 1970, and the header's own bytes, which are what was signed. Kept inline: it costs
/// a delivery no allocation.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeaderTimestamp {
    digits: [u8; MAX_DIGITS],
    length: usize,
    seconds: i64,
    time: SystemTime,
}

impl HeaderTimestamp {
    /// Digits only, without a leading zero, in the range of this machine's clock.
    fn parse(value: &[u8]) -> Option<Self> {
        let has_leading_zero = value.len() > 1 && value.starts_with(b"0");
        if value.is_empty() || has_leading_zero {
            return None;
        }
        let seconds = value.iter().try_fold(0_i64, |seconds, byte| {
            let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
            seconds.checked_mul(10)?.checked_add(digit)
        })?;
        let since_epoch = Duration::from_secs(u64::try_from(seconds).ok()?);
        let mut digits = [0; MAX_DIGITS];
        digits.get_mut(..value.len())?.copy_from_slice(value);
        Some(Self {
            digits,
            length: value.len(),
            seconds,
            time: SystemTime::UNIX_EPOCH.checked_add(since_epoch)?,
        })
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.digits.get(..self.length).unwrap_or_default()
    }

    pub(super) fn seconds(&self) -> i64 {
        self.seconds
    }

    pub(super) fn time(&self) -> SystemTime {
        self.time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: [(&str, &str); 3] = [
        ("svix-id", "msg_1"),
        ("svix-timestamp", "1614265330"),
        ("svix-signature", "v1,x"),
    ];

    #[track_caller]
    fn refused(pairs: &[(&str, &str)]) -> (VerifyErrorKind, Option<&'static str>) {
        let error = find(pairs).map(|_| ()).unwrap_err();
        (error.kind(), error.header_name())
    }

    fn with(pairs: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
        COMPLETE.iter().chain(pairs).copied().collect()
    }

    #[test]
    fn names_are_found_whatever_their_case() {
        let pairs = COMPLETE.map(|(name, value)| (name.to_uppercase(), value));
        let set = find(pairs.as_slice()).unwrap();
        assert_eq!(set.message_id().unwrap(), "msg_1");
        assert_eq!(set.timestamp().unwrap().seconds(), 1_614_265_330);
    }

    #[test]
    fn each_of_the_three_must_be_there() {
        for missing in 0..3 {
            let mut pairs = COMPLETE.to_vec();
            let (name, _) = pairs.remove(missing);
            let expected = (VerifyErrorKind::MissingHeader, Some(name));
            assert_eq!(refused(&pairs), expected);
        }
        let nothing = (VerifyErrorKind::MissingHeader, Some("svix-id"));
        assert_eq!(refused(&[]), nothing);
    }

    #[test]
    fn id_and_timestamp_come_once_and_signatures_may_repeat() {
        let duplicate = |name| (VerifyErrorKind::DuplicateHeader, Some(name));
        let twice_id = with(&[("svix-id", "msg_1")]);
        assert_eq!(refused(&twice_id), duplicate("svix-id"));
        let twice_timestamp = with(&[("svix-timestamp", "1614265330")]);
        assert_eq!(refused(&twice_timestamp), duplicate("svix-timestamp"));
        let two_lines = with(&[("svix-signature", "v1,y")]);
        assert!(find(two_lines.as_slice()).is_ok());
    }

    #[test]
    fn a_missing_header_is_named_before_a_duplicate() {
        let pairs = [("svix-id", "a"), ("svix-id", "b"), ("svix-timestamp", "1")];
        let expected = (VerifyErrorKind::MissingHeader, Some("svix-signature"));
        assert_eq!(refused(&pairs), expected);
    }

    #[test]
    fn the_family_is_chosen_as_a_unit() {
        let webhook = COMPLETE.map(|(name, value)| (name.replace("svix", "webhook"), value));
        let set = find(webhook.as_slice()).unwrap();
        assert_eq!(set.family.signature, "webhook-signature");

        let mut mixed = vec![("svix-id".to_owned(), "msg_1")];
        mixed.extend(webhook.clone());
        let error = find(mixed.as_slice()).map(|_| ()).unwrap_err();
        assert_eq!(error.header_name(), Some("svix-timestamp"));

        let decoys = webhook.clone().map(|(name, _)| (name, "decoy"));
        let mut both: Vec<_> = decoys.to_vec();
        both.extend(COMPLETE.map(|(name, value)| (name.to_owned(), value)));
        let set = find(both.as_slice()).unwrap();
        assert_eq!(set.message_id().unwrap(), "msg_1");
    }

    #[test]
    fn an_id_is_visible_ascii_without_dots() {
        let longest = "m".repeat(MAX_MESSAGE_ID_BYTES);
        let too_long = "m".repeat(MAX_MESSAGE_ID_BYTES + 1);
        let judge = |id: &[u8]| {
            let pairs = [
                ("svix-id", id),
                ("svix-timestamp", b"1".as_slice()),
                ("svix-signature", b"v1,x".as_slice()),
            ];
            let set = find(pairs.as_slice()).unwrap();
            set.message_id().map(|_| ()).map_err(|error| error.kind())
        };
        for good in ["m", "!~", "msg_p5jXN8AQM9LWM0D4loKWxJek", &longest] {
            assert_eq!(judge(good.as_bytes()), Ok(()), "{good}");
        }
        for bad in [
            "", " ", "a b", "a.b", ".", "a\n", "a\t", "\u{7f}", "é", &too_long,
        ] {
            let expected = Err(VerifyErrorKind::MalformedId);
            assert_eq!(judge(bad.as_bytes()), expected, "{bad}");
        }
        assert_eq!(judge(&[0xff]), Err(VerifyErrorKind::MalformedId));
    }

    #[test]
    fn a_timestamp_is_digits_without_a_leading_zero() {
        for (good, seconds) in [("0", 0), ("1", 1), ("1614265330", 1_614_265_330)] {
            let parsed = HeaderTimestamp::parse(good.as_bytes()).unwrap();
            assert_eq!(
                (parsed.seconds(), parsed.as_bytes()),
                (seconds, good.as_bytes())
            );
        }
        for bad in [
            "",
            "-1",
            "+1",
            "1.0",
            "1e9",
            " 1",
            "1 ",
            "01",
            "00",
            "0x1",
            "\u{661}",
            "\u{ff11}",
            "9223372036854775808",
            "99999999999999999999999999999999",
        ] {
            assert!(HeaderTimestamp::parse(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
