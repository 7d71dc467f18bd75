//! Servers, workers and engines are killed while they work, and every event that was acknowledged is still
//! processed, or dead-lettered. An event that its handler completes in a transaction has the effect of that
//! transaction exactly once.
//!
//! ```sh
//! cargo test -p clerk-webhooks-testbed --test queue_chaos -- --include-ignored
//! QUEUE_CHAOS_SEED=7 QUEUE_CHAOS_EVENTS=2000 cargo test -p clerk-webhooks-testbed --test queue_chaos postgres -- --include-ignored
//! ```

mod bystanders;
mod cluster;
mod completing;
mod deadly;
mod history;
mod hits;
mod policy;
mod site;
mod starters;
#[path = "../support/mod.rs"]
mod support;
mod verdict;

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use clerk_webhooks_testbed::{
    job::{Failure, Job},
    number_from_env, seed_from_env,
    sender::{Redelivery, Report, Schedule},
};
use fastrand::Rng;

use self::{
    hits::Hits,
    policy::MAX_ATTEMPTS,
    site::Site,
    support::{
        report,
        site::{Engine, Kind},
    },
    verdict::Verdict,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_not_lost_on_sqlite() {
    chaos(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts its own Postgres: run it where PostgreSQL is installed"]
async fn what_was_acknowledged_is_not_lost_on_postgres() {
    chaos(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts its own NATS: run it where nats-server is installed"]
async fn what_was_acknowledged_is_not_lost_on_nats() {
    chaos(Kind::Nats { servers: 1 }).await;
}

/// One of them is killed at a time.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts its own NATS: run it where nats-server is installed"]
async fn what_was_acknowledged_is_not_lost_on_three_nats_servers() {
    chaos(Kind::Nats { servers: 3 }).await;
}

/// A round sends so many events. Another one follows if too little was hit meanwhile: a cluster may elect leaders for ten
/// seconds, and not every kill of a worker cuts off a transaction.
const MOST_ROUNDS: usize = 5;

async fn chaos(kind: Kind) {
    let seed = seed_from_env("QUEUE_CHAOS_SEED").unwrap();
    let count = number_from_env("QUEUE_CHAOS_EVENTS", 200).unwrap();
    report(format_args!(
        "{kind:?}: QUEUE_CHAOS_SEED={seed} QUEUE_CHAOS_EVENTS={count}"
    ));
    let mut site = Site::start(kind).await;
    let (started, spread) = (Instant::now(), pace(kind) * count);
    let (mut sent, mut deliveries) = (HashMap::new(), Vec::new());
    let mut hits = Hits::none_of(&site.engine);
    for seed in (seed..).take(MOST_ROUNDS) {
        let mut rng = Rng::with_seed(seed);
        let in_database = site.engine.is_database();
        let jobs: Vec<_> = (0..count).map(|_| job(in_database, &mut rng)).collect();
        let messages = Job::messages(seed, &jobs).unwrap();
        let ids = messages.iter().map(|message| message.id().to_owned());
        sent.extend(ids.zip(jobs));
        let sender = site
            .sender(seed)
            .with_schedule(Schedule::svix(3_000))
            .with_redelivery(Redelivery::times(1..=3))
            .with_spread(spread)
            .with_concurrency(32);
        let requests = sender.in_flight();
        let delivering = tokio::spawn(async move { sender.deliver(messages).await });
        hits.hit(spread, &mut site, &delivering, &requests, rng)
            .await;
        deliveries.extend(delivering.await.unwrap().deliveries);
        if hits.are_enough() {
            break;
        }
    }
    let delivered = Report { seed, deliveries };
    report(format_args!(
        "{kind:?}: {:.1?}, {delivered}",
        started.elapsed()
    ));
    let dead_letters = site.settle().await;
    let effects = site.engine.effects().await;
    let verdict = Verdict::new(&mut site, &sent, &delivered, &dead_letters, &effects, &hits);
    report(format_args!(
        "{kind:?}: {:.1?}, {verdict}",
        started.elapsed()
    ));
    let lost = verdict.lost();
    if let (Engine::Nats(nats), false) = (&site.engine, lost.is_empty()) {
        report(cluster::state(&nats.url(), &lost).await);
    }
    verdict.assert_held();
}

/// One event starts every so often, on average: a Postgres takes its time to come back.
fn pace(kind: Kind) -> Duration {
    Duration::from_millis(if let Kind::Sqlite = kind { 40 } else { 100 })
}

/// Of twenty one is bad for good, and one fails whenever it is run. With a database, half are completed in it.
fn job(in_database: bool, rng: &mut Rng) -> Job {
    let failures = match rng.u8(..20) {
        0 => vec![Failure::Permanent; MAX_ATTEMPTS as usize],
        1 => passing(rng, MAX_ATTEMPTS),
        _ => {
            let times = rng.u32(0..=2);
            passing(rng, times)
        }
    };
    Job {
        work: Duration::from_millis(rng.u64(50..=250)),
        failures,
        in_database: in_database && rng.bool(),
        ..Job::default()
    }
}

fn passing(rng: &mut Rng, times: u32) -> Vec<Failure> {
    (0..times).map(|_| Failure::passing(rng)).collect()
}
