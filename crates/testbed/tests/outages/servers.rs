//! Two servers share a store.

use clerk_webhooks_testbed::{
    ledger::What,
    sender::{Attempt, Message, Outcome, Schedule},
};
use tokio::task::JoinHandle;

use crate::{
    on_every_store,
    support::site::{Kind, OTHER_SECRET, Site, endpoint, message, waiting},
};

on_every_store! {
    what_one_is_at_the_other_refuses_until_it_is_done
    both_endpoints_of_a_rotation_are_served_by_one_run
    one_that_stood_still_for_longer_than_its_lease_is_overtaken
}

async fn what_one_is_at_the_other_refuses_until_it_is_done(kind: Kind) {
    let (mut site, message) = (Site::start(kind, 2).await, message(&waiting()));
    let first = attempt(&site, 0, &message);
    site.until(&message, What::Started, 1).await;
    let second = attempt(&site, 1, &message).await.unwrap();
    let Outcome::Status {
        status,
        retry_after,
        ..
    } = second.outcome()
    else {
        panic!("{second:?}");
    };
    assert_eq!(*status, 409);
    assert_eq!(retry_after.unwrap().0.as_secs(), 5);

    site.go(&message);
    assert_eq!(first.await.unwrap().outcome().status(), Some(204));
    let third = attempt(&site, 1, &message).await.unwrap();
    assert_eq!(third.outcome().status(), Some(200));
    assert_eq!(site.count(&message, &What::Started), 1);
}

async fn both_endpoints_of_a_rotation_are_served_by_one_run(kind: Kind) {
    let (mut site, message) = (Site::start(kind, 2).await, message(&waiting()));
    site.go(&message);
    let sender = site
        .sender(7)
        .with_endpoint(endpoint(OTHER_SECRET))
        .with_schedule(Schedule::svix(2_000));
    let report = sender.deliver(vec![message.clone()]).await;
    assert_eq!(report.deliveries.len(), 2);
    assert!(report.not_delivered().next().is_none(), "{report}");
    assert_eq!(site.count(&message, &What::Started), 1);
}

async fn one_that_stood_still_for_longer_than_its_lease_is_overtaken(kind: Kind) {
    let mut job = waiting();
    job.in_database = true;
    let (mut site, message) = (Site::start(kind, 2).await, message(&job));
    let first = attempt(&site, 0, &message);
    site.until(&message, What::Started, 1).await;
    site.servers[0].pause().unwrap();
    let second = site.sender_to(1).with_schedule(Schedule::svix(2_000));
    let second = tokio::spawn({
        let message = message.clone();
        async move { second.deliver(vec![message]).await }
    });
    site.until(&message, What::Started, 2).await;
    site.go(&message);
    let report = second.await.unwrap();
    assert!(report.not_delivered().next().is_none(), "{report}");

    site.servers[0].resume().unwrap();
    assert_eq!(first.await.unwrap().outcome().status(), Some(204));
    assert_eq!(site.count(&message, &What::Effect), 2);
    if !matches!(kind, Kind::Redis) {
        assert_eq!(site.engine.effects().await[message.id()], 1);
    }
}

fn attempt(site: &Site, server: usize, message: &Message) -> JoinHandle<Attempt> {
    let (sender, message) = (site.sender_to(server), message.clone());
    tokio::spawn(async move { sender.attempt(&message).await })
}
