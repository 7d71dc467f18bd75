//! The runs of each message, told from the ledger; and whether one may follow another.

use std::{collections::HashMap, time::Duration};

use clerk_webhooks_testbed::ledger::{Entry, What};

use crate::{hits::Hits, policy::shortest_pause};

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
pub(crate) struct History(HashMap<String, Vec<Run>>);

impl History {
    pub(crate) fn of(entries: &[Entry]) -> Self {
        let mut history = Self::default();
        entries.iter().for_each(|entry| history.note(entry));
        history
    }

    fn note(&mut self, entry: &Entry) {
        let end = match entry.what {
            What::Began { attempt } => {
                let runs = self.0.entry(entry.message_id.clone()).or_default();
                return runs.push(Run::began(entry, attempt));
            }
            What::Ended => End::Done,
            What::Failed => End::Failed,
            _ => return,
        };
        let runs = self.0.get_mut(&entry.message_id);
        let run = runs
            .into_iter()
            .flatten()
            .find(|run| run.process == entry.process && run.task == entry.task);
        run.expect("it began first").end = Some((entry.at, end));
    }

    pub(crate) fn messages(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    pub(crate) fn runs(&self, message_id: &str) -> &[Run] {
        self.0.get(message_id).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Run> {
        self.0.values().flatten()
    }

    /// How often a message was processed to its end after it had been already.
    pub(crate) fn doubles(&self) -> usize {
        let done = |runs: &Vec<Run>| runs.iter().filter(|run| run.is(End::Done)).count();
        self.0
            .values()
            .map(|runs| done(runs).saturating_sub(1))
            .sum()
    }

    /// The pauses between runs that failed and the next, by the attempt that failed; of those that were not
    /// cut off.
    pub(crate) fn pauses(&self, hits: &Hits) -> HashMap<u32, Vec<Duration>> {
        let mut pauses: HashMap<_, Vec<_>> = HashMap::new();
        for pair in self.0.values().flat_map(|runs| runs.windows(2)) {
            if !hits.cut_off(&pair[0]) {
                let pause = pair[1].began_at - pair[0].ended_at().unwrap_or(pair[0].began_at);
                let of_attempt = pauses.entry(pair[0].attempt).or_default();
                of_attempt.push(Duration::from_micros(pause));
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
        match self.end {
            None => fault("it was cut off, though nothing was killed"),
            Some((_, End::Done)) => fault("it was done, and nothing was killed before the next"),
            Some((_, End::Failed)) if permanent => fault("it failed for good, and ran again"),
            Some((at, End::Failed)) => {
                let shortest = shortest_pause(self.attempt);
                let pause = Duration::from_micros(next.began_at - at);
                (pause < shortest)
                    .then(|| format!("{pause:?} is too short, less than {shortest:?}"))
            }
        }
    }

    /// Whether runs between this and the next were counted though no handler began: those were leased to a
    /// worker that was killed.
    pub(crate) fn skips_without_a_hit(&self, next: &Self, hits: &Hits) -> bool {
        next.attempt > self.attempt + 1 && !hits.any_between(self.began_at, next.began_at)
    }
}
