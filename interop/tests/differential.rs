//! Thousands of generated deliveries, judged by us and by others: where the verdicts differ, the list in
//! `differential/differences.rs` says why, and what we accept the reference accepts.
//!
//! `DIFFERENTIAL_SEED` and `DIFFERENTIAL_CASES` change what is generated.

#[path = "../../crates/testbed/src/deliveries/mod.rs"]
mod deliveries;
#[path = "differential/differences.rs"]
mod differences;
#[path = "differential/peers.rs"]
mod peers;

use std::{
    collections::BTreeMap,
    env, panic,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clerk_webhooks::testing::FixedClock;
use deliveries::{Delivery, Random, reference_accepts};
use differences::DIFFERENCES;
use peers::{PEERS, ours};

const SEED: u64 = 20_261_124;
const CASES: u64 = 20_000;

#[test]
fn verdicts_differ_only_where_and_as_listed() {
    let seed = setting("DIFFERENTIAL_SEED", SEED);
    let mut random = Random::new(seed);
    let mut tally = Tally::default();
    quietly(|| {
        for case in 0..setting("DIFFERENTIAL_CASES", CASES) {
            let now = unix_now();
            let delivery = deliveries::delivery(&mut random, now);
            let place = format!("seed {seed}, case {case}: {delivery:?}");
            tally.judge(&delivery, now, &place);
        }
    });
    tally.finish(seed);
}

#[derive(Default)]
struct Tally {
    ours: BTreeMap<&'static str, usize>,
    differences: BTreeMap<(&'static str, &'static str), usize>,
    unexplained: Vec<String>,
}

impl Tally {
    fn judge(&mut self, delivery: &Delivery, now: u64, place: &str) {
        let ours = ours(
            delivery,
            FixedClock::at(UNIX_EPOCH + Duration::from_secs(now)),
        );
        *self.ours.entry(ours).or_default() += 1;
        if ours == "accepted" && !reference_accepts(delivery) {
            let problem = format!("{place}\naccepted, but not by the reference");
            self.unexplained.push(problem);
        }
        for peer in PEERS {
            let theirs = peer.judge(delivery);
            if (ours == "accepted") == (theirs == "yes") && theirs != "boom" {
                continue;
            }
            let explains = |listed: &&differences::Difference| {
                listed.explains(peer.name, ours, theirs, delivery)
            };
            match DIFFERENCES.iter().find(explains) {
                Some(listed) => {
                    *self
                        .differences
                        .entry((listed.name, peer.name))
                        .or_default() += 1
                }
                None => {
                    let problem = format!("{place}\nours: {ours}, {}: {theirs}", peer.name);
                    self.unexplained.push(problem);
                }
            }
        }
    }

    fn finish(self, seed: u64) {
        println!("seed {seed}");
        for (verdict, count) in &self.ours {
            println!("{count:6}  ours: {verdict}");
        }
        for listed in DIFFERENCES {
            println!("{}: {}", listed.name, listed.reason);
            for peer in listed.peers {
                let count = self.differences.get(&(listed.name, *peer)).unwrap_or(&0);
                println!("{count:6}  {peer}");
            }
        }
        let shown: Vec<_> = self.unexplained.iter().take(5).cloned().collect();
        assert!(
            shown.is_empty(),
            "{} differences are not listed; the first:\n\n{}\n",
            self.unexplained.len(),
            shown.join("\n\n")
        );
        for listed in DIFFERENCES {
            for peer in listed.peers {
                let occurred = self.differences.contains_key(&(listed.name, *peer));
                assert!(
                    occurred,
                    "seed {seed}: `{}` never occurred with {peer}",
                    listed.name
                );
            }
        }
        let accepted = self.ours.get("accepted").copied().unwrap_or(0);
        let all: usize = self.ours.values().sum();
        assert!(accepted * 4 > all, "only {accepted} of {all} were good");
    }
}

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| value.parse().expect("a number"))
}

fn unix_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}

/// A peer's panic is a verdict, not a message.
fn quietly(run: impl FnOnce()) {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let result = panic::catch_unwind(panic::AssertUnwindSafe(run));
    panic::set_hook(hook);
    if let Err(panicked) = result {
        panic::resume_unwind(panicked);
    }
}
