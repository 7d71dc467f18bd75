//! Where our verdict differs from another's, and why we keep ours.

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::{
    deliveries::{Delivery, right_signature},
    peers::{STANDARDWEBHOOKS, SVIX, WEBHOOK_VERIFY},
};

pub(crate) struct Difference {
    pub(crate) name: &'static str,
    pub(crate) reason: &'static str,
    /// With each of them it must come up.
    pub(crate) peers: &'static [&'static str],
    /// `accepted`, or the reason codes of refusals.
    ours: &'static [&'static str],
    theirs: &'static str,
    when: fn(&Delivery) -> bool,
}

impl Difference {
    pub(crate) fn explains(
        &self,
        peer: &str,
        ours: &str,
        theirs: &str,
        delivery: &Delivery,
    ) -> bool {
        let as_listed = match self.ours {
            [] => ours != "accepted",
            listed => listed.contains(&ours),
        };
        self.peers.contains(&peer) && as_listed && self.theirs == theirs && (self.when)(delivery)
    }
}

const ALL: &[&str] = &[SVIX, STANDARDWEBHOOKS, WEBHOOK_VERIFY];
const ACCEPTED: &[&str] = &["accepted"];
/// For whatever reason.
const REFUSED: &[&str] = &[];

pub(crate) const DIFFERENCES: &[Difference] = &[
    // We accept, they do not.
    Difference {
        name: "svix-* headers",
        reason: "Clerk's deliveries carry these names, which they do not know",
        peers: &[STANDARDWEBHOOKS, WEBHOOK_VERIFY],
        ours: ACCEPTED,
        theirs: "no",
        when: |delivery| delivery.family() == "svix",
    },
    Difference {
        name: "signatures joined or split by a proxy",
        reason: "HTTP lets a proxy join lines by commas; the signature itself is just as good",
        peers: ALL,
        ours: ACCEPTED,
        theirs: "no",
        when: |delivery| !delivery.has_plain_entry(&right_signature(delivery)),
    },
    Difference {
        name: "a signature line that is not ASCII",
        reason: "a malformed entry never spoils a good one beside it",
        peers: ALL,
        ours: ACCEPTED,
        theirs: "no",
        when: |delivery| !delivery.first("signature").is_ascii(),
    },
    Difference {
        name: "a malformed v1 entry beside a good one",
        reason: "a malformed entry never spoils a good one beside it",
        peers: &[WEBHOOK_VERIFY],
        ours: ACCEPTED,
        theirs: "no",
        when: |delivery| {
            delivery
                .first("signature")
                .split(|byte| *byte == b' ')
                .any(is_malformed_v1)
        },
    },
    Difference {
        name: "a body that is not UTF-8",
        reason: "the signature is over bytes; what they mean is the decoder's business",
        peers: &[SVIX, STANDARDWEBHOOKS],
        ours: ACCEPTED,
        theirs: "no",
        when: |delivery| std::str::from_utf8(&delivery.body).is_err(),
    },
    Difference {
        name: "white space around the secret",
        reason: "secrets come from files and environments, with a line break at the end",
        peers: ALL,
        ours: ACCEPTED,
        theirs: "no",
        when: |delivery| delivery.secret.trim() != delivery.secret,
    },
    Difference {
        name: "a secret without its padding",
        reason: "its bytes are the same",
        peers: &[SVIX, STANDARDWEBHOOKS],
        ours: ACCEPTED,
        theirs: "no",
        when: |delivery| {
            !delivery
                .secret
                .trim()
                .trim_start_matches("whsec_")
                .len()
                .is_multiple_of(4)
        },
    },
    // They accept, we do not.
    Difference {
        name: "a timestamp that is not how a number is written",
        reason: "the signature is over the header's own text, and there is one text a number",
        peers: ALL,
        ours: &["malformed_timestamp"],
        theirs: "yes",
        when: |delivery| {
            let timestamp = delivery.first("timestamp");
            timestamp.starts_with(b"+") || timestamp.starts_with(b"0")
        },
    },
    Difference {
        name: "an id or a timestamp twice",
        reason: "who reads the last one reads another than was verified",
        peers: ALL,
        ours: &["duplicate_header"],
        theirs: "yes",
        when: |delivery| delivery.all("id").len() > 1 || delivery.all("timestamp").len() > 1,
    },
    Difference {
        name: "an empty id",
        reason: "an id is what deduplication goes by",
        peers: ALL,
        ours: &["malformed_id"],
        theirs: "yes",
        when: |delivery| delivery.first("id").is_empty(),
    },
    Difference {
        name: "an id with a dot",
        reason: "the signed text could be read as another id and another body",
        peers: ALL,
        ours: &["malformed_id"],
        theirs: "yes",
        when: |delivery| delivery.first("id").contains(&b'.'),
    },
    Difference {
        name: "an id with white space",
        reason: "ids travel through logs and stores; Svix' have none",
        peers: ALL,
        ours: &["malformed_id"],
        theirs: "yes",
        when: |delivery| delivery.first("id").iter().any(u8::is_ascii_whitespace),
    },
    Difference {
        name: "an id of more than 256 bytes",
        reason: "ids become keys of stores; Svix' have 31 bytes",
        peers: ALL,
        ours: &["malformed_id"],
        theirs: "yes",
        when: |delivery| delivery.first("id").len() > 256,
    },
    Difference {
        name: "families mixed",
        reason: "a receiver reads the three headers of one sender",
        peers: &[SVIX],
        ours: &["missing_header"],
        theirs: "yes",
        when: |delivery| delivery.family() == "svix" && !delivery.has_all("svix"),
    },
    Difference {
        name: "webhook-* beside svix-*",
        reason: "where there is one of svix-*, the three of them count",
        peers: &[STANDARDWEBHOOKS, WEBHOOK_VERIFY],
        ours: REFUSED,
        theirs: "yes",
        when: |delivery| delivery.family() == "svix" && delivery.has_all("webhook"),
    },
    Difference {
        name: "a good signature behind 32 others",
        reason: "a bound on what a stranger can make us do",
        peers: ALL,
        ours: &["malformed_signature", "no_matching_signature"],
        theirs: "yes",
        when: |delivery| {
            let entries = delivery.first("signature").split(|byte| *byte == b' ');
            entries.filter(|entry| entry.starts_with(b"v")).count() > 32
        },
    },
    Difference {
        name: "a short secret",
        reason: "Standard Webhooks asks for 24 bytes, and a stray word must never become a key",
        peers: ALL,
        ours: &["too_short"],
        theirs: "yes",
        when: |delivery| delivery.secret == "whsec_c2hvcnQ=",
    },
    Difference {
        name: "a secret of zeros",
        reason: "to HMAC it is the empty key",
        peers: ALL,
        ours: &["all_zero"],
        theirs: "yes",
        when: |delivery| {
            delivery
                .secret
                .trim_start_matches("whsec_")
                .bytes()
                .all(|letter| letter == b'A')
        },
    },
    Difference {
        name: "an empty secret",
        reason: "everyone knows that key",
        peers: &[STANDARDWEBHOOKS],
        ours: &["empty", "prefix_only"],
        theirs: "yes",
        when: |delivery| delivery.secret.trim_start_matches("whsec_").is_empty(),
    },
    // They panic.
    Difference {
        name: "a timestamp at the lower end of 64 bits",
        reason: "now minus that overflows",
        peers: &[STANDARDWEBHOOKS],
        ours: REFUSED,
        theirs: "boom",
        when: |delivery| {
            let timestamp = delivery.values("webhook-timestamp");
            let text = timestamp
                .first()
                .and_then(|text| std::str::from_utf8(text).ok());
            let number: Option<i64> = text.and_then(|text| text.parse().ok());
            number.is_some_and(|number| 1_000_000_000_i64.checked_sub(number).is_none())
        },
    },
];

/// `v1,` and something that is no base64 of 32 bytes, to someone who splits at spaces.
fn is_malformed_v1(entry: &[u8]) -> bool {
    let Some(signature) = entry.strip_prefix(b"v1,") else {
        return false;
    };
    BASE64_STANDARD
        .decode(signature)
        .map_or(true, |bytes| bytes.len() != 32)
}
