//! What became of everything that was sent.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clerk_webhooks_testbed::{
    job::{Failure, Job},
    sender::{Report, Verdict as Delivered},
};

use crate::{
    history::{End, History, Run},
    hits::Hits,
    policy::MAX_ATTEMPTS,
    site::{Letter, Site},
    support::site::Engine,
};

/// What became of everything; its text is what there is to report.
pub(crate) struct Verdict<'a> {
    sent: &'a HashMap<String, Job>,
    acknowledged: HashSet<&'a str>,
    history: History,
    dead: &'a HashMap<String, Letter>,
    effects: &'a HashMap<String, i64>,
    hits: &'a Hits,
    delivered: &'a Report,
    /// Whether the engine counts attempts, pauses and ends exactly. NATS does not when it is killed: then only what is
    /// lost is a fault.
    is_exact: bool,
    logs: String,
}

impl<'a> Verdict<'a> {
    pub(crate) fn new(
        site: &mut Site,
        sent: &'a HashMap<String, Job>,
        delivered: &'a Report,
        dead: &'a HashMap<String, Letter>,
        effects: &'a HashMap<String, i64>,
        hits: &'a Hits,
    ) -> Self {
        let deliveries = delivered.deliveries.iter();
        let acknowledged = deliveries.filter(|delivery| delivery.verdict == Delivered::Delivered);
        Self {
            sent,
            acknowledged: acknowledged.map(|delivery| &*delivery.message_id).collect(),
            history: History::of(site.ledger.entries().unwrap()),
            dead,
            effects,
            hits,
            delivered,
            is_exact: !matches!(site.engine, Engine::Nats(_)),
            logs: site.logs(),
        }
    }

    pub(crate) fn assert_held(&self) {
        let not_delivered = self.delivered.not_delivered().next();
        assert!(not_delivered.is_none(), "{}", self.delivered);
        assert!(self.hits.are_enough(), "too few kills: {}", self.hits);
        let never_sent = |id: &&String| !self.sent.contains_key(*id);
        let known = self.history.messages().chain(self.dead.keys());
        let known = known.chain(self.effects.keys());
        let invented: Vec<_> = known.filter(never_sent).collect();
        assert!(invented.is_empty(), "never sent: {invented:?}");

        let faults = self.faults();
        let faults_text = faults.join("\n");
        assert!(
            faults.is_empty(),
            "{faults_text}\n{:#?}\n{}",
            self.hits,
            self.logs
        );
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (id, job) in self.sent {
            let found = self.faults_of(id, job);
            if !found.is_empty() {
                let (runs, dead) = (self.history.runs(id), self.dead.get(id));
                faults.push(format!("{id}: {found:?}\n{job:?}\n{runs:#?}\n{dead:?}"));
            }
        }
        faults
    }

    /// Those that were acknowledged, or should have been, and have no end.
    pub(crate) fn lost(&self) -> Vec<&str> {
        let ids = self.sent.keys().map(String::as_str);
        ids.filter(|id| self.loss_of(id).is_some()).collect()
    }

    fn faults_of(&self, id: &str, job: &Job) -> Vec<String> {
        let mut faults = Vec::from_iter(self.loss_of(id));
        if self.is_exact {
            faults.extend(self.inexactness_of(id, job));
        }
        faults
    }

    fn loss_of(&self, id: &str) -> Option<String> {
        if !self.acknowledged.contains(id) {
            return Some("not acknowledged".to_owned());
        }
        let has_ended = self.dead.contains_key(id)
            || self
                .history
                .runs(id)
                .iter()
                .any(|run| self.is_done(id, run));
        (!has_ended).then(|| "lost".to_owned())
    }

    /// Its worker may have been killed after the commit.
    fn is_done(&self, id: &str, run: &Run) -> bool {
        run.is(End::Done) || self.effects.contains_key(id)
    }

    fn inexactness_of(&self, id: &str, job: &Job) -> Vec<String> {
        let runs = self.history.runs(id);
        let mut faults = Vec::from_iter(self.fault_of_end(id, job));
        faults.extend(self.fault_of_effect(id, job));
        if runs.iter().any(|run| run.attempt > MAX_ATTEMPTS) {
            faults.push("too many attempts".to_owned());
        }
        if job.in_database && runs.windows(2).any(|pair| pair[0].is(End::Done)) {
            faults.push("it ran again after its transaction".to_owned());
        }
        let skips = |pair: &[Run]| pair[0].skips_without_a_hit(&pair[1], self.hits);
        if runs.windows(2).any(skips) {
            faults.push("an attempt was counted that was none".to_owned());
        }
        let wrong = self.wrong_followers(id, job);
        faults.extend(wrong.filter_map(|(fault, is_overtaken)| (!is_overtaken).then_some(fault)));
        faults
    }

    /// Why runs should not have followed the one before, and whether its worker had stood still, which excuses it.
    fn wrong_followers(&self, id: &str, job: &Job) -> impl Iterator<Item = (String, bool)> {
        let permanent = is_permanent(job);
        self.history.runs(id).windows(2).filter_map(move |pair| {
            let fault = pair[0].fault_before(&pair[1], permanent, self.hits)?;
            Some((fault, self.history.is_overtaken(&pair[0], &pair[1])))
        })
    }

    /// What is completed in the transaction of its effect has it exactly once, whatever was hit; a dead letter has
    /// none.
    fn fault_of_effect(&self, id: &str, job: &Job) -> Option<String> {
        let effects = self.effects.get(id).copied().unwrap_or_default();
        let expected = i64::from(job.in_database && !self.dead.contains_key(id));
        (effects != expected).then(|| format!("{effects} effects in the database"))
    }

    fn fault_of_end(&self, id: &str, job: &Job) -> Option<String> {
        let (runs, dead) = (self.history.runs(id), self.dead.get(id));
        match (runs.last(), dead) {
            (Some(last), Some(_)) if self.is_done(id, last) => Some("done, and dead".to_owned()),
            (Some(last), Some(letter)) => fault_of_death(last, letter, job, self.hits),
            (None, Some(letter)) => {
                (letter.attempts != MAX_ATTEMPTS).then(|| "dead without a run".to_owned())
            }
            (_, None) => None,
        }
    }
}

fn is_permanent(job: &Job) -> bool {
    job.failures.first() == Some(&Failure::Permanent)
}

/// Why it should not be dead, or not with so many attempts. The last ones may have begun no handler: they
/// were leased to a worker that was killed.
fn fault_of_death(last: &Run, letter: &Letter, job: &Job, hits: &Hits) -> Option<String> {
    let attempts = letter.attempts;
    let is_as_expected = if is_permanent(job) && last.is(End::Failed) {
        attempts == last.attempt
    } else {
        let died_at = microseconds(letter.died_at + Duration::from_secs(1));
        let had_all = last.attempt == MAX_ATTEMPTS || hits.any_between(last.began_at, died_at);
        attempts == MAX_ATTEMPTS && had_all
    };
    (!is_as_expected).then(|| format!("dead after {attempts} attempts"))
}

/// Since 1970.
fn microseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_micros()).unwrap()
}

impl fmt::Display for Verdict<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |is: fn(&Run) -> bool| self.history.all().filter(|run| is(run)).count();
        let permanent = |id: &&String| is_permanent(&self.sent[*id]);
        writeln!(
            f,
            "{} events acknowledged; {} runs: {} done, {} failed, {} cut off; {} doubles; {} runs \
             were overtaken, since their worker stood still; {} dead letters, {} of them bad for good; {}",
            self.acknowledged.len(),
            self.history.all().count(),
            count(|run| run.is(End::Done)),
            count(|run| run.is(End::Failed)),
            count(Run::is_cut_off),
            self.history.doubles(),
            self.overtaken(),
            self.dead.len(),
            self.dead.keys().filter(permanent).count(),
            self.hits,
        )?;
        write!(f, "  attempts:")?;
        for (attempts, events) in self.attempts() {
            write!(f, " {events} x {attempts},")?;
        }
        let pauses: BTreeMap<_, _> = self.history.pauses(self.hits).into_iter().collect();
        for (attempt, mut pauses) in pauses {
            pauses.sort_unstable();
            let [.., longest] = &*pauses else { continue };
            let (shortest, middle) = (pauses[0], pauses[pauses.len() / 2]);
            write!(
                f,
                "\n  pauses after attempt {attempt}: {shortest:.2?} to {longest:.2?}, half of them up to {middle:.2?}"
            )?;
        }
        Ok(())
    }
}

impl Verdict<'_> {
    /// What would be faults if their worker had not stood still.
    fn overtaken(&self) -> usize {
        let sent = self.sent.iter();
        let wrong = sent.flat_map(|(id, job)| self.wrong_followers(id, job));
        wrong.filter(|(_, is_overtaken)| *is_overtaken).count()
    }

    /// How many events took so many attempts.
    fn attempts(&self) -> BTreeMap<u32, usize> {
        let mut attempts = BTreeMap::new();
        for id in self.sent.keys() {
            let last = self.history.runs(id).iter().map(|run| run.attempt).max();
            *attempts.entry(last.unwrap_or(0)).or_default() += 1;
        }
        attempts
    }
}
