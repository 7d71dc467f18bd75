//! Repairs of headers.

use super::{
    cause::Cause,
    search::{Candidate, Limits, Repair, candidates},
    signature, time,
};
use crate::{capture::CapturedDelivery, percent};

pub(super) const PARTS: [&str; 3] = ["id", "timestamp", "signature"];

/// The headers of a delivery, and the message id as the recording tool knew it.
#[derive(Clone, Hash)]
pub(super) struct Head {
    pub(super) headers: Vec<(String, String)>,
    message_id: Option<String>,
}

const REPAIRS: &[Repair<Head>] = &[
    (Cause::HeaderNamesRewritten, renamed),
    (Cause::HeaderFamiliesMixed, of_one_family),
    (Cause::HeaderDuplicated, once),
    (Cause::HeaderJoined, unjoined),
    (Cause::HeaderValueWrapped, unwrapped),
    (Cause::HeaderValuePercentEncoded, percent_decoded),
    (Cause::HeadersLost, with_message_id),
    (Cause::MessageIdChanged, with_recorded_message_id),
    (Cause::TimestampInMilliseconds, in_seconds),
    (Cause::TimestampReformatted, as_digits),
    (Cause::SignaturesTooMany, few_signatures),
    (Cause::SignatureRewritten, rewritten_signature),
];

const LIMITS: Limits<Head> = Limits {
    depth: 3,
    candidates: 200,
    total_size: 4 * 1024 * 1024,
    size: Head::size,
};

impl Head {
    /// Only the headers that may be one of the three, under whatever name.
    pub(super) fn of(delivery: &CapturedDelivery) -> Self {
        let headers = delivery.headers.iter();
        let headers = headers.filter(|(name, _)| canonical_name(name).is_some());
        Self {
            headers: headers.cloned().collect(),
            message_id: delivery.message_id.clone(),
        }
    }

    /// These headers, and what they may have been.
    pub(super) fn repaired(&self) -> Vec<Candidate<Self>> {
        candidates(self, REPAIRS, &LIMITS)
    }

    /// These headers with the timestamp of other time zones.
    pub(super) fn in_other_time_zones(&self) -> Vec<Self> {
        self.with_values("timestamp", time::in_other_time_zones)
    }

    /// The value of the header `svix-{part}` or `webhook-{part}`, as the receiver chooses it.
    pub(super) fn value(&self, part: &str) -> Option<&str> {
        self.family_value("svix", part)
            .or_else(|| self.family_value("webhook", part))
    }

    fn family_value(&self, family: &str, part: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(name, _)| is_named(name, family, part))?;
        Some(&found.1)
    }

    /// Changes the values of one part, in each way that `change` returns.
    fn with_values(&self, part: &str, change: impl Fn(&str) -> Vec<String>) -> Vec<Self> {
        let place = self
            .headers
            .iter()
            .position(|(name, _)| is_named(name, "svix", part) || is_named(name, "webhook", part));
        let Some((place, (_, value))) = place.and_then(|at| Some((at, self.headers.get(at)?)))
        else {
            return Vec::new();
        };
        let with = |value| {
            let mut head = self.clone();
            if let Some(header) = head.headers.get_mut(place) {
                header.1 = value;
            }
            head
        };
        change(value).into_iter().map(with).collect()
    }

    /// Changes every value; nothing if none changes.
    fn with_each_value(&self, change: impl Fn(&str) -> String) -> Vec<Self> {
        let mut head = self.clone();
        for (_, value) in &mut head.headers {
            *value = change(value);
        }
        match head.headers == self.headers {
            true => Vec::new(),
            false => vec![head],
        }
    }

    fn size(&self) -> usize {
        let size = |(name, value): &(String, String)| name.len() + value.len();
        self.headers.iter().map(size).sum()
    }
}

fn is_named(name: &str, family: &str, part: &str) -> bool {
    let rest = name
        .len()
        .checked_sub(part.len())
        .and_then(|at| name.split_at_checked(at));
    rest.is_some_and(|(start, end)| {
        end.eq_ignore_ascii_case(part)
            && start
                .strip_suffix('-')
                .is_some_and(|start| start.eq_ignore_ascii_case(family))
    })
}

/// The family and the part that a name may stand for: `HTTP_SVIX_ID` is `svix-id`.
fn canonical_name(name: &str) -> Option<String> {
    let plain = name.trim().trim_end_matches(':').to_ascii_lowercase();
    let plain: String = plain.chars().filter(char::is_ascii_alphanumeric).collect();
    let ends = |family: &str, part: &str| plain.ends_with(&format!("{family}{part}"));
    ["svix", "webhook"].iter().find_map(|family| {
        let part = PARTS.iter().find(|part| ends(family, part))?;
        Some(format!("{family}-{part}"))
    })
}

fn renamed(head: &Head) -> Vec<Head> {
    let mut renamed = head.clone();
    for (name, _) in &mut renamed.headers {
        if let Some(canonical) =
            canonical_name(name).filter(|other| !name.eq_ignore_ascii_case(other))
        {
            *name = canonical;
        }
    }
    match renamed.headers == head.headers {
        true => Vec::new(),
        false => vec![renamed],
    }
}

/// Takes each part from the family that has it.
fn of_one_family(head: &Head) -> Vec<Head> {
    let has_all = |family| {
        PARTS
            .iter()
            .all(|part| head.family_value(family, part).is_some())
    };
    if has_all("svix") || has_all("webhook") {
        return Vec::new();
    }
    let headers = PARTS.iter().map(|part| {
        let value = head.value(part)?;
        Some((format!("svix-{part}"), value.to_owned()))
    });
    let headers: Option<Vec<_>> = headers.collect();
    let head = headers.map(|headers| Head {
        headers,
        message_id: head.message_id.clone(),
    });
    head.into_iter().collect()
}

/// Keeps the first of several lines, or the last.
fn once(head: &Head) -> Vec<Head> {
    let is_same = |one: &(String, String), other: &(String, String)| {
        one.0.eq_ignore_ascii_case(&other.0) && !one.0.to_ascii_lowercase().ends_with("signature")
    };
    let keep_first = |headers: &[(String, String)]| {
        let mut kept: Vec<(String, String)> = Vec::new();
        for header in headers {
            if !kept.iter().any(|other| is_same(other, header)) {
                kept.push(header.clone());
            }
        }
        kept
    };
    let reversed: Vec<_> = head.headers.iter().rev().cloned().collect();
    let with = |headers: Vec<_>| Head {
        headers,
        message_id: head.message_id.clone(),
    };
    let kept = [keep_first(&head.headers), keep_first(&reversed)];
    let is_shorter = |kept: &Vec<_>| kept.len() < head.headers.len();
    kept.into_iter().filter(is_shorter).map(with).collect()
}

/// A value that is repeated in itself: `msg_1, msg_1`.
fn unjoined(head: &Head) -> Vec<Head> {
    let unjoin = |value: &str| {
        let mut parts = value.split([',', ' ', ';']).filter(|part| !part.is_empty());
        let first = parts.next().unwrap_or_default().to_owned();
        let mut others = parts.peekable();
        match others.peek().is_some() && others.all(|part| part == first) {
            true => first,
            false => value.to_owned(),
        }
    };
    head.with_each_value(unjoin)
}

fn unwrapped(head: &Head) -> Vec<Head> {
    let unwrap = |value: &str| {
        let wrappers =
            |letter: char| matches!(letter, '"' | '\'' | '[' | ']' | '(' | ')' | '<' | '>');
        value.trim().trim_matches(wrappers).trim().to_owned()
    };
    let bytes_literal = |value: &str| match value
        .strip_prefix("b'")
        .or_else(|| value.strip_prefix("b\""))
    {
        Some(rest) => unwrap(rest),
        None => unwrap(value),
    };
    head.with_each_value(bytes_literal)
}

fn percent_decoded(head: &Head) -> Vec<Head> {
    let decode = |value: &str| {
        let decoded = percent::decode(value.as_bytes(), false);
        String::from_utf8(decoded).unwrap_or_else(|_| value.to_owned())
    };
    head.with_each_value(decode)
}

/// The id that the recording tool knew, if the headers have none.
fn with_message_id(head: &Head) -> Vec<Head> {
    let missing = head.value("id").is_none();
    let id = head.message_id.clone().filter(|_| missing);
    let family = match head.family_value("svix", "signature") {
        Some(_) => "svix-id",
        None => "webhook-id",
    };
    let with = |id| {
        let mut head = head.clone();
        head.headers.push((family.to_owned(), id));
        head
    };
    id.map(with).into_iter().collect()
}

fn with_recorded_message_id(head: &Head) -> Vec<Head> {
    let id = head.message_id.clone();
    head.with_values("id", |value| {
        id.clone().into_iter().filter(|id| id != value).collect()
    })
}

fn in_seconds(head: &Head) -> Vec<Head> {
    head.with_values("timestamp", time::in_seconds)
}

fn as_digits(head: &Head) -> Vec<Head> {
    head.with_values("timestamp", time::as_digits)
}

fn few_signatures(head: &Head) -> Vec<Head> {
    head.with_values("signature", signature::in_small_groups)
}

fn rewritten_signature(head: &Head) -> Vec<Head> {
    head.with_values("signature", signature::rewritten)
}
