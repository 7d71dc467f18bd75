//! Strangers cannot make series.

#[path = "../src/app.rs"]
mod app;
mod site;

use std::time::Duration;

use clerk_webhooks::{
    EventType, RejectionKind,
    testing::{SignedRequest, fixtures},
};

use self::site::{DIRECT, QUEUED, Site, body_of_type};

const HOSTILE: usize = 10_000;

#[tokio::test]
async fn ten_thousand_hostile_deliveries_make_no_more_series_than_ten() {
    let mut site = Site::new().await;
    let (new, forger) = (site.new.clone(), site.forger.clone());
    let hostile = |number: usize| {
        let path = [DIRECT, QUEUED][number % 2];
        let id = format!("msg_{number}");
        let body = body_of_type(&format!("evil.{number}"));
        let delivery = SignedRequest::new(&forger, body).with_message_id(&id);
        match number % 10 {
            0 => (path, delivery, 400),
            1 => (path, delivery.unsigned(), 400),
            2 => (path, delivery.with_message_id(format!("{id}.")), 400),
            3 => (
                path,
                delivery.with_age(Duration::from_secs(3600 + number as u64)),
                400,
            ),
            4 => (
                path,
                delivery.with_wrong_signature(format!("v1,{number}")),
                400,
            ),
            5 => (
                path,
                SignedRequest::new(&forger, vec![b' '; site::MAX_BODY_BYTES + 1]),
                413,
            ),
            // Genuine, but nobody knows the types, and the bodies are no events.
            6 => {
                let renamed = body_of_type(&format!("user.renamed{number}"));
                (DIRECT, SignedRequest::new(&new, renamed), 204)
            }
            7 => (
                DIRECT,
                SignedRequest::new(&new, format!("no JSON {number}")),
                422,
            ),
            8 => {
                let ends_in_a_type = format!(r#"{number}","type":"evil.{number}"}}"#);
                (DIRECT, SignedRequest::new(&new, ends_in_a_type), 422)
            }
            _ => (
                QUEUED,
                SignedRequest::new(&new, fixtures::user_created()),
                202,
            ),
        }
    };
    for number in 0..10 {
        let (path, delivery, status) = hostile(number);
        site.send(path, delivery, status).await;
    }
    let after_one_of_each = site.scrape().await.len();
    for number in 10..HOSTILE {
        let (path, delivery, status) = hostile(number);
        site.send(path, delivery, status).await;
    }
    let scraped = site.scrape().await;
    assert_eq!(scraped.len(), after_one_of_each);
    assert!(scraped.len() < 100, "{} series", scraped.len());

    for series in scraped.keys() {
        for (label, value) in labels(series) {
            let is_ours = match label {
                "event_type" => {
                    value == "unknown" || EventType::all().iter().any(|known| known == value)
                }
                "reason" => {
                    !value.is_empty()
                        && value
                            .bytes()
                            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
                }
                "secret" => ["new", "old"].contains(&value),
                "verdict" => ["verified", "refused"].contains(&value),
                _ => ["scope", "outcome", "result", "queue", "state", "le"].contains(&label),
            };
            assert!(is_ours, "{series}");
        }
    }
    let refused = |reason: RejectionKind| {
        let reason = reason.code();
        let series =
            format!(r#"clerk_webhooks_deliveries_total{{verdict="refused",reason="{reason}"}}"#);
        scraped[&series]
    };
    assert_eq!(refused(RejectionKind::BodyTooLarge), 1_000.0);
}

fn labels(series: &str) -> impl Iterator<Item = (&str, &str)> {
    let (_, labels) = series.split_once('{').unwrap_or((series, ""));
    let labels = labels.trim_end_matches('}').split(',');
    labels.filter_map(|label| {
        let (name, value) = label.split_once('=')?;
        Some((name, value.trim_matches('"')))
    })
}
