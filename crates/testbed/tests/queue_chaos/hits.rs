//! Servers, workers and engines are killed while they work, and started again.

use std::{
    fmt,
    time::{Duration, Instant},
};

use clerk_webhooks_testbed::{
    kills,
    ledger::now,
    process::Process,
    sender::{InFlight, Report},
};
use fastrand::Rng;
use tokio::{task::JoinHandle, time::sleep};

use crate::{
    cluster,
    history::Run,
    site::Site,
    support::{report, site::Engine},
};

const ENOUGH_KILLS: usize = 5;
const ENOUGH_RESTARTS: usize = 2;
/// Every target gets its turn, until enough of it were hit and then all; the victims and the moments are
/// random.
const TURNS: [Target; 5] = [
    Target::Worker,
    Target::Server,
    Target::Worker,
    Target::Server,
    Target::Engine,
];

/// How long after a handler's end its note may still be on its way.
const NOTING: Duration = Duration::from_secs(2);
/// A pool or a client takes its time to find an engine that was down.
const CONNECTING: Duration = Duration::from_secs(5);
/// How long after it stood still a worker may not have shown yet that it lives.
pub(crate) const SHOWING_LIFE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    Server,
    Worker,
    /// Postgres is killed and restarted, and one NATS server; SQLite is all processes down and up again on the same
    /// file.
    Engine,
}

/// A kill, and the start after it.
#[derive(Debug)]
pub(crate) struct Hit {
    target: Target,
    /// Those that were killed.
    processes: Vec<u32>,
    /// Microseconds since 1970: before the kill, and when the engine was up again.
    from: u64,
    to: u64,
    /// Handlers that ran in a worker; requests that a server held; either, for an engine.
    in_flight: usize,
    /// Handlers of the killed workers that were in the transaction that completes their event.
    in_transaction: usize,
}

#[derive(Debug)]
pub(crate) struct Hits {
    hits: Vec<Hit>,
    /// How many transactions have to be cut off.
    enough_transactions: usize,
}

impl Hits {
    pub(crate) fn none_of(engine: &Engine) -> Self {
        Self {
            hits: Vec::new(),
            enough_transactions: usize::from(engine.is_database()),
        }
    }

    /// Kills in turn for so long, and until enough were hit; at the longest until everything is delivered.
    pub(crate) async fn hit(
        &mut self,
        duration: Duration,
        site: &mut Site,
        delivering: &JoinHandle<Report>,
        requests: &InFlight,
        mut rng: Rng,
    ) {
        let start = Instant::now();
        let mut turns = TURNS.into_iter().cycle();
        while (start.elapsed() < duration || !self.are_enough()) && !delivering.is_finished() {
            sleep(kills::pause(duration / 2, &mut rng)).await;
            let is_due = |target: &Target| self.are_enough() || !self.are_enough_of(*target);
            let hit = match turns.find(is_due).unwrap() {
                Target::Worker => hit_worker(site, requests, &mut rng).await,
                Target::Server => hit_server(site, requests, &mut rng).await,
                Target::Engine => hit_engine(site, requests, &mut rng).await,
            };
            self.hits.push(hit);
        }
    }

    /// How often this was killed. A kill that hit nothing does not count.
    pub(crate) fn counted(&self, target: Target) -> usize {
        let counts = |hit: &&Hit| hit.target == target && hit.in_flight > 0;
        self.hits.iter().filter(counts).count()
    }

    pub(crate) fn are_enough(&self) -> bool {
        TURNS.into_iter().all(|target| self.are_enough_of(target))
    }

    /// How many transactions were cut off.
    pub(crate) fn in_transaction(&self) -> usize {
        self.hits.iter().map(|hit| hit.in_transaction).sum()
    }

    fn are_enough_of(&self, target: Target) -> bool {
        let enough = match target {
            Target::Server | Target::Worker => ENOUGH_KILLS,
            Target::Engine => ENOUGH_RESTARTS,
        };
        let is_enough = self.counted(target) >= enough;
        is_enough && (target != Target::Worker || self.in_transaction() >= self.enough_transactions)
    }

    /// Whether the end of this run may not have been noted: its process was killed before it could be. A
    /// restart of Postgres is no excuse.
    pub(crate) fn cut_off(&self, run: &Run) -> bool {
        let noted_at = run.ended_at().map_or(u64::MAX, |at| self.noted_at(at));
        self.hits.iter().any(|hit| hit.cuts_off(run, noted_at))
    }

    /// When the end of a run that ended then has been noted.
    fn noted_at(&self, ended_at: u64) -> u64 {
        let soon = after(ended_at, NOTING);
        let outages = self.hits.iter().filter(|hit| hit.processes.is_empty());
        let in_between = outages.filter(|outage| outage.from <= soon && ended_at <= outage.to);
        let later = in_between.map(|outage| after(outage.to, CONNECTING));
        later.fold(soon, u64::max)
    }

    /// Whether a worker was killed between these times.
    pub(crate) fn any_between(&self, from: u64, to: u64) -> bool {
        let is_between = |hit: &Hit| from <= hit.to && hit.from <= to;
        let of_workers = |hit: &&Hit| hit.target != Target::Server && !hit.processes.is_empty();
        self.hits.iter().filter(of_workers).any(is_between)
    }
}

impl Hit {
    fn cuts_off(&self, run: &Run, noted_at: u64) -> bool {
        let is_hit = self.from <= noted_at && run.began_at <= self.to;
        is_hit && self.processes.contains(&run.process)
    }
}

pub(crate) fn after(at: u64, time: Duration) -> u64 {
    at + u64::try_from(time.as_micros()).unwrap()
}

impl fmt::Display for Hits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} kills of workers, {} of servers, {} restarts of the engine, all with work in flight; {} at 0; \
             {} transactions were cut off",
            self.counted(Target::Worker),
            self.counted(Target::Server),
            self.counted(Target::Engine),
            self.hits.iter().filter(|hit| hit.in_flight == 0).count(),
            self.in_transaction(),
        )
    }
}

async fn hit_worker(site: &mut Site, requests: &InFlight, rng: &mut Rng) -> Hit {
    let worker = rng.usize(..site.workers.len());
    let process = site.workers[worker].id().unwrap();
    if !site.engine.is_database() || rng.u8(..3) == 0 {
        let running = || site.ledger.running(process);
        kills::until_busy(rng.usize(1..=4), running).await.unwrap();
    } else {
        let in_transaction = || site.ledger.in_transaction(process);
        kills::until_busy(1, in_transaction).await.unwrap();
        sleep(Duration::from_millis(rng.u64(0..=5))).await;
    }
    let from = now();
    site.workers[worker].kill().unwrap();
    let to = now();
    let in_flight = site.ledger.running(process).unwrap();
    let in_transaction = site.ledger.in_transaction(process).unwrap();
    say(&format!("worker {worker}"), in_flight, site, requests);
    site.workers[worker].start_again().unwrap();
    Hit {
        target: Target::Worker,
        processes: vec![process],
        from,
        to,
        in_flight,
        in_transaction,
    }
}

async fn hit_server(site: &mut Site, requests: &InFlight, rng: &mut Rng) -> Hit {
    let server = rng.usize(..site.servers.len());
    let address = site.servers[server].address();
    let held = || Ok(requests.at(address));
    kills::until_busy(rng.usize(1..=2), held).await.unwrap();
    let process = site.servers[server].id().unwrap();
    let (from, in_flight) = (now(), requests.at(address));
    site.servers[server].kill().unwrap();
    let to = now();
    say(&format!("server {server}"), in_flight, site, requests);
    site.servers[server].serve_again().await.unwrap();
    Hit {
        target: Target::Server,
        processes: vec![process],
        from,
        to,
        in_flight,
        in_transaction: 0,
    }
}

async fn hit_engine(site: &mut Site, requests: &InFlight, rng: &mut Rng) -> Hit {
    let running = || Ok(site.running());
    kills::until_busy(1, running).await.unwrap();
    let workers: Vec<_> = site.workers.iter().flat_map(Process::id).collect();
    let (from, held) = (now(), requests.total());
    let node = match &site.engine {
        Engine::Nats(nats) => rng.usize(..nats.nodes()),
        _ => 0,
    };
    let processes = take_down(site, node);
    let (mut in_flight, mut in_transaction) = (held, 0);
    for worker in workers {
        in_flight += site.ledger.running(worker).unwrap();
        in_transaction += site.ledger.in_transaction(worker).unwrap();
    }
    say("the engine", in_flight, site, requests);
    bring_up(site, node).await;
    let to = now();
    let outage = Duration::from_micros(to - from);
    report(format_args!("the engine is up again after {outage:.1?}"));
    Hit {
        target: Target::Engine,
        processes,
        from,
        to,
        in_flight,
        in_transaction,
    }
}

/// The processes of ours that went with it.
fn take_down(site: &mut Site, node: usize) -> Vec<u32> {
    match &mut site.engine {
        Engine::Postgres(postgres) => postgres.kill().unwrap(),
        Engine::Nats(nats) => nats.kill(node).unwrap(),
        _ => return take_down_processes(site),
    }
    Vec::new()
}

fn take_down_processes(site: &mut Site) -> Vec<u32> {
    let processes = site.servers.iter_mut().chain(&mut site.workers);
    processes
        .map(|process| {
            let id = process.id().unwrap();
            process.kill().unwrap();
            id
        })
        .collect()
}

async fn bring_up(site: &mut Site, node: usize) {
    match &mut site.engine {
        Engine::Postgres(postgres) => return postgres.restart().await.unwrap(),
        Engine::Nats(nats) if nats.nodes() == 1 => return nats.restart(node).await.unwrap(),
        Engine::Nats(nats) => return cluster::bring_up(nats, node).await,
        _ => {}
    }
    for worker in &mut site.workers {
        worker.start_again().unwrap();
    }
    for server in &mut site.servers {
        server.serve_again().await.unwrap();
    }
}

fn say(what: &str, in_flight: usize, site: &mut Site, requests: &InFlight) {
    report(format_args!(
        "killed {what} with {in_flight} in flight; in all {} events in the queue without an end, {} handlers \
         and {} requests under way",
        site.unprocessed(),
        site.running(),
        requests.total(),
    ));
}
