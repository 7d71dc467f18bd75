//! Rounds in which the contenders take turns. The benchmark of `clerk-webhooks-nats` uses this file too.

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::{BoxError, contenders::Contender};

const IN_FLIGHT: [usize; 3] = [1, 16, 64];

/// Prints a table; the first contender is what the others are measured by.
pub(crate) async fn compare(engine: &str, contenders: &[Arc<Contender>]) -> Result<(), BoxError> {
    let bare = contenders[0].name;
    println!("| engine | in flight | | events/s | p50 | p99 | p50 over the {bare} |");
    println!("|---|---|---|---|---|---|---|");
    let run = fastrand::u32(..);
    for in_flight in IN_FLIGHT {
        let mut rounds: Vec<Vec<Round>> = contenders.iter().map(|_| Vec::new()).collect();
        for number in 0..setting("ROUNDS", 11) {
            for turn in 0..contenders.len() {
                let which = (number + turn) % contenders.len();
                let contender = &contenders[which];
                let prefix = format!("msg_{run}_{}_{in_flight}_{number}", contender.name);
                rounds[which].push(round(contender, in_flight, &prefix).await?);
            }
        }
        for (contender, own) in contenders.iter().zip(&rounds) {
            let pairs = own.iter().zip(&rounds[0]);
            let over = pairs.map(|(own, push)| own.at(0.5) / push.at(0.5) - 1.0);
            println!(
                "| {engine} | {in_flight} | {} | {:.0} | {:.3} ms | {:.3} ms | {:+.1} % |",
                contender.name,
                median(own.iter().map(Round::rate)),
                median(own.iter().map(|round| round.at(0.5))),
                median(own.iter().map(|round| round.at(0.99))),
                median(over) * 100.0,
            );
        }
    }
    Ok(())
}

struct Round {
    /// Sorted.
    times: Vec<Duration>,
    in_all: Duration,
}

impl Round {
    fn rate(&self) -> f64 {
        self.times.len() as f64 / self.in_all.as_secs_f64()
    }

    /// In milliseconds: what this part of the times was no longer than.
    fn at(&self, part: f64) -> f64 {
        let place = (self.times.len() as f64 * part) as usize;
        self.times[place.min(self.times.len() - 1)].as_secs_f64() * 1e3
    }
}

async fn round(
    contender: &Arc<Contender>,
    in_flight: usize,
    prefix: &str,
) -> Result<Round, BoxError> {
    let (next, events) = (
        Arc::new(AtomicUsize::new(0)),
        setting("EVENTS", crate::EVENTS),
    );
    let mut senders = JoinSet::new();
    let begun = Instant::now();
    for _ in 0..in_flight {
        let (next, contender) = (Arc::clone(&next), Arc::clone(contender));
        let prefix = prefix.to_owned();
        senders.spawn(async move {
            let mut times = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if events <= number {
                    return Ok::<_, BoxError>(times);
                }
                let storing = contender.store(format!("{prefix}_{number}"));
                let begun = Instant::now();
                storing.await?;
                times.push(begun.elapsed());
            }
        });
    }
    let mut times = Vec::new();
    while let Some(sent) = senders.join_next().await {
        times.extend(sent??);
    }
    let in_all = begun.elapsed();
    times.sort_unstable();
    Ok(Round { times, in_all })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn setting(variable: &str, default: usize) -> usize {
    let set = env::var(variable).ok();
    set.map_or(default, |value| value.parse().expect("a number"))
}
