//! Interleaved rounds: each contender has its turn in every round, so that whatever else the machine
//! does falls on all of them alike, and ratios are taken within a round. What counts is the thread's own
//! CPU time: on a busy machine, wall time counts the neighbours' work too.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use cpu_time::ThreadTime;
use serde::Serialize;

/// How long a contender's turn lasts, about: short enough to mostly pass undisturbed.
const TURN: Duration = Duration::from_micros(500);
/// A group that takes longer has fewer rounds than it should, but these.
const ENOUGH: Duration = Duration::from_secs(15);
const ROUNDS_AT_LEAST: usize = 31;

pub(crate) struct Contender<'a> {
    name: &'static str,
    /// Does it so many times and says how long that took.
    run: Box<dyn FnMut(u32) -> Duration + 'a>,
}

impl<'a> Contender<'a> {
    pub(crate) fn new(name: &'static str, run: impl FnMut(u32) -> Duration + 'a) -> Self {
        Self {
            name,
            run: Box::new(run),
        }
    }

    /// Of something that needs nothing fresh each time. What it returns is dropped within the time.
    pub(crate) fn repeat<T>(name: &'static str, mut work: impl FnMut() -> T + 'a) -> Self {
        Self::new(name, move |times| {
            let start = ThreadTime::now();
            for _ in 0..times {
                drop(black_box(work()));
            }
            start.elapsed()
        })
    }

    /// How often it fits into a turn.
    fn times_a_turn(&mut self, turn: Duration) -> u32 {
        let mut times = 1;
        loop {
            let took = (self.run)(times);
            if took >= turn / 4 || times >= 1 << 20 {
                let once = took.as_secs_f64() / f64::from(times);
                return ((turn.as_secs_f64() / once) as u32).max(1);
            }
            times *= 2;
        }
    }
}

/// What one contender needed in each round; the same place is the same round for all.
#[derive(Serialize)]
pub(crate) struct Series {
    pub(crate) measure: &'static str,
    pub(crate) payload: &'static str,
    pub(crate) bytes: usize,
    pub(crate) contender: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) rounds: Vec<f64>,
}

pub(crate) struct Group {
    pub(crate) measure: &'static str,
    pub(crate) payload: &'static str,
    pub(crate) bytes: usize,
}

/// Runs all contenders in turn, so many rounds, each round starting with another one.
pub(crate) fn measure(group: &Group, contenders: Vec<Contender<'_>>) -> Vec<Series> {
    measure_in_turns_of(TURN, group, contenders)
}

pub(crate) fn measure_in_turns_of(
    turn: Duration,
    group: &Group,
    mut contenders: Vec<Contender<'_>>,
) -> Vec<Series> {
    eprintln!(
        "{} {} ({} bytes)",
        group.measure, group.payload, group.bytes
    );
    let times: Vec<u32> = contenders
        .iter_mut()
        .map(|contender| contender.times_a_turn(turn))
        .collect();
    let mut nanoseconds = vec![Vec::new(); contenders.len()];
    let start = Instant::now();
    for round in 0..rounds() {
        if round >= ROUNDS_AT_LEAST && start.elapsed() > ENOUGH {
            break;
        }
        for turn in 0..contenders.len() {
            let place = (round + turn) % contenders.len();
            let took = (contenders[place].run)(times[place]);
            let once = took.as_secs_f64() * 1e9 / f64::from(times[place]);
            nanoseconds[place].push((once * 10.0).round() / 10.0);
        }
    }
    contenders
        .iter()
        .zip(nanoseconds)
        .map(|(contender, rounds)| group.series(contender.name, "ns", rounds))
        .inspect(|series| {
            eprintln!(
                "  {:>12.1} ns  {}",
                median(&series.rounds),
                series.contender
            )
        })
        .collect()
}

impl Group {
    pub(crate) fn series(
        &self,
        contender: &'static str,
        unit: &'static str,
        rounds: Vec<f64>,
    ) -> Series {
        let Self {
            measure,
            payload,
            bytes,
        } = *self;
        Series {
            measure,
            payload,
            bytes,
            contender,
            unit,
            rounds,
        }
    }
}

/// 201, or what `BENCH_ROUNDS` says.
pub(crate) fn rounds() -> usize {
    let set = std::env::var("BENCH_ROUNDS").ok();
    set.map_or(201, |text| text.parse().expect("BENCH_ROUNDS is a number"))
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Writes `docs/benchmarks/data/NAME.json`, one series a line, unless `BENCH_ROUNDS` made it a trial.
pub(crate) fn write<T: Serialize>(name: &str, results: &[T]) {
    if std::env::var_os("BENCH_ROUNDS").is_some() {
        return eprintln!("a trial: nothing is written");
    }
    let lines: Vec<String> = results
        .iter()
        .map(|result| serde_json::to_string(result).unwrap())
        .collect();
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/benchmarks/data");
    std::fs::create_dir_all(directory).unwrap();
    let text = format!("[\n{}\n]\n", lines.join(",\n"));
    std::fs::write(format!("{directory}/{name}.json"), text).unwrap();
}
