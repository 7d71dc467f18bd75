//! One contract for the endpoints of every framework: requests over a real socket, and how each must end.
//!
//! `docs/frameworks.md` has its table, `docs/deployment.md` what proxies in front change. `ENDPOINTS=actix,axum`
//! runs these alone; `ENDPOINTS_WRITE=1` writes the tables into the pages.

#![allow(
    clippy::needless_pass_by_value,
    reason = "handlers own what their framework gives them"
)]

mod framework;
mod frameworks;
mod mutated;
mod page;
mod proxies;
mod request;
mod row;
mod rows;
mod verdict;
mod wire;

use std::{
    env,
    io::{self, Write as _},
    thread,
};

use framework::Framework;
use verdict::Verdict;

#[test]
fn every_framework_keeps_the_contract() {
    if let Some(verdicts) = verdicts(frameworks::ALL) {
        page::check_frameworks(&verdicts);
    }
}

#[test]
#[ignore = "needs the programs nginx and caddy"]
fn what_each_proxy_changes_is_in_the_guide() {
    let seen = proxies::seen();
    if let Some(verdicts) = verdicts(proxies::ALL) {
        page::check_proxies(&verdicts, &seen);
    }
}

/// What each makes of the contract. `None` if the environment chose some of them.
fn verdicts(all: &'static [Framework]) -> Option<Vec<Verdict>> {
    let verdicts = at_once(chosen(all), Verdict::of);
    // Not `eprintln!`: what a passing test prints with it is swallowed.
    let mut stderr = io::stderr();
    for line in verdicts.iter().flat_map(Verdict::lines) {
        writeln!(stderr, "{line}").unwrap();
    }
    let problems: Vec<&str> = verdicts
        .iter()
        .flat_map(|verdict| verdict.problems.iter().map(String::as_str))
        .collect();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    (verdicts.len() == all.len()).then_some(verdicts)
}

/// Most of the time they wait for each other's deadlines.
fn at_once<T: Send, R: Send>(all: impl Iterator<Item = T>, of: fn(T) -> R) -> Vec<R> {
    thread::scope(|scope| {
        let running: Vec<_> = all.map(|one| scope.spawn(move || of(one))).collect();
        let joined = running.into_iter().map(|thread| thread.join().unwrap());
        joined.collect()
    })
}

/// All, or those that `ENDPOINTS` names.
fn chosen(all: &'static [Framework]) -> impl Iterator<Item = &'static Framework> {
    let names = env::var("ENDPOINTS").ok();
    all.iter().filter(move |framework| match &names {
        None => true,
        Some(names) => names.split(',').any(|name| name == framework.name),
    })
}
