//! Clerk's JavaScript helper `verifyWebhook` beside our verification and typed decoding, in interleaved
//! rounds. Writes `docs/benchmarks/data/clerk_js.json`.
//!
//! `npm install --package-lock=false --prefix benches/js`, then
//! `taskset -c 0 cargo bench --bench clerk_js`, so that node's helper threads share the one core.

mod support;

use std::{
    cell::RefCell,
    io::{BufRead as _, BufReader, Lines, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use clerk_webhooks::{SigningSecret, VerifiedClerkEvent, Verifier};
use serde_json::json;
use support::{
    payloads::{Names, Payload, SECRET},
    rounds::{self, Contender, Group, Series},
};

/// Until V8 has compiled what it will compile.
const WARM_UP: u32 = 20_000;

/// Long enough that collecting the garbage is part of it.
const TURN: Duration = Duration::from_millis(50);

fn main() {
    let series: Vec<Series> = [Payload::user(), Payload::email()]
        .iter()
        .flat_map(compare)
        .collect();
    rounds::write("clerk_js", &series);
}

fn compare(payload: &Payload) -> Vec<Series> {
    let helper = Helper::start(payload);
    let group = Group {
        measure: "clerk_js",
        payload: payload.name,
        bytes: payload.body.len(),
    };
    rounds::measure_in_turns_of(TURN, &group, vec![ours(payload), helper.contender()])
}

fn ours(payload: &Payload) -> Contender<'static> {
    let verifier = Verifier::new(SigningSecret::parse(SECRET).unwrap());
    let headers = payload.headers(Names::Svix);
    let body = payload.body.clone();
    Contender::repeat("clerk-webhooks, verify + typed", move || {
        let verified = verifier.verify(&headers, body.clone()).unwrap();
        VerifiedClerkEvent::<clerk_webhooks::ClerkEvent>::decode(verified).unwrap()
    })
}

/// A node process that verifies when it is told to; idle otherwise.
struct Helper {
    process: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Helper {
    fn start(payload: &Payload) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/js/verify.js");
        let mut process = Command::new("node")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is installed");
        let questions = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut helper = Self {
            process,
            questions,
            answers,
        };
        eprintln!("{}", helper.answer());
        helper.tell(&delivery(payload));
        helper.verify(WARM_UP);
        helper
    }

    fn contender(self) -> Contender<'static> {
        let helper = RefCell::new(self);
        Contender::new("Clerk's verifyWebhook (JS)", move |times| {
            helper.borrow_mut().verify(times)
        })
    }

    fn verify(&mut self, times: u32) -> Duration {
        self.tell(&times.to_string());
        Duration::from_nanos(self.answer().parse().unwrap())
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.questions, "{line}").unwrap();
    }

    fn answer(&mut self) -> String {
        let answer = self.answers.next();
        answer
            .expect("benches/js has its modules (npm install)")
            .unwrap()
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn delivery(payload: &Payload) -> String {
    let headers: serde_json::Map<_, _> = payload
        .sign(Names::Svix)
        .header_pairs()
        .map(|(name, value)| (name, value.into()))
        .into_iter()
        .collect();
    let body = std::str::from_utf8(&payload.body).unwrap();
    json!({"secret": SECRET, "headers": headers, "body": body}).to_string()
}
