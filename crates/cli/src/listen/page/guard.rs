//! [`Guard`]: only the page itself may use its server.

use http::{HeaderMap, Method};
use rustls::crypto::ring;

use super::answer::Problem;

/// Every site that a developer opens can send requests to loopback, and by DNS rebinding can even read the answers. So
/// a request must be for this host, must not come from another site and, unless it is a GET, must carry the token that
/// is in the page.
pub(super) struct Guard {
    hosts: [String; 2],
    token: String,
}

impl Guard {
    /// For a page on this port. `None` if the machine has no random numbers.
    pub(super) fn new(port: u16) -> Option<Self> {
        let mut random = [0; 16];
        let source = ring::default_provider().secure_random;
        source.fill(&mut random).ok()?;
        Some(Self {
            hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")],
            token: format!("{:032x}", u128::from_be_bytes(random)),
        })
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    pub(super) fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
        let header = |name: &str| {
            let mut values = headers.get_all(name).iter();
            let value = values.next().map(|value| value.to_str().unwrap_or("?"));
            if values.next().is_some() {
                Some("?")
            } else {
                value
            }
        };
        let is_own = |host: &str| self.hosts.iter().any(|own| own == host);
        if !header("host").is_some_and(is_own) {
            return Err(Problem::forbidden(
                "foreign Host: open the page by the address in the terminal",
            ));
        }
        let origin = header("origin");
        if origin.is_some_and(|origin| !origin.strip_prefix("http://").is_some_and(is_own)) {
            return Err(Problem::forbidden("foreign Origin"));
        }
        if header("sec-fetch-site").is_some_and(|site| !["same-origin", "none"].contains(&site)) {
            return Err(Problem::forbidden(
                "a request from another site: open the page by the address in the terminal",
            ));
        }
        if method != Method::GET && header("x-token") != Some(&self.token) {
            return Err(Problem::forbidden(
                "a token of another run: load the page again",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: (&str, &str) = ("host", "127.0.0.1:4601");

    fn is_let_in(guard: &Guard, method: &Method, headers: &[(&'static str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        guard.check(method, &map).is_ok()
    }

    #[test]
    fn only_the_page_itself_is_let_in() {
        let guard = Guard::new(4601).unwrap();
        let get = |headers: &[_]| is_let_in(&guard, &Method::GET, headers);
        assert!(get(&[HOST]));
        assert!(get(&[("host", "localhost:4601")]));
        assert!(get(&[HOST, ("origin", "http://127.0.0.1:4601")]));
        assert!(get(&[HOST, ("sec-fetch-site", "none")]));
        for foreign in [
            "",
            "evil.example",
            "127.0.0.1",
            "127.0.0.1:80",
            "evil.example:4601",
            "[::1]:4601",
        ] {
            assert!(!get(&[("host", foreign)]), "{foreign}");
        }
        assert!(!get(&[]) && !get(&[HOST, HOST]));
        for foreign in [
            "null",
            "",
            "http://evil.example",
            "https://127.0.0.1:4601",
            "http://127.0.0.1:4600",
        ] {
            assert!(!get(&[HOST, ("origin", foreign)]), "{foreign}");
        }
        for foreign in ["cross-site", "same-site", ""] {
            assert!(!get(&[HOST, ("sec-fetch-site", foreign)]), "{foreign}");
        }
    }

    #[test]
    fn what_changes_something_needs_the_token() {
        let guard = Guard::new(4601).unwrap();
        let token = guard.token().to_owned();
        assert_eq!(token.len(), 32);
        assert_ne!(token, Guard::new(4601).unwrap().token());
        for method in [Method::POST, Method::PUT, Method::OPTIONS, Method::HEAD] {
            assert!(is_let_in(&guard, &method, &[HOST, ("x-token", &token)]));
            assert!(!is_let_in(&guard, &method, &[HOST]), "{method}");
            assert!(
                !is_let_in(&guard, &method, &[HOST, ("x-token", "1")]),
                "{method}"
            );
        }
    }
}
