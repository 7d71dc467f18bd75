//! Events that end the process that runs them, which is started again each time, as a service manager would.

use clerk_webhooks_testbed::{
    job::{Failure, Job},
    ledger::What,
};

use crate::{policy::MAX_ATTEMPTS, site::Site, support::site::Kind};

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_ends_its_process_is_a_dead_letter_after_its_attempts_on_sqlite() {
    events_that_end_their_process(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts its own Postgres: run it where PostgreSQL is installed"]
async fn an_event_that_ends_its_process_is_a_dead_letter_after_its_attempts_on_postgres() {
    events_that_end_their_process(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts its own NATS: run it where nats-server is installed"]
async fn an_event_that_ends_its_process_is_a_dead_letter_after_its_attempts_on_nats() {
    events_that_end_their_process(Kind::Nats { servers: 1 }).await;
}

async fn events_that_end_their_process(kind: Kind) {
    let mut site = Site::start(kind).await;
    let once = process(&mut site, 1, 1).await;
    assert_eq!(attempts(&mut site, &once), [1, 2]);
    let always = process(&mut site, 2, MAX_ATTEMPTS).await;
    assert_eq!(
        attempts(&mut site, &always),
        Vec::from_iter(1..=MAX_ATTEMPTS)
    );

    let letters = site.settle().await;
    assert_eq!(Vec::from_iter(letters.keys()), [&always]);
    let letter = &letters[&always];
    assert_eq!(letter.attempts, MAX_ATTEMPTS);
    let error = &letter.error;
    assert!(error.starts_with("no attempt is left"), "{error}");
}

/// Sends an event that ends so many processes, and waits until nothing is left to do: its id.
async fn process(site: &mut Site, seed: u64, ends: u32) -> String {
    let job = Job {
        failures: vec![Failure::Abort; ends as usize],
        ..Job::default()
    };
    run(site, seed, job).await
}

/// Sends an event, and waits until nothing is left to do: its id.
pub(crate) async fn run(site: &mut Site, seed: u64, job: Job) -> String {
    let messages = Job::messages(seed, &[job]).unwrap();
    let id = messages[0].id().to_owned();
    let delivered = site.sender(seed).deliver(messages).await;
    assert!(delivered.not_delivered().next().is_none(), "{delivered}");
    site.settle().await;
    id
}

/// Those that began.
pub(crate) fn attempts(site: &mut Site, message_id: &str) -> Vec<u32> {
    let entries = site.ledger.entries().unwrap().iter();
    let of_message = entries.filter(|entry| entry.message_id == message_id);
    let attempts = of_message.filter_map(|entry| match entry.what {
        What::Began { attempt } => Some(attempt),
        _ => None,
    });
    attempts.collect()
}
