//! The head of an answer. The sender uses nothing else of it.

use std::time::{Duration, SystemTime};

use super::report::{Outcome, RetryAfter};

/// Far more than any receiver's head has.
const MAX_HEADERS: usize = 64;

/// The parsed head of an answer.
#[derive(Debug, PartialEq)]
pub(super) struct Head {
    pub(super) status: u16,
    retry_after: Option<RetryAfter>,
    aborts: bool,
    closes: bool,
    content_length: Option<usize>,
    /// Where the body starts.
    pub(super) length: usize,
}

impl Head {
    /// The head at the start of `bytes`. `None` when it is not complete yet.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<Self>, httparse::Error> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(length) = response.parse(bytes)? else {
            return Ok(None);
        };
        let header = |name: &str| {
            let mut headers = response.headers.iter();
            let header = headers.find(|header| header.name.eq_ignore_ascii_case(name))?;
            str::from_utf8(header.value).ok()
        };
        let status = response.code.unwrap_or_default();
        Ok(Some(Self {
            status,
            retry_after: header("retry-after").and_then(parse_retry_after),
            aborts: header("webhook-delivery") == Some("abort-message"),
            closes: header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")),
            content_length: match status {
                204 | 304 => Some(0),
                _ => header("content-length").and_then(|length| length.parse().ok()),
            },
            length,
        }))
    }

    pub(super) fn is_informational(&self) -> bool {
        (100..200).contains(&self.status)
    }

    /// How long the body is, when the connection can be used again after it.
    pub(super) fn reusable_after(&self) -> Option<usize> {
        self.content_length.filter(|_| !self.closes)
    }

    pub(super) fn outcome(&self) -> Outcome {
        Outcome::Status {
            status: self.status,
            retry_after: self.retry_after,
            aborts: self.aborts,
        }
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

    fn parse(text: &str) -> Head {
        Head::parse(text.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        assert_eq!(Head::parse(b"HTTP/1.1 200 OK\r\na: b\r\n").unwrap(), None);
        assert_eq!(parse("HTTP/1.1 200 OK\r\na: b\r\n\r\nrest").length, 25);
        assert!(Head::parse(b"garbage\r\n\r\n").is_err());
    }

    #[test]
    fn a_receiver_may_ask_for_a_delay_in_seconds_or_by_a_date() {
        let head = parse("HTTP/1.1 409 Conflict\r\nRetry-After: 5\r\n\r\n");
        assert_eq!(head.retry_after, Some(RetryAfter(Duration::from_secs(5))));
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(100));
        let head = parse(&format!(
            "HTTP/1.1 503 Unavailable\r\nretry-after: {date}\r\n\r\n"
        ));
        let Some(RetryAfter(delay)) = head.retry_after else {
            panic!("no delay");
        };
        assert!((98..=100).contains(&delay.as_secs()), "{delay:?}");
    }

    #[test]
    fn a_receiver_may_abort_the_message() {
        let head = parse("HTTP/1.1 422 No\r\nWebhook-Delivery: abort-message\r\n\r\n");
        assert!(head.aborts);
    }

    #[test]
    fn a_connection_is_used_again_only_after_a_body_of_known_length() {
        let reusable = |rest| parse(&format!("HTTP/1.1 200 OK\r\n{rest}\r\n")).reusable_after();
        assert_eq!(reusable("content-length: 3\r\n"), Some(3));
        assert_eq!(reusable("content-length: 3\r\nconnection: close\r\n"), None);
        assert_eq!(reusable("transfer-encoding: chunked\r\n"), None);
        assert_eq!(
            parse("HTTP/1.1 204 No Content\r\n\r\n").reusable_after(),
            Some(0)
        );
    }
}
