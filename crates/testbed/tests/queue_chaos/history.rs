//! The runs of each message, told from the ledger; and whether one may follow another.

use std::{collections::HashMap, time::Duration};

use clerk_webhooks_testbed::ledger::{Entry, What};

use crate::{
    hits::{Hits, SHOWING_LIFE, after},
    policy::shortest_pause,
};

/// One run of a handler for a message.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) process: u32,
    task: Option<u64>,
    pub(crate) attempt: u32,
    /// Microseconds since 1970.
    pub(crate) began_at: u64,
    end: Option<(u64, End)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum End {
    Done,
    Failed,
}

/// The runs of each message, in the order of their beginning.
#[derive(Default)]
pub(crate) struct History {
    runs: HashMap<String, Vec<Run>>,
    /// When each worker showed in the ledger that it runs.
    pulses: HashMap<u32, Vec<u64>>,
}

/// A worker that stands still for so long may lose a lease of five seconds, which it extends each quarter.
const STILL: Duration = Duration::from_millis(3_000);

impl History {
    pub(crate) fn of(entries: &[Entry]) -> Self {
        let mut history = Self::default();
        entries.iter().for_each(|entry| history.note(entry));
        history
    }

    fn note(&mut self, entry: &Entry) {
        let end = match entry.what {
            What::Pulse => {
                return self.pulses.entry(entry.process).or_default().push(entry.at);
            }
            What::Began { attempt } => {
                let runs = self.runs.entry(entry.message_id.clone()).or_default();
                return runs.push(Run::began(entry, attempt));
            }
            What::Ended => End::Done,
            What::Failed => End::Failed,
            _ => return,
        };
        let runs = self.runs.get_mut(&entry.message_id);
        let run = runs
            .into_iter()
            .flatten()
            .find(|run| run.process == entry.process && run.task == entry.task);
        run.expect("it began first").end = Some((entry.at, end));
    }

    pub(crate) fn messages(&self) -> impl Iterator<Item = &String> {
        self.runs.keys()
    }

    pub(crate) fn runs(&self, message_id: &str) -> &[Run] {
        self.runs.get(message_id).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Run> {
        self.runs.values().flatten()
    }

    /// How often a message was processed to its end after it had been already.
    pub(crate) fn doubles(&self) -> usize {
        let done = |runs: &Vec<Run>| runs.iter().filter(|run| run.is(End::Done)).count();
        self.runs
            .values()
            .map(|runs| done(runs).saturating_sub(1))
            .sum()
    }

    /// Whether the worker of this run stood still before the next one began: it was taken for dead while it
    /// lived.
    pub(crate) fn is_overtaken(&self, run: &Run, next: &Run) -> bool {
        let pulses = self.pulses.get(&run.process);
        let mut between = pulses.into_iter().flat_map(|pulses| pulses.windows(2));
        between.any(|pulses| {
            let (from, to) = (pulses[0], pulses[1]);
            let stood_still = Duration::from_micros(to - from) >= STILL;
            stood_still && from <= next.began_at && run.began_at <= after(to, SHOWING_LIFE)
        })
    }

    /// The pauses between runs that failed and the next, by the attempt that failed; of those that were not
    /// cut off.
    pub(crate) fn pauses(&self, hits: &Hits) -> HashMap<u32, Vec<Duration>> {
        let mut pauses: HashMap<_, Vec<_>> = HashMap::new();
        for pair in self.runs.values().flat_map(|runs| runs.windows(2)) {
            if let Some(pause) = pair[0]
                .pause_before(&pair[1])
                .filter(|_| !hits.cut_off(&pair[0]))
            {
                pauses.entry(pair[0].attempt).or_default().push(pause);
            }
        }
        pauses
    }
}

impl Run {
    fn began(entry: &Entry, attempt: u32) -> Self {
        Self {
            process: entry.process,
            task: entry.task,
            attempt,
            began_at: entry.at,
            end: None,
        }
    }

    pub(crate) fn ended_at(&self) -> Option<u64> {
        self.end.map(|(at, _)| at)
    }

    pub(crate) fn is(&self, end: End) -> bool {
        self.end.is_some_and(|(_, its)| its == end)
    }

    pub(crate) fn is_cut_off(&self) -> bool {
        self.end.is_none()
    }

    /// Why the run after this one should not have been, if so.
    pub(crate) fn fault_before(&self, next: &Self, permanent: bool, hits: &Hits) -> Option<String> {
        let fault = |text: &str| Some(text.to_owned());
        if next.attempt <= self.attempt {
            return fault("the attempts are not counted");
        }
        if hits.cut_off(self) {
            return None;
        }
        match self.pause_before(next) {
            None => fault("the next began before its end, though nothing was hit"),
            Some(_) if self.is(End::Done) => {
                fault("it was done, and nothing was hit before the next")
            }
            Some(_) if permanent => fault("it failed for good, and ran again"),
            Some(pause) => {
                let shortest = shortest_pause(self.attempt);
                let text = format!("{pause:?} is too short, less than {shortest:?}");
                (pause < shortest).then_some(text)
            }
        }
    }

    /// None when this had not ended by then.
    fn pause_before(&self, next: &Self) -> Option<Duration> {
        let pause = next.began_at.checked_sub(self.ended_at()?)?;
        Some(Duration::from_micros(pause))
    }

    /// Whether runs between this and the next were counted though no handler began: those were leased to a
    /// worker that was killed.
    pub(crate) fn skips_without_a_hit(&self, next: &Self, hits: &Hits) -> bool {
        next.attempt > self.attempt + 1 && !hits.any_between(self.began_at, next.began_at)
    }
}
