//! The runs of each message, told from the ledger; and why one came after another's effect.

use std::{collections::HashMap, time::Duration};

use clerk_webhooks_testbed::ledger::{Entry, What};

/// One claim of a message, and what came of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Run {
    process: u32,
    claimed_at: u64,
    /// When the claim, or its last extension, was asked for: the lease began no earlier.
    renewed_at: u64,
    had_effect: bool,
    failed: bool,
    settled: bool,
}

pub(crate) struct History {
    runs: HashMap<String, Vec<Run>>,
    store_failures: Vec<String>,
}

impl History {
    pub(crate) fn of(entries: &[Entry]) -> Self {
        let mut history = Self {
            runs: HashMap::new(),
            store_failures: Vec::new(),
        };
        entries.iter().for_each(|entry| history.note(entry));
        history
    }

    fn note(&mut self, entry: &Entry) {
        let runs = self.runs.entry(entry.message_id.clone()).or_default();
        match &entry.what {
            What::Claimed { asked_at } => runs.push(Run {
                process: entry.process,
                claimed_at: entry.at,
                renewed_at: *asked_at,
                ..Run::default()
            }),
            What::StoreFailed { error } => self.store_failures.push(error.clone()),
            what => {
                let mut newest_first = runs.iter_mut().rev();
                let its = newest_first.find(|run| run.process == entry.process);
                its.expect("a claim comes first").note(what);
            }
        }
    }

    pub(crate) fn store_failures(&self) -> &[String] {
        &self.store_failures
    }

    pub(crate) fn runs(&self) -> usize {
        self.all().count()
    }

    pub(crate) fn failed(&self) -> usize {
        self.all().filter(|run| run.failed).count()
    }

    /// Neither completed nor released.
    pub(crate) fn cut_off(&self) -> usize {
        self.all().filter(|run| !run.settled).count()
    }

    fn all(&self) -> impl Iterator<Item = &Run> {
        self.runs.values().flatten()
    }

    /// The runs of this message that had their effect.
    pub(crate) fn effects(&self, message_id: &str) -> impl Iterator<Item = &Run> {
        let runs = self.runs.get(message_id).into_iter().flatten();
        runs.filter(|run| run.had_effect)
    }

    /// Pairs of effects of which the second has another reason than this: the lease of the first ran out,
    /// after its process was killed.
    pub(crate) fn unexplained(
        &self,
        message_id: &str,
        lease: Duration,
        killed: &[u32],
    ) -> Vec<(Run, Run)> {
        let effects: Vec<_> = self.effects(message_id).cloned().collect();
        let pairs = effects
            .windows(2)
            .map(|two| (two[0].clone(), two[1].clone()));
        pairs
            .filter(|(first, second)| {
                let ran_out = first.renewed_at + lease.as_micros() as u64 <= second.claimed_at;
                let was_killed = killed.contains(&first.process) && !first.settled;
                !(ran_out && was_killed)
            })
            .collect()
    }
}

impl Run {
    fn note(&mut self, what: &What) {
        match what {
            What::Extended { asked_at } => self.renewed_at = *asked_at,
            What::Effect => self.had_effect = true,
            What::Failed => self.failed = true,
            What::Completed | What::Released => self.settled = true,
            What::Claimed { .. }
            | What::LeaseLost
            | What::StoreFailed { .. }
            | What::Started
            | What::Ended => {}
        }
    }
}
