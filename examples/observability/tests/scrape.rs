//! What Prometheus gets after a known mix of 200 deliveries.

#[path = "../src/app.rs"]
mod app;
mod site;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clerk_webhooks::testing::{SignedRequest, fixtures};

use self::site::{DIRECT, QUEUED, Site, body_of_type};

#[tokio::test]
async fn every_series_is_that_of_the_known_mix() {
    let begun = SystemTime::now();
    let mut site = Site::new().await;
    let (new, old, forger) = (site.new.clone(), site.old.clone(), site.forger.clone());
    let created = |secret| SignedRequest::new(secret, fixtures::user_created());
    let of_type = |event_type| SignedRequest::new(&new, body_of_type(event_type));

    // Handled at once: 120.
    for number in 0..60 {
        let delivery = created(&new).with_message_id(format!("msg_{number}"));
        site.send(DIRECT, delivery, 204).await;
    }
    for number in 0..10 {
        let duplicate = created(&new).with_message_id(format!("msg_{number}"));
        site.send(DIRECT, duplicate, 200).await;
    }
    for _ in 0..20 {
        site.send(DIRECT, created(&old), 204).await;
    }
    for _ in 0..10 {
        site.send(DIRECT, of_type("user.renamed"), 204).await;
        let email = SignedRequest::new(&new, fixtures::email_created());
        site.send(DIRECT, email, 500).await;
    }
    for _ in 0..5 {
        let sms = SignedRequest::new(&new, fixtures::sms_created());
        site.send(DIRECT, sms, 422).await;
        site.send(DIRECT, of_type("user.created"), 422).await;
    }
    // Refused: 40.
    for _ in 0..10 {
        site.send(DIRECT, created(&new).unsigned(), 400).await;
        let stale = created(&new).with_age(Duration::from_secs(3600));
        site.send(DIRECT, stale, 400).await;
        site.send(QUEUED, created(&forger), 400).await;
    }
    for _ in 0..5 {
        let large = SignedRequest::new(&new, vec![b' '; site::MAX_BODY_BYTES + 1]);
        site.send(DIRECT, large, 413).await;
        site.send(DIRECT, created(&new).with_message_id("a.b"), 400)
            .await;
    }
    // Queued: 40.
    for number in 0..25 {
        let delivery = created(&new).with_message_id(format!("queued_{number}"));
        site.send(QUEUED, delivery, 202).await;
    }
    for _ in 0..5 {
        let sms = SignedRequest::new(&new, fixtures::sms_created());
        site.send(QUEUED, sms, 202).await;
    }
    for number in 0..10 {
        let duplicate = created(&new).with_message_id(format!("queued_{number}"));
        site.send(QUEUED, duplicate, 202).await;
    }
    assert_eq!(site.sent, 200);
    site.work_off_the_queue().await;
    site.queue.record_metrics().await.unwrap();

    let scraped = site.scrape().await;
    let verified = |event_type, secret| {
        format!(
            r#"clerk_webhooks_deliveries_total{{verdict="verified",event_type="{event_type}",secret="{secret}"}}"#
        )
    };
    let refused = |reason| {
        format!(r#"clerk_webhooks_deliveries_total{{verdict="refused",reason="{reason}"}}"#)
    };
    let failed = |reason, event_type| {
        format!(r#"clerk_webhooks_failures_total{{reason="{reason}",event_type="{event_type}"}}"#)
    };
    let deduplicated = |outcome| {
        format!(
            r#"clerk_webhooks_idempotency_deliveries_total{{scope="direct",outcome="{outcome}"}}"#
        )
    };
    let events = |state| format!(r#"clerk_webhooks_queue_events{{queue="clerk",state="{state}"}}"#);
    let attempts = |outcome| {
        format!(r#"clerk_webhooks_queue_attempts_total{{queue="clerk",outcome="{outcome}"}}"#)
    };
    let name = |name: &str| format!("clerk_webhooks_{name}");
    let expected = [
        (verified("user.created", "new"), 110),
        (verified("user.created", "old"), 20),
        (verified("unknown", "new"), 10),
        (verified("email.created", "new"), 10),
        (verified("sms.created", "new"), 10),
        (refused("malformed_signature"), 10),
        (refused("timestamp_too_old"), 10),
        (refused("no_matching_signature"), 10),
        (refused("body_too_large"), 5),
        (refused("malformed_id"), 5),
        (failed("handler_retry", "email.created"), 10),
        (failed("handler_permanent", "sms.created"), 5),
        (failed("undecodable_event", "user.created"), 5),
        (deduplicated("completed"), 95),
        (deduplicated("released"), 15),
        (deduplicated("duplicate"), 10),
        (name(r#"enqueued_total{result="new"}"#), 30),
        (name(r#"enqueued_total{result="duplicate"}"#), 10),
        (events("waiting"), 0),
        (events("running"), 0),
        (events("dead"), 5),
        (name(r#"queue_oldest_due_seconds{queue="clerk"}"#), 0),
        (attempts("done"), 25),
        (attempts("dead_letter"), 5),
        (
            name(r#"queue_handler_duration_seconds_count{queue="clerk"}"#),
            30,
        ),
        (name("verification_duration_seconds_count"), 160),
        (name("handler_duration_seconds_count"), 160),
        (name("delivery_duration_seconds_count"), 160),
        (name("body_bytes_count"), 160),
        (name("body_bytes_sum"), site.verified_bytes),
        (name("timestamp_skew_seconds_count"), 160),
    ];
    for (series, value) in &expected {
        let found = scraped.get(series);
        assert_eq!(found, Some(&(*value as f64)), "{series} in {scraped:#?}");
    }

    // What depends on the time.
    let since_1970 = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let now = since_1970(SystemTime::now());
    let is_listed = |series: &str| expected.iter().any(|(listed, _)| listed == series);
    for (series, value) in scraped.iter().filter(|(series, _)| !is_listed(series)) {
        let (metric, labels) = series.split_once('{').unwrap_or((series, ""));
        if metric == "clerk_webhooks_secret_last_used_timestamp_seconds" {
            assert!(
                [r#"secret="new"}"#, r#"secret="old"}"#].contains(&labels),
                "{series}"
            );
            assert!(
                (since_1970(begun) - 1.0..=now).contains(value),
                "{series} {value}"
            );
        } else if metric.ends_with("_skew_seconds_sum") {
            assert!((0.0..=160.0 * 2.0).contains(value), "{series} {value}");
        } else if metric.ends_with("_duration_seconds_sum") {
            assert!(
                *value > 0.0 && *value < now - since_1970(begun) + 60.0,
                "{series} {value}"
            );
        } else {
            let histogram = metric.strip_suffix("_bucket").expect(series);
            let count = match histogram {
                "clerk_webhooks_queue_handler_duration_seconds" => 30.0,
                _ => 160.0,
            };
            assert!(*value <= count, "{series} {value}");
            assert!(
                !labels.contains("+Inf") || *value == count,
                "{series} {value}"
            );
        }
    }
    let histograms = [
        "verification_duration",
        "handler_duration",
        "delivery_duration",
        "timestamp_skew",
    ];
    for histogram in histograms.map(|histogram| name(&format!("{histogram}_seconds_sum"))) {
        assert!(scraped.contains_key(&histogram), "{histogram}");
    }
}
