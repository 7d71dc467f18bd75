//! An event that ends every process that runs it, and nine that are leased beside it.

use clerk_webhooks_testbed::{
    job::{Failure, Job},
    ledger::What,
};

use crate::{deadly::attempts, site::Site, support::site::Kind};

const INNOCENTS: usize = 9;
/// The default of a worker.
const MAX_CRASHES: u32 = 5;
/// As many as ten events may need that crash together, and then some.
const MAX_ATTEMPTS: u32 = 40;

#[tokio::test(flavor = "multi_thread")]
async fn who_runs_beside_a_poison_event_is_processed_on_sqlite() {
    bystanders(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts its own Postgres: run it where PostgreSQL is installed"]
async fn who_runs_beside_a_poison_event_is_processed_on_postgres() {
    bystanders(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts its own NATS: run it where nats-server is installed"]
async fn who_runs_beside_a_poison_event_is_processed_on_nats() {
    bystanders(Kind::Nats { servers: 1 }).await;
}

async fn bystanders(kind: Kind) {
    let mut site = Site::without_workers(kind, MAX_ATTEMPTS).await;
    let poison = Job {
        work: std::time::Duration::from_millis(400),
        failures: vec![Failure::Abort; MAX_ATTEMPTS as usize],
        ..Job::default()
    };
    // Still at work when the poison event ends their process.
    let innocent = Job {
        work: std::time::Duration::from_secs(2),
        ..Job::default()
    };
    let mut jobs = vec![innocent; INNOCENTS];
    jobs.push(poison);
    let messages = Job::messages(1, &jobs).unwrap();
    let ids: Vec<_> = messages
        .iter()
        .map(|message| message.id().to_owned())
        .collect();
    let delivered = site.sender(1).deliver(messages).await;
    assert!(delivered.not_delivered().next().is_none(), "{delivered}");

    site.start_workers(1);
    let letters = site.settle().await;
    let (poison, innocents) = ids.split_last().unwrap();
    assert_eq!(Vec::from_iter(letters.keys()), [poison], "{}", site.logs());
    let letter = &letters[poison];
    assert_eq!((letter.attempts, letter.crashes), (5, MAX_CRASHES));
    assert_eq!(letter.error, "it crashed its worker 5 times");
    assert_eq!(attempts(&mut site, poison), [1, 2, 3, 4, 5]);
    for innocent in innocents {
        let ended = site.ledger.count(innocent, &What::Ended).unwrap();
        assert_eq!(ended, 1, "{innocent}");
        let begun = attempts(&mut site, innocent);
        assert!((2..=3).contains(&begun.len()), "{innocent}: {begun:?}");
    }
    assert!(site.logs().contains("its worker crashed, or lost"));
}
