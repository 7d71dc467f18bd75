//! Servers, and on Postgres the database too, are killed while the events are delivered.

use std::time::Duration;

use clerk_webhooks_sqlx::{open_postgres, open_sqlite};
use clerk_webhooks_testbed::{
    engines::Postgres,
    kills,
    model::{Event, Model},
    process::{Process, Program},
    sender::{Endpoint, InFlight, Redelivery, Schedule, Sender},
};
use fastrand::Rng;
use tokio::time::sleep;

use crate::{history, tables::assert_equal};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SERVERS: usize = 2;
const ENOUGH_KILLS: usize = 5;
/// One message starts every so often, on average.
const PACE: Duration = Duration::from_millis(4);
/// More than Svix makes: retries come a thousand times faster, and a killed server is down for longer than that.
const ATTEMPTS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn killed_servers_leave_the_models_tables_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mirror.db");
    let (seed, events) = history();
    let mut servers = servers(&format!("sqlite://{}", path.display())).await;
    let kill_nothing_else = async || {};
    deliver(seed, &events, &mut servers, kill_nothing_else).await;
    drop(servers);
    assert_equal(&open_sqlite(path).await.unwrap(), &Model::of(&events)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts its own Postgres: run it where PostgreSQL is installed"]
async fn killed_servers_and_databases_leave_the_models_tables_on_postgres() {
    let mut postgres = Postgres::start().await.unwrap();
    let url = postgres.url();
    let (seed, events) = history();
    let mut servers = servers(&url).await;
    let kill_database = async || {
        postgres.kill().unwrap();
        sleep(Duration::from_millis(300)).await;
        postgres.restart().await.unwrap();
    };
    deliver(seed, &events, &mut servers, kill_database).await;
    let logs: String = servers
        .iter()
        .map(|server| server.printed().unwrap())
        .collect();
    assert!(
        logs.contains("the mirror in PostgreSQL cannot apply an event"),
        "{logs}"
    );
    drop(servers);
    assert_equal(&open_postgres(&url).await.unwrap(), &Model::of(&events)).await;
}

async fn servers(url: &str) -> Vec<Process> {
    let mut servers = Vec::new();
    for _ in 0..SERVERS {
        let server = Program::new(env!("CARGO_BIN_EXE_mirror-server"))
            .env("STORE_URL", url)
            .env("CLERK_WEBHOOK_SIGNING_SECRET", SECRET);
        servers.push(server.serve().await.unwrap());
    }
    servers
}

/// Delivers every event, in random order and most of them several times, while servers die.
async fn deliver(
    seed: u64,
    events: &[Event],
    servers: &mut [Process],
    mut kill_something_else: impl AsyncFnMut(),
) {
    let count = u32::try_from(events.len()).unwrap();
    let spread = PACE * count;
    let endpoint = Endpoint::new("/webhooks/clerk", SECRET).unwrap();
    let sender = Sender::new(seed, servers[0].address(), endpoint)
        .with_target(servers[1].address())
        .with_schedule(Schedule::svix(3_000).with_attempts(ATTEMPTS))
        .with_redelivery(Redelivery::times(0..=2))
        .with_spread(spread);
    let in_flight = sender.in_flight();
    let mut messages: Vec<_> = events.iter().map(Event::message).collect();
    Rng::with_seed(seed).shuffle(&mut messages);
    let delivering = tokio::spawn(async move { sender.deliver(messages).await });
    let mut kills = 0;
    while !delivering.is_finished() {
        kills += kill_one(servers, &in_flight, spread, seed + kills).await;
        if kills == 3 {
            kill_something_else().await;
        }
    }
    let report = delivering.await.unwrap();
    assert!(report.not_delivered().next().is_none(), "{report}");
    eprintln!("{report}, {kills} kills with requests in flight");
    assert!(
        ENOUGH_KILLS as u64 <= kills,
        "only {kills} kills hit a request"
    );
}

/// Returns 1 if the server had requests in flight.
async fn kill_one(
    servers: &mut [Process],
    in_flight: &InFlight,
    spread: Duration,
    seed: u64,
) -> u64 {
    let mut rng = Rng::with_seed(seed);
    sleep(kills::pause(spread, &mut rng)).await;
    let server = rng.choice(servers).unwrap();
    let requests = || Ok(in_flight.at(server.address()));
    kills::until_busy(1, requests).await.unwrap();
    let hits = in_flight.at(server.address()) > 0;
    server.kill().unwrap();
    server.serve_again().await.unwrap();
    u64::from(hits)
}
