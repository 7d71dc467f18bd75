//! Thousands of mutated deliveries: each gets the core's own verdict, and none that the specification refuses
//! reaches a handler.

use std::time::{SystemTime, UNIX_EPOCH};

use clerk_webhooks::{Rejection, VerifiedClerkEvent};
use clerk_webhooks_testbed::deliveries::{self, Delivery, Random, reference_accepts};

use crate::{
    framework::{CURRENT_SECRET, NOT_UTF8, SEVERAL_LINES, verifier},
    request::Request,
    verdict::Verdict,
    wire::Connection,
};

const SEED: u64 = 20_261_129;
const DELIVERIES: usize = 2_000;

/// What a proxy answers when it does not reach the service. On a busy machine that happens once in some ten thousand
/// deliveries, and the sender repeats such a one.
const UNREACHED: &str = "answered 502";
const MOST_UNREACHED: usize = 3;

impl Verdict {
    /// Sends them all, each on a connection of its own.
    pub(crate) fn mutate(&mut self) {
        let mut random = Random::new(SEED);
        let before = self.handler.runs();
        let mut unreached = 0;
        for case in 0..DELIVERIES {
            let delivery = next(&mut random);
            let place = format!("{}: seed {SEED}, case {case}", self.framework.name);
            let mut delivered = self.deliver(&delivery);
            if delivered
                .as_ref()
                .is_err_and(|fault| fault.starts_with(UNREACHED))
            {
                unreached += 1;
                delivered = self.deliver(&delivery);
            }
            if let Err(fault) = delivered {
                self.problems
                    .push(format!("{place}: {fault}: {delivery:?}"));
            }
        }
        assert!(unreached <= MOST_UNREACHED, "{unreached} times 502");
        self.mutated_runs = self.handler.runs() - before;
        let is_telling = self.mutated_runs > DELIVERIES / 10 && self.mutated_runs < DELIVERIES / 2;
        assert!(is_telling, "{} runs of {DELIVERIES}", self.mutated_runs);
    }

    fn deliver(&self, delivery: &Delivery) -> Result<(), String> {
        let before = self.handler.runs();
        let mut connection = Connection::open(self.server());
        connection.send(Request::from_parts(&delivery.headers, &delivery.body).whole());
        let answer = connection.answer().ok_or("no answer")?;
        let runs = self.handler.runs() - before;
        let delivery = &self.as_seen(delivery);
        if runs > 0 && !reference_accepts(delivery) {
            return Err("an unverified delivery reached the handler".into());
        }
        let (status, text) = expected(delivery);
        if (answer.status, &answer.text) != (status, &text) {
            return Err(format!("answered {answer}, not {status} {text}"));
        }
        if runs != usize::from(status == 200) {
            return Err(format!("answered {answer} after {runs} runs"));
        }
        Ok(())
    }

    /// What the framework sees of it.
    fn as_seen(&self, delivery: &Delivery) -> Delivery {
        let mut seen = delivery.clone();
        if self.framework.exception(NOT_UTF8).is_some() {
            seen.headers
                .retain(|(_, value)| str::from_utf8(value).is_ok());
        }
        if self.framework.exception(SEVERAL_LINES).is_some() {
            seen.headers = joined(&seen.headers);
        }
        seen
    }
}

/// One line for each header, joined by commas.
fn joined(headers: &[(String, Vec<u8>)]) -> Vec<(String, Vec<u8>)> {
    let mut joined: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, value) in headers {
        let known = joined
            .iter_mut()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        match known {
            Some((_, line)) => *line = [line, &b","[..], value].concat(),
            None => joined.push((name.clone(), value.clone())),
        }
    }
    joined
}

/// As it arrives: HTTP drops the white space around a header's value.
fn next(random: &mut Random) -> Delivery {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let mut delivery = deliveries::delivery(random, now.as_secs());
    delivery.secret = CURRENT_SECRET.to_owned();
    for (_, value) in &mut delivery.headers {
        *value = value.trim_ascii().to_vec();
    }
    delivery
}

/// The answer of the core without any framework.
fn expected(delivery: &Delivery) -> (u16, String) {
    let headers = delivery.header_map().unwrap();
    let verified = verifier().verify(&headers, delivery.body.clone().into());
    let event = verified
        .map_err(Rejection::from)
        .and_then(VerifiedClerkEvent::<clerk_webhooks::ClerkEvent>::decode);
    match event {
        Ok(event) => {
            let (event_type, message_id) = (event.event_type(), event.message_id());
            (200, format!("{event_type} {message_id} current"))
        }
        Err(rejection) => (
            rejection.status().as_u16(),
            rejection.body_text().to_owned(),
        ),
    }
}
