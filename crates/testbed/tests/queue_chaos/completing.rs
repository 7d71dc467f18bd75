//! Processes that end around the commit of the transaction that completes an event: before it, the event runs again;
//! after it, never. Either way it has its effect once.

use clerk_webhooks_testbed::job::{Failure, Job};

use crate::{
    deadly::{attempts, run},
    site::Site,
    support::site::Kind,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_commit_decides_what_a_crash_leaves_on_sqlite() {
    the_commit_decides(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts its own Postgres: run it where PostgreSQL is installed"]
async fn the_commit_decides_what_a_crash_leaves_on_postgres() {
    the_commit_decides(Kind::Postgres).await;
}

async fn the_commit_decides(kind: Kind) {
    let mut site = Site::start(kind).await;
    let cases: [(_, &[u32]); 2] = [
        (Failure::AbortBeforeCommit, &[1, 2]),
        (Failure::AbortAfterCommit, &[1]),
    ];
    for (seed, (failure, expected)) in (1..).zip(cases) {
        let job = Job {
            failures: vec![failure],
            in_database: true,
            ..Job::default()
        };
        let id = run(&mut site, seed, job).await;
        assert_eq!(attempts(&mut site, &id), expected, "{failure:?}");
        let effects = site.engine.effects().await;
        assert_eq!(effects.get(&id), Some(&1), "{failure:?}");
    }
    assert!(site.settle().await.is_empty());
}
