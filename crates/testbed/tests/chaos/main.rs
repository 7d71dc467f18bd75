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
    number_from_env, seed_from_env,
    sender::{InFlight, Message, Redelivery, Report, Schedule},
};
use fastrand::Rng;
use history::History;
use support::{
    report,
    site::{Kind, LEASE, Site},
};
use tokio::time::sleep;

const SERVERS: usize = 3;
/// One message starts every so often, on average.
const PACE: Duration = Duration::from_millis(35);

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
    let messages = messages(seed, count);
    let ids: Vec<_> = messages
        .iter()
        .map(|message| message.id().to_owned())
        .collect();
    // Twice as fast as usual: each retry but the first few comes after the lease.
    let sender = site
        .sender(seed)
        .with_schedule(Schedule::svix(2_000))
        .with_redelivery(Redelivery::times(1..=5))
        .with_spread(spread)
        .with_concurrency(32);
    let in_flight = sender.in_flight();
    let delivering = tokio::spawn(async move { sender.deliver(messages).await });
    let kills = kill_for(spread, &mut site, &in_flight, Rng::with_seed(seed)).await;
    let delivered = delivering.await.unwrap();
    report(format_args!(
        "{kind:?}: {:.1?}, {delivered}",
        started.elapsed()
    ));
    assert_held(kind, &mut site, &ids, &kills, &delivered).await;
}

fn messages(seed: u64, count: u32) -> Vec<Message> {
    let mut rng = Rng::with_seed(seed);
    let bodies: Vec<_> = (0..count).map(|_| job(&mut rng).body().unwrap()).collect();
    Message::several(seed, bodies.len(), |n| bodies[n].clone())
}

fn job(rng: &mut Rng) -> Job {
    let failure = |rng: &mut Rng| *rng.choice(&[Failure::Error, Failure::Panic]).unwrap();
    Job {
        work: Duration::from_millis(rng.u64(20..=120)),
        failures: (0..rng.u8(0..=3)).map(|_| failure(rng)).collect(),
        waits: false,
        inbox: true,
    }
}

struct Kill {
    process: u32,
    /// How many handlers it was running.
    running: usize,
}

/// Kills one server after the other while it runs a handler, and starts it again.
async fn kill_for(
    duration: Duration,
    site: &mut Site,
    in_flight: &InFlight,
    mut rng: Rng,
) -> Vec<Kill> {
    let (start, mut kills) = (Instant::now(), Vec::new());
    while start.elapsed() < duration {
        sleep(Duration::from_millis(rng.u64(200..800))).await;
        let server = rng.usize(..SERVERS);
        let process = site.servers[server].id().unwrap();
        while site.ledger.running(process).unwrap() == 0 && start.elapsed() < duration {
            sleep(Duration::from_millis(1)).await;
        }
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

async fn assert_held(
    kind: Kind,
    site: &mut Site,
    ids: &[String],
    kills: &[Kill],
    delivered: &Report,
) {
    assert!(delivered.not_delivered().next().is_none(), "{delivered}");
    let counted = kills.iter().filter(|kill| kill.running > 0).count();
    assert!(counted >= 5, "only {counted} kills hit a running handler");

    let in_database = site.effects_in_database().await;
    let history = History::of(site.entries());
    let outside: Vec<_> = ids.iter().map(|id| history.effects(id).count()).collect();
    let lost = outside.iter().filter(|effects| **effects == 0).count();
    assert_eq!(lost, 0, "messages without an effect");
    if !matches!(kind, Kind::Redis) {
        let exactly_once = |id: &&String| in_database.get(*id) == Some(&1);
        let others: Vec<_> = ids.iter().filter(|id| !exactly_once(id)).collect();
        assert!(others.is_empty(), "not once in the inbox: {others:?}");
        assert_eq!(in_database.len(), ids.len());
    }

    let doubles = outside.iter().filter(|effects| **effects > 1).count();
    let killed: Vec<_> = kills.iter().map(|kill| kill.process).collect();
    let unexplained: Vec<_> = ids
        .iter()
        .flat_map(|id| history.unexplained(id, LEASE, &killed))
        .collect();
    report(format_args!(
        "{kind:?}: {} messages, {counted} kills with handlers running; {} runs, of which {} failed and {} were \
         cut off; {doubles} messages had a second effect outside of the inbox, {} of them unexplained; \
         {} failures of the store",
        ids.len(),
        history.runs(),
        history.failed(),
        history.cut_off(),
        unexplained.len(),
        history.store_failures().len(),
    ));
    assert!(unexplained.is_empty(), "{unexplained:#?}");
}
