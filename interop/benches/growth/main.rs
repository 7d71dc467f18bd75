//! What grows: large bodies, idle connections, and load. Writes `bodies.json`, `idle.json` and `load.json` into
//! `docs/benchmarks/data`.
//!
//! `docs/benchmarks/benchmarks.py growth`, or `cargo bench --bench growth`, or with the names of measures
//! behind `--`; with `BENCH_ROUNDS=1` it is a short trial that writes nothing. The server runs in a process of
//! its own, so that its memory and its CPU time are not the client's.

#[path = "../support/mod.rs"]
mod support;

mod bodies;
mod idle;
mod load;
mod server;

use support::apps::{self, App};

/// What every measure compares: the same server without us, with us, and with `svix`.
const CONTENDERS: [App; 4] = [apps::BARE, apps::VERIFY_ONLY, apps::TYPED, apps::SVIX_VALUE];

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    if let [command, contender] = &arguments[..]
        && command == server::COMMAND
    {
        return server::serve(contender);
    }
    let measures: [(&str, fn()); 3] = [
        ("bodies", bodies::measure),
        ("idle", idle::measure),
        ("load", load::measure),
    ];
    for (measure, run) in measures {
        if arguments.is_empty() || arguments.iter().any(|word| word == measure) {
            run();
        }
    }
}

fn is_trial() -> bool {
    std::env::var_os("BENCH_ROUNDS").is_some()
}
