//! The tables, in Markdown: the median of the rounds and, in brackets, what only a tenth of them were
//! better than, which is nearer to what an idle machine does.

use super::{
    contenders::{BASELINE, Contenders},
    measure::{Entry, IN_FLIGHT, Measure, Rounds, median, quantile},
};

const BEST_TENTH: f64 = 0.1;
const NONE: &str = "-";

pub(crate) fn print(contenders: &Contenders, measured: &Rounds, rounds: u64) {
    println!("medians of {rounds} rounds, in brackets the best tenth\n");
    print_costs(contenders, measured);
    print_rates(contenders, measured);
}

/// What one costs alone.
fn print_costs(contenders: &Contenders, measured: &Rounds) {
    let columns = [
        "store",
        "round trip",
        "smallest write",
        "claim + complete",
        "request",
        "the layer's part",
        "the same in smallest writes",
    ];
    print_head(&columns);
    let seconds = |contender, measure| seconds(measured, Entry { contender, measure });
    let without = seconds(BASELINE, Measure::Request);
    for name in all_names(contenders) {
        let write = seconds(name, Measure::Write);
        let with = seconds(name, Measure::Request);
        let part: Vec<f64> = pairwise(&with, &without, |with, without| with - without);
        let in_writes = pairwise(&part, &write, |part, write| part / write);
        let is_baseline = name == BASELINE;
        print_row(&[
            name.to_owned(),
            micros(&seconds(name, Measure::Read)),
            micros(&write),
            micros(&seconds(name, Measure::ClaimAndComplete)),
            micros(&with),
            micros(if is_baseline { &[] } else { &part }),
            ratio(&in_writes),
        ]);
    }
    println!();
}

/// How many a second.
fn print_rates(contenders: &Contenders, measured: &Rounds) {
    let measures = [Measure::ClaimAndComplete, Measure::Request];
    print_head(&[
        "store",
        "claim + complete, 1 in flight",
        "16 in flight",
        "requests, 1 in flight",
        "16 in flight",
    ]);
    for contender in all_names(contenders) {
        let cells = measures.iter().flat_map(|&measure| {
            let entry = Entry { contender, measure };
            IN_FLIGHT.map(|in_flight| rates(measured.of(entry, in_flight)))
        });
        let row: Vec<_> = [contender.to_owned()].into_iter().chain(cells).collect();
        print_row(&row);
    }
}

fn all_names(contenders: &Contenders) -> impl Iterator<Item = &'static str> {
    [BASELINE].into_iter().chain(contenders.names().to_vec())
}

/// Of one operation with nothing else in flight, in each round.
fn seconds(measured: &Rounds, entry: Entry) -> Vec<f64> {
    let rates = measured.of(entry, 1).unwrap_or_default();
    rates.iter().map(|rate| 1.0 / rate).collect()
}

fn pairwise(left: &[f64], right: &[f64], combine: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    left.iter()
        .zip(right)
        .map(|(l, r)| combine(*l, *r))
        .collect()
}

fn print_head(columns: &[&str]) {
    println!("| {} |", columns.join(" | "));
    println!("|{}", " --- |".repeat(columns.len()));
}

fn print_row(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

fn micros(seconds: &[f64]) -> String {
    if seconds.is_empty() {
        return NONE.to_owned();
    }
    let digits = |seconds: f64| match seconds * 1e6 {
        micros if micros < 100.0 => format!("{micros:.1}"),
        micros => grouped(micros),
    };
    let (median, best) = (median(seconds), quantile(seconds, BEST_TENTH));
    format!("{} µs ({})", digits(median), digits(best))
}

fn rates(rates: Option<&[f64]>) -> String {
    rates.map_or_else(
        || NONE.to_owned(),
        |rates| {
            let (median, best) = (median(rates), quantile(rates, 1.0 - BEST_TENTH));
            format!("{} ({})", grouped(median), grouped(best))
        },
    )
}

fn ratio(ratios: &[f64]) -> String {
    if ratios.is_empty() {
        return NONE.to_owned();
    }
    format!("{:.1}", median(ratios))
}

/// `12,345`
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
