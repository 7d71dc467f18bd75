//! Several servers and workers on one queue.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant, SystemTime},
};

use clerk_webhooks_nats::{Streams, open_nats};
use clerk_webhooks_sqlx::{open_postgres, open_sqlite, queue::Queue};
use clerk_webhooks_testbed::{
    Error,
    ledger::{LedgerReader, What},
    process::{Process, Program},
    queue::{TestedDeadLetter as _, TestedQueue},
    sender::Sender,
};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::{
    policy,
    support::{
        report,
        site::{Engine, Kind, SECRET, sender},
    },
};

const SERVERS: usize = 2;
const WORKERS: usize = 2;
pub(crate) const LEASE: Duration = Duration::from_secs(5);
/// As the program calls it.
pub(crate) const NAME: &str = "testbed";

/// Far beyond what a loaded machine takes; only a test that fails waits so long.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Site {
    // Dropped in this order: who uses something before what is used.
    pub(crate) servers: Vec<Process>,
    pub(crate) workers: Vec<Process>,
    pub(crate) engine: Engine,
    pub(crate) ledger: LedgerReader,
    folder: TempDir,
    max_attempts: u32,
}

impl Site {
    pub(crate) async fn start(kind: Kind) -> Self {
        let mut site = Self::without_workers(kind, policy::MAX_ATTEMPTS).await;
        site.start_workers(WORKERS);
        site
    }

    pub(crate) async fn without_workers(kind: Kind, max_attempts: u32) -> Self {
        let mut site = Self::empty(kind, max_attempts).await;
        site.start_servers().await;
        site
    }

    /// The engine alone, with an empty database.
    pub(crate) async fn empty(kind: Kind, max_attempts: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            servers: Vec::new(),
            workers: Vec::new(),
            engine: Engine::start(kind, &folder).await,
            ledger: LedgerReader::open(folder.path().join("ledger")).unwrap(),
            folder,
            max_attempts,
        }
    }

    pub(crate) async fn start_servers(&mut self) {
        for _ in 0..SERVERS {
            let server = self.program("server").serve().await;
            self.servers.push(server.unwrap());
        }
    }

    pub(crate) fn start_workers(&mut self, workers: usize) {
        for _ in 0..workers {
            self.workers.push(self.program("worker").start().unwrap());
        }
    }

    fn program(&self, role: &str) -> Program {
        let milliseconds = |time: Duration| time.as_millis().to_string();
        Program::new(env!("CARGO_BIN_EXE_queue-server"))
            .arg(role)
            // Panics are a part of it.
            .env("RUST_BACKTRACE", "0")
            .env("CLERK_WEBHOOK_SIGNING_SECRET", SECRET)
            .env("QUEUE_URL", self.engine.url())
            .env("LEDGER", self.folder.path())
            .env("MAX_ATTEMPTS", self.max_attempts.to_string())
            .env("FIRST_PAUSE_MS", milliseconds(policy::FIRST_PAUSE))
            .env("LONGEST_PAUSE_MS", milliseconds(policy::LONGEST_PAUSE))
            .env("LEASE_MS", milliseconds(LEASE))
    }

    /// To a random server each time.
    pub(crate) fn sender(&self, seed: u64) -> Sender {
        sender(seed, &self.servers)
    }

    /// How many handlers the workers are running.
    pub(crate) fn running(&mut self) -> usize {
        let workers: Vec<_> = self.workers.iter().flat_map(Process::id).collect();
        let running = |worker| self.ledger.running(worker).unwrap();
        workers.into_iter().map(running).sum()
    }

    /// How many events are in the queue and whose handler has not come to its end; the dead are
    /// among them.
    pub(crate) fn unprocessed(&mut self) -> usize {
        self.unprocessed_except(&HashMap::new())
    }

    fn unprocessed_except(&mut self, dead: &HashMap<String, Letter>) -> usize {
        let mut open = HashSet::new();
        let entries = self.ledger.entries().unwrap();
        for entry in entries {
            if entry.what == What::Enqueued {
                open.insert(&entry.message_id);
            }
        }
        for entry in entries {
            if entry.what == What::Ended {
                open.remove(&entry.message_id);
            }
        }
        open.retain(|message_id| !dead.contains_key(*message_id));
        open.len()
    }

    /// What the processes have printed: their logs.
    pub(crate) fn logs(&self) -> String {
        let processes = self.servers.iter().chain(&self.workers);
        let logs = processes.map(|process| process.printed().unwrap());
        logs.collect()
    }

    /// Waits until no event is left to process: the dead letters then, by message. Workers that end meanwhile
    /// are started again, as a service manager would.
    pub(crate) async fn settle(&mut self) -> HashMap<String, Letter> {
        let start = Instant::now();
        let (mut written, mut last_written) = (0, start);
        loop {
            let (counted, dead_letters) = self.state().await;
            if self.written() > written {
                (written, last_written) = (self.written(), Instant::now());
            }
            if self.is_settled(counted, &dead_letters, last_written.elapsed()) {
                return dead_letters;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "left unprocessed: {counted} events\n{}",
                self.logs()
            );
            for worker in &mut self.workers {
                if worker.has_ended().unwrap() {
                    worker.start_again().unwrap();
                }
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// How much the ledger holds beside signs of life.
    fn written(&mut self) -> usize {
        let entries = self.ledger.entries().unwrap().iter();
        entries.filter(|entry| entry.what != What::Pulse).count()
    }

    /// After a kill, NATS may count events that are done, and not count some that are not. So the ledger tells too, and
    /// how long nothing more happens: longer than a lease, or than a cluster needs to elect its leaders.
    fn is_settled(
        &mut self,
        counted: u64,
        dead: &HashMap<String, Letter>,
        quiet_for: Duration,
    ) -> bool {
        let Engine::Nats(_) = self.engine else {
            return counted == 0;
        };
        let open = self.unprocessed_except(dead);
        let is_settled = match (counted, open) {
            (0, 0) => return true,
            (_, 0) => quiet_for > LEASE * 2,
            _ => quiet_for > LEASE * 8,
        };
        if is_settled {
            report(format_args!(
                "nothing happens any more: {open} events have no end, and the server counts {counted}"
            ));
        }
        is_settled
    }

    async fn state(&self) -> (u64, HashMap<String, Letter>) {
        let start = Instant::now();
        loop {
            match self.try_state().await {
                Ok(state) => return state,
                // A cluster may be electing a leader.
                Err(error) if start.elapsed() < PATIENCE => report(error),
                Err(error) => panic!("{error}"),
            }
            sleep(Duration::from_secs(1)).await;
        }
    }

    async fn try_state(&self) -> Result<(u64, HashMap<String, Letter>), Error> {
        let url = self.engine.url();
        match &self.engine {
            Engine::Sqlite(path) => {
                let pool = open_sqlite(path).await?;
                state(&Queue::new(&pool, NAME).await?).await
            }
            Engine::Postgres(_) => {
                let pool = open_postgres(&url).await?;
                state(&Queue::new(&pool, NAME).await?).await
            }
            Engine::Nats(_) => {
                let streams = Streams::new(open_nats(&url).await?);
                let queue = clerk_webhooks_nats::queue::Queue::new(&streams, NAME).await;
                state(&queue?).await
            }
            Engine::Redis(_) => unreachable!("there is no queue on Redis"),
        }
    }
}

/// A dead letter of any engine.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) attempts: u32,
    pub(crate) crashes: u32,
    pub(crate) error: String,
    pub(crate) died_at: SystemTime,
}

/// How many events have no end, and the dead letters.
async fn state<Q: TestedQueue>(queue: &Q) -> Result<(u64, HashMap<String, Letter>), Error> {
    let [waiting, running, dead] = queue.counts().await?;
    let letters = queue.dead_letters(None, u32::MAX >> 1).await?;
    let unfinished = waiting + running;
    if unfinished == 0 {
        assert_eq!(u64::try_from(letters.len()).unwrap(), dead);
    }
    let by_message = |letter: Q::DeadLetter| {
        let common = Letter {
            attempts: letter.attempts(),
            crashes: letter.crashes(),
            error: letter.error().to_owned(),
            died_at: letter.died_at(),
        };
        (letter.message_id().to_owned(), common)
    };
    Ok((unfinished, letters.into_iter().map(by_message).collect()))
}
