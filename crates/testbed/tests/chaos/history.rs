//! The runs of each message, told from the ledger; and why one came after another's effect.

use std::{collections::HashMap, time::Duration};

use clerk_webhooks_testbed::ledger::{Entry, What};

/// One claim of a message, and what came of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Run {
    process: u32,
    /// The layer's task, that claims, extends and settles.
    task: Option<u64>,
    /// The handler's.
    handler: Option<u64>,
    /// The store took the claim between these two.
    asked_at: u64,
    claimed_at: u64,
    /// When the claim, or its last extension, was asked for: the lease began no earlier.
    renewed_at: u64,
    had_effect: bool,
    failed: bool,
    /// When the store had completed or released it, at the latest.
    settled_at: Option<u64>,
}

/// Why a message had a second effect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reason {
    /// The process of the first was killed, and then its lease ran out.
    Killed,
    /// The lease of the first ran out while it was alive: its store did not answer in time.
    Overtaken,
    /// Neither: a fault.
    Unknown,
}

#[derive(Default)]
pub(crate) struct History {
    runs: HashMap<String, Vec<Run>>,
    store_failures: Vec<String>,
}

impl History {
    pub(crate) fn of(entries: &[Entry]) -> Self {
        let mut history = Self::default();
        entries.iter().for_each(|entry| history.note(entry));
        history
    }

    fn note(&mut self, entry: &Entry) {
        let runs = self.runs.entry(entry.message_id.clone()).or_default();
        match &entry.what {
            What::Claimed { asked_at } => runs.push(Run {
                process: entry.process,
                task: entry.task,
                asked_at: *asked_at,
                claimed_at: entry.at,
                renewed_at: *asked_at,
                ..Run::default()
            }),
            What::StoreFailed { error } => self.store_failures.push(error.clone()),
            _ => match runs.iter_mut().rev().find(|run| run.is_of(entry)) {
                Some(its) => its.note(entry),
                // A claim whose answer got lost was withdrawn.
                None => assert_eq!(entry.what, What::Released, "a claim comes first"),
            },
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
        self.all().filter(|run| run.settled_at.is_none()).count()
    }

    fn all(&self) -> impl Iterator<Item = &Run> {
        self.runs.values().flatten()
    }

    /// The runs of this message that had their effect.
    pub(crate) fn effects(&self, message_id: &str) -> impl Iterator<Item = &Run> {
        let runs = self.runs.get(message_id).into_iter().flatten();
        runs.filter(|run| run.had_effect)
    }

    /// Each effect of this message after its first, with the run before it and the reason.
    pub(crate) fn doubles(
        &self,
        message_id: &str,
        lease: Duration,
        killed: &[u32],
    ) -> Vec<(Reason, Run, Run)> {
        let effects: Vec<_> = self.effects(message_id).collect();
        let pairs = effects.windows(2).map(|pair| (pair[0], pair[1]));
        pairs
            .map(|(first, second)| {
                let reason = second.reason_after(first, lease, killed);
                (reason, first.clone(), second.clone())
            })
            .collect()
    }
}

impl Run {
    /// The handler's task is known from its start on, which follows the claim.
    fn is_of(&self, entry: &Entry) -> bool {
        let task = match entry.what {
            What::Started => return self.process == entry.process && self.handler.is_none(),
            What::Effect | What::Failed | What::Ended => self.handler,
            _ => self.task,
        };
        self.process == entry.process && task == entry.task
    }

    fn note(&mut self, entry: &Entry) {
        match entry.what {
            What::Extended { asked_at } => self.renewed_at = asked_at,
            What::Started => self.handler = entry.task,
            What::Effect => self.had_effect = true,
            What::Failed => self.failed = true,
            What::Completed | What::Released => self.settled_at = Some(entry.at),
            _ => {}
        }
    }

    fn reason_after(&self, first: &Self, lease: Duration, killed: &[u32]) -> Reason {
        let ran_out = u128::from(first.renewed_at) + lease.as_micros();
        let lease_ran_out = ran_out <= u128::from(self.claimed_at);
        let settled = first.settled_at;
        if !lease_ran_out || settled.is_some_and(|settled_at| settled_at <= self.asked_at) {
            Reason::Unknown
        } else if settled.is_none() && killed.contains(&first.process) {
            Reason::Killed
        } else {
            Reason::Overtaken
        }
    }
}
