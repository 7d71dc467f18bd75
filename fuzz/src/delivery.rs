//! Reads a delivery from a fuzz target's input.

use std::time::{Duration, SystemTime};

use clerk_webhooks::{
    SigningSecret, VerifiedDelivery, Verifier, testing::FixedClock, verify::VerifyError,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    contract::{self, Headers},
    mac::{base64, decode_base64, hmac_sha256},
};

const KEY: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOW: u64 = 1_614_265_330;
const TOLERANCE: u64 = 300;

/// Lines of `name: value` up to an empty line, then the body.
///
/// The names `now`, `past` and `future` are not headers: they set the clock and the tolerance, in seconds.
/// In a signature header, every `$` stands for the valid signature, which a fuzzer cannot guess.
pub struct Delivery {
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    now: u64,
    past: u64,
    future: u64,
}

impl Delivery {
    pub fn read(input: &[u8]) -> Self {
        let end = input.windows(2).position(|pair| pair == b"\n\n");
        let (head, body) = match end {
            Some(end) => (&input[..end], &input[end + 2..]),
            None => (input, &[][..]),
        };
        let mut delivery = Self {
            headers: head
                .split(|byte| *byte == b'\n')
                .filter_map(header)
                .collect(),
            body: body.to_vec(),
            now: NOW,
            past: TOLERANCE,
            future: TOLERANCE,
        };
        delivery.take_settings();
        delivery.sign();
        delivery
    }

    fn take_settings(&mut self) {
        let setting = |headers: &Headers, name: &str| {
            let value = contract::values(headers, name).first().copied()?;
            std::str::from_utf8(value).ok()?.parse::<u64>().ok()
        };
        let now = setting(&self.headers, "now").filter(|now| clock(*now).is_some());
        self.now = now.unwrap_or(NOW);
        self.past = setting(&self.headers, "past").unwrap_or(TOLERANCE);
        self.future = setting(&self.headers, "future").unwrap_or(TOLERANCE);
    }

    fn sign(&mut self) {
        let family = contract::family(&self.headers);
        let first = |part| {
            contract::values(&self.headers, &format!("{family}-{part}"))
                .first()
                .copied()
        };
        let (Some(id), Some(timestamp)) = (first("id"), first("timestamp")) else {
            return;
        };
        let right = self.right_signature(&[id, timestamp, &self.body].join(&b'.'));
        for (name, value) in &mut self.headers {
            if name.ends_with("-signature") {
                *value = value
                    .split(|byte| *byte == b'$')
                    .collect::<Vec<_>>()
                    .join(right.as_bytes());
            }
        }
    }

    pub fn right_signature(&self, signed_text: &[u8]) -> String {
        base64(&hmac_sha256(&decode_base64(KEY).unwrap(), signed_text))
    }

    /// The result that the contract expects for the headers.
    pub fn expected(&self) -> Result<contract::Signed<'_>, &'static str> {
        contract::judge_headers(&self.headers, self.now, self.past, self.future)
    }

    /// The crate's result. Pairs and `HeaderMap` must give the same result for the headers.
    ///
    /// The outer result is `Err` if the headers are refused, the inner one if no signature matches.
    pub fn judge(&self) -> Result<Result<VerifiedDelivery, VerifyError>, VerifyError> {
        let secret = SigningSecret::parse(KEY).unwrap();
        let verifier = Verifier::new(secret)
            .with_clock(clock(self.now).unwrap())
            .with_tolerance_past(Duration::from_secs(self.past))
            .with_tolerance_future(Duration::from_secs(self.future));
        let checked = verifier.check_header_pairs(&self.headers);
        if let Some(map) = self.header_map() {
            let (pairs, map) = (checked.as_ref(), verifier.check_headers(&map));
            let code = |refused: &VerifyError| (refused.kind(), refused.header_name());
            assert_eq!(pairs.err().map(code), map.as_ref().err().map(code));
        }
        checked.map(|pending| pending.finish(self.body.clone().into()))
    }

    /// `None` if a `HeaderMap` cannot hold one of the names or values.
    fn header_map(&self) -> Option<HeaderMap> {
        let pair = |(name, value): &(String, Vec<u8>)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_bytes(value).ok()?))
        };
        self.headers.iter().map(pair).collect()
    }
}

fn header(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let value = &line[colon + 1..];
    let value = value.strip_prefix(b" ").unwrap_or(value);
    Some((
        String::from_utf8(line[..colon].to_vec()).ok()?,
        value.to_vec(),
    ))
}

fn clock(seconds: u64) -> Option<FixedClock> {
    let now = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
    Some(FixedClock::at(now))
}
