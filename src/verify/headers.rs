//! One complete, strict header set.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName};

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

impl Family {
    /// Chosen as a unit and never mixed: an endpoint's owner may add `webhook-*` decoys.
    fn of(source: &(impl HeaderSource + ?Sized)) -> &'static Self {
        if !SVIX.is_in(source) && STANDARD_WEBHOOKS.is_in(source) {
            &STANDARD_WEBHOOKS
        } else {
            &SVIX
        }
    }

    fn is_in(&self, source: &(impl HeaderSource + ?Sized)) -> bool {
        [&self.id, &self.timestamp, &self.signature]
            .into_iter()
            .any(|name| source.values(name).next().is_some())
    }
}

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
pub(super) struct HeaderSet<'a, H: ?Sized> {
    source: &'a H,
    family: &'static Family,
    id: &'a [u8],
    timestamp: &'a [u8],
}

impl<'a, H: HeaderSource + ?Sized> HeaderSet<'a, H> {
    pub(super) fn find(source: &'a H) -> Result<Self, Rejection> {
        let family = Family::of(source);
        let first = |name: &'static HeaderName| {
            let missing = || Rejection::header(RejectionKind::MissingHeader, name);
            source.values(name).next().ok_or_else(missing)
        };
        let id = first(&family.id)?;
        let timestamp = first(&family.timestamp)?;
        first(&family.signature)?;
        for name in [&family.id, &family.timestamp] {
            if source.values(name).nth(1).is_some() {
                return Err(Rejection::header(RejectionKind::DuplicateHeader, name));
            }
        }
        Ok(Self {
            source,
            family,
            id,
            timestamp,
        })
    }

    /// Non-empty visible ASCII without a dot: the signed text splits at dots, so that an id with one
    /// could be read as another id and another body.
    pub(super) fn message_id(&self) -> Result<&'a str, Rejection> {
        let is_well_formed = !self.id.is_empty()
            && self.id.len() <= MAX_MESSAGE_ID_BYTES
            && self
                .id
                .iter()
                .all(|byte| byte.is_ascii_graphic() && *byte != b'.');
        Some(self.id)
            .filter(|_| is_well_formed)
            .and_then(|id| std::str::from_utf8(id).ok())
            .ok_or_else(|| Rejection::header(RejectionKind::MalformedId, &self.family.id))
    }

    pub(super) fn timestamp(&self) -> Result<HeaderTimestamp<'a>, Rejection> {
        HeaderTimestamp::parse(self.timestamp).ok_or_else(|| {
            Rejection::header(RejectionKind::MalformedTimestamp, &self.family.timestamp)
        })
    }

    pub(super) fn signature_lines(&self) -> impl Iterator<Item = &'a [u8]> {
        self.source.values(&self.family.signature)
    }

    pub(super) fn signature_name(&self) -> &'static HeaderName {
        &self.family.signature
    }
}

/// Seconds since 1970, and the header's own text, which is what was signed.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeaderTimestamp<'a> {
    pub(super) text: &'a str,
    pub(super) seconds: i64,
    pub(super) time: SystemTime,
}

impl<'a> HeaderTimestamp<'a> {
    /// Digits only, without a leading zero, in the range of this machine's clock.
    fn parse(value: &'a [u8]) -> Option<Self> {
        let is_well_formed =
            value.iter().all(u8::is_ascii_digit) && (value.len() == 1 || !value.starts_with(b"0"));
        let text = std::str::from_utf8(value).ok().filter(|_| is_well_formed)?;
        let seconds: i64 = text.parse().ok()?;
        let since_epoch = Duration::from_secs(u64::try_from(seconds).ok()?);
        let time = SystemTime::UNIX_EPOCH.checked_add(since_epoch)?;
        Some(Self {
            text,
            seconds,
            time,
        })
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
        let rejection = HeaderSet::find(pairs).map(|_| ()).unwrap_err();
        (rejection.kind(), rejection.header_name())
    }

    fn with(pairs: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
        COMPLETE.iter().chain(pairs).copied().collect()
    }

    #[test]
    fn names_are_found_whatever_their_case() {
        let pairs = COMPLETE.map(|(name, value)| (name.to_uppercase(), value));
        let set = HeaderSet::find(pairs.as_slice()).unwrap();
        assert_eq!(set.message_id().unwrap(), "msg_1");
        assert_eq!(set.timestamp().unwrap().seconds, 1_614_265_330);
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
        let set = HeaderSet::find(two_lines.as_slice()).unwrap();
        assert_eq!(set.signature_lines().count(), 2);
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
        let set = HeaderSet::find(webhook.as_slice()).unwrap();
        assert_eq!(set.signature_name(), "webhook-signature");

        let mut mixed = vec![("svix-id".to_owned(), "msg_1")];
        mixed.extend(webhook.clone());
        let rejection = HeaderSet::find(mixed.as_slice()).map(|_| ()).unwrap_err();
        assert_eq!(rejection.header_name(), Some("svix-timestamp"));

        let decoys = webhook.map(|(name, _)| (name, "decoy"));
        let mut both: Vec<_> = decoys.to_vec();
        both.extend(COMPLETE.map(|(name, value)| (name.to_owned(), value)));
        let set = HeaderSet::find(both.as_slice()).unwrap();
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
            let set = HeaderSet::find(pairs.as_slice()).unwrap();
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
            assert_eq!((parsed.seconds, parsed.text), (seconds, good));
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
