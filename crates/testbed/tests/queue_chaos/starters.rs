//! Many processes that start at once on an empty database.

use clerk_webhooks_testbed::{job::Job, process::Process};

use crate::{policy::MAX_ATTEMPTS, site::Site, support::site::Kind};

const PROCESSES: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_at_once_make_the_tables_on_sqlite() {
    start_at_once(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts its own Postgres: run it where PostgreSQL is installed"]
async fn processes_that_start_at_once_make_the_tables_on_postgres() {
    start_at_once(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts its own NATS: run it where nats-server is installed"]
async fn processes_that_start_at_once_make_the_streams_on_nats() {
    start_at_once(Kind::Nats { servers: 1 }).await;
}

async fn start_at_once(kind: Kind) {
    let mut site = Site::empty(kind, MAX_ATTEMPTS).await;
    site.start_workers(PROCESSES);
    site.start_servers().await;
    let messages = Job::messages(1, &vec![Job::default(); 50]).unwrap();
    let delivered = site.sender(1).deliver(messages).await;
    assert!(delivered.not_delivered().next().is_none(), "{delivered}");
    assert!(site.settle().await.is_empty());
    let logs = site.logs();
    let ended = site.workers.iter_mut().map(Process::has_ended);
    assert!(!ended.into_iter().any(Result::unwrap), "{logs}");
    assert!(!logs.contains("ERROR") && !logs.contains("WARN"), "{logs}");
}
