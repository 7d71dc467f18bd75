//! The store is down: before, while and after the handler runs.

use std::time::Duration;

use clerk_webhooks_testbed::{
    job::Job,
    ledger::What,
    sender::{Message, Schedule},
};

use crate::{
    on_every_store,
    support::site::{Kind, Site, message, waiting},
};

on_every_store! {
    down_before_it_is_answered_503_and_the_handler_is_not_run
    down_while_the_handler_runs_costs_nothing
    down_at_the_end_is_answered_500_and_the_message_may_run_twice
}

/// Shorter than the 5 s of the layer, so that a store that is down is noticed sooner.
const STORE_TIMEOUT: Duration = Duration::from_secs(1);

async fn start(kind: Kind) -> Site {
    Site::start_with(kind, 1, STORE_TIMEOUT).await
}

async fn down_before_it_is_answered_503_and_the_handler_is_not_run(kind: Kind) {
    let (mut site, message) = (start(kind).await, message(&Job::default()));
    let outage = site.engine.take_down().await;
    assert_eq!(status(&site, &message).await, Some(503));
    assert_eq!(site.count(&message, &What::Started), 0);

    site.engine.bring_up(outage).await;
    delivers(&site, &message).await;
    assert_eq!(site.count(&message, &What::Effect), 1);
    assert_eq!(status(&site, &message).await, Some(200));
    assert_eq!(site.count(&message, &What::Started), 1);
}

async fn down_while_the_handler_runs_costs_nothing(kind: Kind) {
    let (mut site, message) = (start(kind).await, message(&waiting()));
    let first = tokio::spawn({
        let (sender, message) = (site.sender_to(0), message.clone());
        async move { sender.attempt(&message).await }
    });
    site.until(&message, What::Started, 1).await;
    let outage = site.engine.take_down().await;
    site.engine.bring_up(outage).await;
    site.go(&message);
    assert_eq!(first.await.unwrap().outcome().status(), Some(204));
    assert_eq!(status(&site, &message).await, Some(200));
    assert_eq!(site.count(&message, &What::Started), 1);
}

async fn down_at_the_end_is_answered_500_and_the_message_may_run_twice(kind: Kind) {
    let (mut site, message) = (start(kind).await, message(&waiting()));
    let first = tokio::spawn({
        let (sender, message) = (site.sender_to(0), message.clone());
        async move { sender.attempt(&message).await }
    });
    site.until(&message, What::Started, 1).await;
    let outage = site.engine.take_down().await;
    site.go(&message);
    assert_eq!(first.await.unwrap().outcome().status(), Some(500));
    assert_eq!(site.count(&message, &What::Completed), 0);
    assert!(site.logs().contains("may run twice"), "{}", site.logs());

    site.engine.bring_up(outage).await;
    delivers(&site, &message).await;
    assert_eq!(status(&site, &message).await, Some(200));
    // No answer means that it may have happened: what SQLite was asked for is done once the lock is gone.
    let effects = site.count(&message, &What::Effect);
    let possible = if let Kind::Sqlite = kind {
        1..=2
    } else {
        2..=2
    };
    assert!(possible.contains(&effects), "{effects} effects");
}

/// Of one attempt.
async fn status(site: &Site, message: &Message) -> Option<u16> {
    let attempt = site.sender_to(0).attempt(message).await;
    attempt.outcome().status()
}

/// Within the schedule.
async fn delivers(site: &Site, message: &Message) {
    let sender = site.sender_to(0).with_schedule(Schedule::svix(2_000));
    let report = sender.deliver(vec![message.clone()]).await;
    assert!(report.not_delivered().next().is_none(), "{report}");
}
