//! Every framework over HTTP on loopback: the bare handler, with us, and with `svix` by hand. Interleaved rounds.
//!
//! `cargo bench --bench frameworks` prints requests per second and CPU time per request. Both include the client,
//! which is the same for all: what counts is the difference to the bare handler.
//! `frameworks NAME PART TIMES` makes so many requests, for `docs/benchmarks/frameworks` to count instructions.

#[path = "../support/mod.rs"]
mod support;

mod actix;
mod axum;
mod framework;
mod hyper;
mod load;
mod poem;
mod rocket;
mod salvo;
mod warp;

use std::time::Instant;

use cpu_time::ProcessTime;
use framework::{Framework, Part};
use load::Client;
use support::rounds::{median, rounds};

const ALL: &[Framework] = &[
    axum::AXUM,
    hyper::HYPER,
    actix::ACTIX,
    poem::POEM,
    rocket::ROCKET,
    salvo::SALVO,
    warp::WARP,
];
/// Of one server, in each round.
const REQUESTS: usize = 2_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--names"] => ALL
            .iter()
            .for_each(|framework| println!("{}", framework.name)),
        [name, part, times] => {
            let framework = ALL.iter().find(|framework| framework.name == name);
            let part = Part::ALL.into_iter().find(|known| known.name() == part);
            let server = (framework.expect("a framework").start)(part.expect("a part"));
            Client::new(server).ask(times.parse().expect("how many times"));
        }
        _ => measure(),
    }
}

/// What one server did in each round.
struct Contender {
    framework: &'static str,
    part: Part,
    client: Client,
    requests_a_second: Vec<f64>,
    cpu_microseconds: Vec<f64>,
}

fn measure() {
    let mut contenders: Vec<Contender> = ALL.iter().flat_map(Contender::of).collect();
    for contender in &mut contenders {
        contender.client.ask(REQUESTS);
    }
    for round in 0..rounds().min(41) {
        let count = contenders.len();
        for turn in 0..count {
            contenders[(round + turn) % count].run();
        }
    }
    println!("framework  part  requests/s  CPU us/request  beyond bare");
    for parts in contenders.chunks(Part::ALL.len()) {
        let bare = median(&parts[0].cpu_microseconds);
        for contender in parts {
            let cpu = median(&contender.cpu_microseconds);
            println!(
                "{:9}  {}  {:10.0}  {cpu:14.1}  {:11.1}",
                contender.framework,
                contender.part.name(),
                median(&contender.requests_a_second),
                cpu - bare
            );
        }
    }
}

impl Contender {
    fn of(framework: &Framework) -> impl Iterator<Item = Self> {
        let (name, start) = (framework.name, framework.start);
        Part::ALL.into_iter().map(move |part| Self {
            framework: name,
            part,
            client: Client::new(start(part)),
            requests_a_second: Vec::new(),
            cpu_microseconds: Vec::new(),
        })
    }

    fn run(&mut self) {
        let (clock, cpu) = (Instant::now(), ProcessTime::now());
        let requests = self.client.ask(REQUESTS) as f64;
        let cpu = cpu.elapsed().as_secs_f64();
        self.requests_a_second
            .push(requests / clock.elapsed().as_secs_f64());
        self.cpu_microseconds.push(cpu * 1e6 / requests);
    }
}
