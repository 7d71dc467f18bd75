//! Turns of a tenth of a second, in rounds, so that what disturbs the machine disturbs all alike.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

pub(crate) const IN_FLIGHT: [usize; 2] = [1, 16];

const TURN: Duration = Duration::from_millis(100);

/// What is measured: done once for each call.
pub(crate) type Operation = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

pub(crate) fn operation<F>(make: impl Fn() -> F + Send + Sync + 'static) -> Operation
where
    F: Future<Output = ()> + Send + 'static,
{
    Arc::new(move || Box::pin(make()))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Measure {
    /// The store answers, and writes nothing.
    Read,
    /// The least that it can write.
    Write,
    /// A claim and its completion, without the layer.
    ClaimAndComplete,
    /// A first delivery through router, verification and, but for the baseline, deduplication.
    Request,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    pub(crate) contender: &'static str,
    pub(crate) measure: Measure,
}

/// Operations a second, in each round.
#[derive(Debug, Default)]
pub(crate) struct Rounds(HashMap<(Entry, usize), Vec<f64>>);

impl Rounds {
    /// Gives each its turn, each round beginning with another one.
    pub(crate) async fn run(&mut self, entries: &[(Entry, Operation)], round: u64) {
        let first = usize::try_from(round).unwrap_or_default() % entries.len();
        let (before, after) = entries.split_at(first);
        for (entry, operation) in after.iter().chain(before) {
            for in_flight in IN_FLIGHT {
                let rate = turn(operation, in_flight).await;
                self.0.entry((*entry, in_flight)).or_default().push(rate);
            }
        }
    }

    pub(crate) fn of(&self, entry: Entry, in_flight: usize) -> Option<&[f64]> {
        self.0.get(&(entry, in_flight)).map(Vec::as_slice)
    }
}

/// Operations a second, with so many in flight.
async fn turn(operation: &Operation, in_flight: usize) -> f64 {
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..in_flight {
        let operation = Arc::clone(operation);
        callers.spawn(async move {
            let mut done = 0_u32;
            while begun.elapsed() < TURN {
                operation().await;
                done += 1;
            }
            done
        });
    }
    let done: u32 = callers.join_all().await.into_iter().sum();
    f64::from(done) / begun.elapsed().as_secs_f64()
}

pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// Of no values at all: not a number.
pub(crate) fn quantile(values: &[f64], part: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let place = (values.len() as f64 * part) as usize;
    values.get(place).copied().unwrap_or(f64::NAN)
}
