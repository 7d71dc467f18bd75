//! What the sender reads of the head of an answer.

use std::time::{Duration, SystemTime};

use clerk_webhooks_cli::send::Head;

use super::report::{Outcome, RetryAfter};

pub(super) fn outcome(head: &Head) -> Outcome {
    Outcome::Status {
        status: head.status(),
        retry_after: head.header("retry-after").and_then(parse_retry_after),
        aborts: head.header("webhook-delivery") == Some("abort-message"),
    }
}

fn parse_retry_after(value: &str) -> Option<RetryAfter> {
    if let Ok(seconds) = value.parse() {
        return Some(RetryAfter(Duration::from_secs(seconds)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    let delay = date.duration_since(SystemTime::now()).unwrap_or_default();
    Some(RetryAfter(delay))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_may_ask_for_a_delay_in_seconds_or_by_a_date() {
        let delay = |value: &str| parse_retry_after(value).map(|RetryAfter(delay)| delay);
        assert_eq!(delay("5"), Some(Duration::from_secs(5)));
        assert_eq!(delay("soon"), None);
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(100));
        let delay = delay(&date).unwrap();
        assert!((98..=100).contains(&delay.as_secs()), "{delay:?}");
    }
}
