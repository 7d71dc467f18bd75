//! Servers are killed while they work, and every message's effect still happens: at least once, and
//! exactly once in the transaction of the inbox.
//!
//! ```sh
//! cargo test -p clerk-webhooks-testbed --test chaos -- --include-ignored
//! CHAOS_SEED=7 CHAOS_MESSAGES=2000 cargo test -p clerk-webhooks-testbed --test chaos postgres -- --include-ignored
//! ```

mod history;
#[path = "../support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use clerk_webhooks_testbed::{
    job::{Failure, Job},
    kills, number_from_env, seed_from_env,
    sender::{InFlight, Redelivery, Report, Schedule},
};
use fastrand::Rng;
use history::{History, Reason};
use support::{
    report,
    site::{Kind, LEASE, Site},
};
use tokio::{task::JoinHandle, time::sleep};

const SERVERS: usize = 3;
/// One message starts every so often, on average.
const PACE: Duration = Duration::from_millis(30);
const ENOUGH_KILLS: usize = 5;
/// More than Svix makes: a dead server's lease lasts 100 minutes of the sender's time here, in which three
/// retries are answered 409; another kill and three failures of the handler would use up the rest.
const ATTEMPTS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_on_sqlite_while_servers_are_killed() {
    chaos(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts its own Postgres: run it where PostgreSQL is installed"]
async fn nothing_is_lost_on_postgres_while_servers_are_killed() {
    chaos(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts its own Redis: run it where Redis is installed"]
async fn nothing_is_lost_on_redis_while_servers_are_killed() {
    chaos(Kind::Redis).await;
}

async fn chaos(kind: Kind) {
    let seed = seed_from_env("CHAOS_SEED").unwrap();
    let count = number_from_env("CHAOS_MESSAGES", 200).unwrap();
    report(format_args!(
        "{kind:?}: CHAOS_SEED={seed} CHAOS_MESSAGES={count}"
    ));
    let mut site = Site::start(kind, SERVERS).await;
    let started = Instant::now();
    let spread = PACE * count;
    let mut rng = Rng::with_seed(seed);
    let jobs: Vec<_> = (0..count).map(|_| job(&mut rng)).collect();
    let messages = Job::messages(seed, &jobs).unwrap();
    let ids: Vec<_> = messages
        .iter()
        .map(|message| message.id().to_owned())
        .collect();
    // As fast as the lease lets it be: the fourth retry comes 2.4 s after the third.
    let sender = site
        .sender(seed)
        .with_schedule(Schedule::svix(3_000).with_attempts(ATTEMPTS))
        .with_redelivery(Redelivery::times(1..=5))
        .with_spread(spread)
        .with_concurrency(32);
    let in_flight = sender.in_flight();
    let delivering = tokio::spawn(async move { sender.deliver(messages).await });
    let rng = Rng::with_seed(seed);
    let kills = kill_servers(spread, &mut site, &delivering, &in_flight, rng).await;
    let delivered = delivering.await.unwrap();
    report(format_args!(
        "{kind:?}: {:.1?}, {delivered}",
        started.elapsed()
    ));
    assert_held(kind, &mut site, &ids, &kills, &delivered).await;
}

fn job(rng: &mut Rng) -> Job {
    Job {
        work: Duration::from_millis(rng.u64(20..=120)),
        failures: (0..rng.u8(0..=3)).map(|_| Failure::passing(rng)).collect(),
        waits: false,
        in_database: true,
    }
}

struct Kill {
    process: u32,
    /// How many handlers it was running.
    running: usize,
}

/// Kills one server after the other while it runs handlers, and starts it again: for so long, and until
/// enough were hit.
async fn kill_servers(
    duration: Duration,
    site: &mut Site,
    delivering: &JoinHandle<Report>,
    in_flight: &InFlight,
    mut rng: Rng,
) -> Vec<Kill> {
    let (start, mut kills) = (Instant::now(), Vec::new());
    let goes_on = |kills: &[Kill]| start.elapsed() < duration || counted(kills) < ENOUGH_KILLS;
    while goes_on(&kills) && !delivering.is_finished() {
        sleep(kills::pause(duration, &mut rng)).await;
        let server = rng.usize(..SERVERS);
        let process = site.servers[server].id().unwrap();
        let running = || site.ledger.running(process);
        kills::until_busy(rng.usize(1..=4), running).await.unwrap();
        let requests = in_flight.at(site.servers[server].address());
        site.servers[server].kill().unwrap();
        let running = site.ledger.running(process).unwrap();
        site.servers[server].serve_again().await.unwrap();
        report(format_args!(
            "killed server {server} (process {process}): {running} handlers were running, \
             {requests} requests in flight"
        ));
        kills.push(Kill { process, running });
    }
    kills
}

/// A kill that hit nothing does not count.
fn counted(kills: &[Kill]) -> usize {
    kills.iter().filter(|kill| kill.running > 0).count()
}

async fn assert_held(
    kind: Kind,
    site: &mut Site,
    ids: &[String],
    kills: &[Kill],
    delivered: &Report,
) {
    assert!(delivered.not_delivered().next().is_none(), "{delivered}");
    let counted = counted(kills);
    assert!(
        counted >= ENOUGH_KILLS,
        "only {counted} kills hit a running handler"
    );

    let history = History::of(site.entries());
    let has_none = |id: &&String| history.effects(id).next().is_none();
    let lost: Vec<_> = ids.iter().filter(has_none).collect();
    assert!(lost.is_empty(), "without an effect: {lost:?}");
    if !matches!(kind, Kind::Redis) {
        assert_exactly_once_in_database(site, ids).await;
    }
    assert_doubles_explained(kind, &history, ids, kills);
}

async fn assert_exactly_once_in_database(site: &Site, ids: &[String]) {
    let effects = site.engine.effects().await;
    let other = |id: &&String| effects.get(*id) != Some(&1);
    let others: Vec<_> = ids.iter().filter(other).collect();
    assert!(others.is_empty(), "not once in the inbox: {others:?}");
    assert_eq!(effects.len(), ids.len());
}

fn assert_doubles_explained(kind: Kind, history: &History, ids: &[String], kills: &[Kill]) {
    let killed: Vec<_> = kills.iter().map(|kill| kill.process).collect();
    let doubles: Vec<_> = ids
        .iter()
        .flat_map(|id| history.doubles(id, LEASE, &killed))
        .collect();
    let because = |reason| doubles.iter().filter(|double| double.0 == reason).count();
    report(format_args!(
        "{kind:?}: {} messages, {} kills with handlers running; {} runs, of which {} failed and {} were cut \
         off; {} second effects outside of the inbox: {} after a kill, {} after a lease that ran out \
         otherwise; {} failures of the store",
        ids.len(),
        counted(kills),
        history.runs(),
        history.failed(),
        history.cut_off(),
        doubles.len(),
        because(Reason::Killed),
        because(Reason::Overtaken),
        history.store_failures().len(),
    ));
    assert_eq!(because(Reason::Unknown), 0, "{doubles:#?}");
}
