//! One complete, strict header set.

use std::{
    iter,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderName};

use super::signature::Candidates;
use crate::rejection::{Rejection, RejectionKind};

/// Svix' message ids have 31 bytes; whoever sends more than this does not mean well.
const MAX_MESSAGE_ID_BYTES: usize = 256;

/// The three header names that belong together.
pub(super) struct Family {
    id: HeaderName,
    timestamp: HeaderName,
    signature: HeaderName,
}

static SVIX: Family = Family {
    id: HeaderName::from_static("svix-id"),
    timestamp: HeaderName::from_static("svix-timestamp"),
    signature: HeaderName::from_static("svix-signature"),
};

static STANDARD_WEBHOOKS: Family = Family {
    id: HeaderName::from_static("webhook-id"),
    timestamp: HeaderName::from_static("webhook-timestamp"),
    signature: HeaderName::from_static("webhook-signature"),
};

/// Where headers come from: `http`'s map, or plain pairs.
pub(super) trait HeaderSource {
    fn values<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a [u8]>;
}

impl HeaderSource for HeaderMap {
    fn values<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a [u8]> {
        self.get_all(name).iter().map(|value| value.as_bytes())
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> HeaderSource for [(N, V)] {
    fn values<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(|(candidate, _)| candidate.as_ref().eq_ignore_ascii_case(name.as_str()))
            .map(|(_, value)| value.as_ref())
    }
}

/// The headers of one family: each present, id and timestamp once; their forms not yet judged.
pub(super) struct HeaderSet<'a, I> {
    id: Header<'a>,
    timestamp: Header<'a>,
    signature: Values<'a, I>,
}

/// Finds the headers in a request's; a missing one is named before a doubled one.
pub(super) fn find<'a, H: HeaderSource + ?Sized>(
    source: &'a H,
) -> Result<HeaderSet<'a, impl Iterator<Item = &'a [u8]>>, Rejection> {
    let svix = FoundSet::of_family(&SVIX, source);
    if svix.is_present() {
        return svix.complete();
    }
    let standard_webhooks = FoundSet::of_family(&STANDARD_WEBHOOKS, source);
    if standard_webhooks.is_present() {
        return standard_webhooks.complete();
    }
    svix.complete()
}

/// What a request has of a family. It is chosen as a unit and never mixed: an endpoint's owner may
/// add `webhook-*` decoys.
struct FoundSet<'a, I> {
    id: Found<'a, I>,
    timestamp: Found<'a, I>,
    signature: Found<'a, I>,
}

impl<'a> FoundSet<'a, ()> {
    fn of_family<H: HeaderSource + ?Sized>(
        family: &'static Family,
        source: &'a H,
    ) -> FoundSet<'a, impl Iterator<Item = &'a [u8]>> {
        let found = |name: &'static HeaderName| {
            let mut values = source.values(name);
            Found {
                name,
                first: values.next(),
                others: values,
            }
        };
        FoundSet {
            id: found(&family.id),
            timestamp: found(&family.timestamp),
            signature: found(&family.signature),
        }
    }
}

impl<'a, I: Iterator<Item = &'a [u8]>> FoundSet<'a, I> {
    fn is_present(&self) -> bool {
        let mut firsts = [&self.id, &self.timestamp, &self.signature].into_iter();
        firsts.any(|found| found.first.is_some())
    }

    fn complete(self) -> Result<HeaderSet<'a, I>, Rejection> {
        let id = self.id.present()?;
        let timestamp = self.timestamp.present()?;
        let signature = self.signature.present()?;
        Ok(HeaderSet {
            id: id.only()?,
            timestamp: timestamp.only()?,
            signature,
        })
    }
}

/// What a request has under a name, perhaps nothing.
struct Found<'a, I> {
    name: &'static HeaderName,
    first: Option<&'a [u8]>,
    others: I,
}

impl<'a, I: Iterator<Item = &'a [u8]>> Found<'a, I> {
    fn present(self) -> Result<Values<'a, I>, Rejection> {
        let Self {
            name,
            first,
            others,
        } = self;
        match first {
            Some(value) => Ok(Values {
                first: Header { name, value },
                others,
            }),
            None => Err(Rejection::header(RejectionKind::MissingHeader, name)),
        }
    }
}

/// A name's values, at least one.
struct Values<'a, I> {
    first: Header<'a>,
    others: I,
}

impl<'a, I: Iterator<Item = &'a [u8]>> Values<'a, I> {
    fn only(mut self) -> Result<Header<'a>, Rejection> {
        match self.others.next() {
            None => Ok(self.first),
            Some(_) => Err(self.first.rejection(RejectionKind::DuplicateHeader)),
        }
    }
}

#[derive(Clone, Copy)]
struct Header<'a> {
    name: &'static HeaderName,
    value: &'a [u8],
}

impl Header<'_> {
    fn rejection(&self, kind: RejectionKind) -> Rejection {
        Rejection::header(kind, self.name)
    }
}

impl<'a, I: Iterator<Item = &'a [u8]>> HeaderSet<'a, I> {
    /// Non-empty visible ASCII without a dot: the signed text splits at dots, so that an id with one
    /// could be read as another id and another body.
    pub(super) fn message_id(&self) -> Result<&'a str, Rejection> {
        let id = self.id.value;
        let is_well_formed = !id.is_empty()
            && id.len() <= MAX_MESSAGE_ID_BYTES
            && id
                .iter()
                .fold(true, |so_far, byte| so_far & is_id_byte(*byte));
        std::str::from_utf8(id)
            .ok()
            .filter(|_| is_well_formed)
            .ok_or_else(|| self.id.rejection(RejectionKind::MalformedId))
    }

    pub(super) fn timestamp(&self) -> Result<HeaderTimestamp, Rejection> {
        HeaderTimestamp::parse(self.timestamp.value)
            .ok_or_else(|| self.timestamp.rejection(RejectionKind::MalformedTimestamp))
    }

    pub(super) fn candidates(self) -> Result<Candidates, Rejection> {
        let Values { first, others } = self.signature;
        Candidates::find(iter::once(first.value).chain(others))
            .ok_or_else(|| first.rejection(RejectionKind::MalformedSignature))
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
    fn refused(pairs: &[(&str, &str)]) -> (RejectionKind, Option<&'static str>) {
        let rejection = find(pairs).map(|_| ()).unwrap_err();
        (rejection.kind(), rejection.header_name())
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
            let expected = (RejectionKind::MissingHeader, Some(name));
            assert_eq!(refused(&pairs), expected);
        }
        let nothing = (RejectionKind::MissingHeader, Some("svix-id"));
        assert_eq!(refused(&[]), nothing);
    }

    #[test]
    fn id_and_timestamp_come_once_and_signatures_may_repeat() {
        let duplicate = |name| (RejectionKind::DuplicateHeader, Some(name));
        let twice_id = with(&[("svix-id", "msg_1")]);
        assert_eq!(refused(&twice_id), duplicate("svix-id"));
        let twice_timestamp = with(&[("svix-timestamp", "1614265330")]);
        assert_eq!(refused(&twice_timestamp), duplicate("svix-timestamp"));
        let two_lines = with(&[("svix-signature", "v1,y")]);
        let set = find(two_lines.as_slice()).unwrap();
        assert_eq!(set.signature.others.count(), 1);
    }

    #[test]
    fn a_missing_header_is_named_before_a_duplicate() {
        let pairs = [("svix-id", "a"), ("svix-id", "b"), ("svix-timestamp", "1")];
        let expected = (RejectionKind::MissingHeader, Some("svix-signature"));
        assert_eq!(refused(&pairs), expected);
    }

    #[test]
    fn the_family_is_chosen_as_a_unit() {
        let webhook = COMPLETE.map(|(name, value)| (name.replace("svix", "webhook"), value));
        let set = find(webhook.as_slice()).unwrap();
        assert_eq!(set.signature.first.name, "webhook-signature");

        let mut mixed = vec![("svix-id".to_owned(), "msg_1")];
        mixed.extend(webhook.clone());
        let rejection = find(mixed.as_slice()).map(|_| ()).unwrap_err();
        assert_eq!(rejection.header_name(), Some("svix-timestamp"));

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
            set.message_id()
                .map(|_| ())
                .map_err(|refused| refused.kind())
        };
        for good in ["m", "!~", "msg_p5jXN8AQM9LWM0D4loKWxJek", &longest] {
            assert_eq!(judge(good.as_bytes()), Ok(()), "{good}");
        }
        for bad in [
            "", " ", "a b", "a.b", ".", "a\n", "a\t", "\u{7f}", "é", &too_long,
        ] {
            let expected = Err(RejectionKind::MalformedId);
            assert_eq!(judge(bad.as_bytes()), expected, "{bad}");
        }
        assert_eq!(judge(&[0xff]), Err(RejectionKind::MalformedId));
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
