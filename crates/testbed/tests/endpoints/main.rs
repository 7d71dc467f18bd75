//! One contract for the endpoints of every framework: requests over a real socket, and how each must end.
//!
//! `docs/frameworks.md` has its table. `ENDPOINTS=actix,axum` runs these frameworks alone;
//! `ENDPOINTS_WRITE=1` writes the table into the page.

#![allow(
    clippy::needless_pass_by_value,
    reason = "handlers own what their framework gives them"
)]

mod framework;
mod frameworks;
mod mutated;
mod page;
mod request;
mod row;
mod rows;
mod verdict;
mod wire;

use std::{
    env,
    io::{self, Write as _},
};

use framework::Framework;
use verdict::Verdict;

#[test]
fn every_framework_keeps_the_contract() {
    let verdicts: Vec<Verdict> = chosen().map(Verdict::of).collect();
    for line in verdicts.iter().flat_map(Verdict::lines) {
        // Not `eprintln!`: what a passing test prints with it is swallowed.
        writeln!(io::stderr(), "{line}").unwrap();
    }
    let problems: Vec<&str> = verdicts
        .iter()
        .flat_map(|verdict| verdict.problems.iter().map(String::as_str))
        .collect();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    if verdicts.len() == frameworks::ALL.len() {
        page::check(&verdicts);
    }
}

/// All frameworks, or those that `ENDPOINTS` names.
fn chosen() -> impl Iterator<Item = &'static Framework> {
    let names = env::var("ENDPOINTS").ok();
    frameworks::ALL
        .iter()
        .filter(move |framework| match &names {
            None => true,
            Some(names) => names.split(',').any(|name| name == framework.name),
        })
}
