//! Finds and strictly parses the three headers of a delivery.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

use super::{
    error::{VerifyError, VerifyErrorKind},
    signature::Candidates,
};

/// Svix' message ids have 31 bytes, so this is more than a genuine sender needs.
const MAX_MESSAGE_ID_BYTES: usize = 256;

/// The three header names of one family.
struct Family {
    id: &'static str,
    timestamp: &'static str,
    signature: &'static str,
}

const SVIX: Family = Family {
    id: "svix-id",
    timestamp: "svix-timestamp",
    signature: "svix-signature",
};

const STANDARD_WEBHOOKS: Family = Family {
    id: "webhook-id",
    timestamp: "webhook-timestamp",
    signature: "webhook-signature",
};

/// A source of headers: `http`'s map, or plain pairs.
pub(super) trait HeaderSource {
    /// Every header line: its name, in upper or lower case, and its value.
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

/// The headers of one family. All three are present, the id and the timestamp exactly once. Their values are
/// not checked yet.
pub(super) struct HeaderSet<'a, H: ?Sized> {
    source: &'a H,
    family: &'static Family,
    id: &'a [u8],
    timestamp: &'a [u8],
    signature: Header<'a>,
}

/// Finds the three headers in one pass over a request's headers.
///
/// All three come from one family, `svix-*` if any of those is present. An endpoint's owner can add
/// `webhook-*` headers to deliveries, so families are never mixed.
pub(super) fn find<H: HeaderSource + ?Sized>(source: &H) -> Result<HeaderSet<'_, H>, VerifyError> {
    let (mut svix, mut standard_webhooks) = (Found::default(), Found::default());
    for (name, value) in source.lines() {
        svix.keep(&SVIX, name, value);
        standard_webhooks.keep(&STANDARD_WEBHOOKS, name, value);
    }
    if svix.is_empty() && !standard_webhooks.is_empty() {
        standard_webhooks.complete(source, &STANDARD_WEBHOOKS)
    } else {
        svix.complete(source, &SVIX)
    }
}

/// The headers of one family that a request has.
#[derive(Default)]
struct Found<'a> {
    id: Header<'a>,
    timestamp: Header<'a>,
    signature: Header<'a>,
}

impl<'a> Found<'a> {
    /// Inlined, so that the lengths of the names are constants: most headers differ in length.
    #[inline(always)]
    fn keep(&mut self, family: &Family, name: &str, value: &'a [u8]) {
        if is_named(name, family.id) {
            self.id.push(value);
        } else if is_named(name, family.timestamp) {
            self.timestamp.push(value);
        } else if is_named(name, family.signature) {
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
                signature: self.signature,
            }),
        }
    }
}

/// Compares length and exact bytes first: most names differ in length, and `http`'s names are in lower case.
/// Both checks are cheaper than the case-insensitive comparison.
#[inline(always)]
fn is_named(name: &str, expected: &'static str) -> bool {
    name.len() == expected.len() && (name == expected || name.eq_ignore_ascii_case(expected))
}

/// The lines of one header. An attacker can send thousands, so only the first is kept.
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
    /// Accepts 1 to 256 bytes of visible ASCII without dots. Dots separate the parts of the signed text:
    /// with a dot in the id, the same signed text could be split into another id, timestamp and body.
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
        let found = if self.signature.is_repeated {
            let lines = self.source.lines();
            let signatures = lines.filter(|(other, _)| is_named(other, name));
            Candidates::find(signatures.map(|(_, value)| value))
        } else {
            let line = self.signature.first.unwrap_or_default();
            Candidates::of_usual_line(line).or_else(|| Candidates::find([line].into_iter()))
        };
        found.ok_or_else(|| VerifyError::header(VerifyErrorKind::MalformedSignature, name))
    }
}

fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() & (byte != b'.')
}

/// The most digits of an `i64`.
const MAX_DIGITS: usize = 19;

/// Seconds since 1970, and the header's own bytes, because the sender signed those. The bytes are stored
/// inline to avoid an allocation.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeaderTimestamp {
    digits: [u8; MAX_DIGITS],
    length: usize,
    seconds: i64,
    time: SystemTime,
}

impl HeaderTimestamp {
    /// Accepts digits only, without a leading zero, up to the largest time that `SystemTime` can represent.
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
