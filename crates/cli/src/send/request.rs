//! The bytes of a request.

use std::mem;

use fastrand::Rng;

use super::target::Target;

/// Head and body as Svix sends them: the user agent and the `signed` headers in random order and mixed case.
#[must_use]
pub fn request(
    target: &Target,
    signed: &[(String, String)],
    body: &[u8],
    rng: &mut Rng,
) -> Vec<u8> {
    let user_agent = ("user-agent".to_owned(), "Svix-Webhooks/1.100.0".to_owned());
    let mut headers: Vec<_> = signed.iter().cloned().chain([user_agent]).collect();
    rng.shuffle(&mut headers);
    for (name, _) in &mut headers {
        *name = in_some_case(name, rng);
    }
    headers.insert(0, ("Accept".to_owned(), "*/*".to_owned()));
    headers.insert(
        1,
        ("content-type".to_owned(), "application/json".to_owned()),
    );
    request_as_is(target, &headers, body)
}

/// Head and body with these headers, in this order. `Host` and `Content-Length` are those of this request; headers of
/// the connection are left out.
#[must_use]
pub fn request_as_is(target: &Target, headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let mut head = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\n",
        target.path(),
        target.host()
    );
    for (name, value) in headers
        .iter()
        .filter(|(name, _)| !is_of_the_connection(name))
    {
        // A line break in a value would end the header.
        let value = value.replace(['\r', '\n'], " ");
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    // An empty body has none, as with Svix.
    if !body.is_empty() {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

/// A head without a body, even if it announces one of this length.
#[must_use]
pub fn bodiless(target: &Target, method: &str, announced: usize) -> Vec<u8> {
    let (path, host) = (target.path(), target.host());
    let length = match announced {
        0 => String::new(),
        _ => format!("Content-Length: {announced}\r\n"),
    };
    format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{length}\r\n").into_bytes()
}

/// Headers that belong to the connection over which they came.
fn is_of_the_connection(name: &str) -> bool {
    [
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "transfer-encoding",
    ]
    .iter()
    .any(|other| name.eq_ignore_ascii_case(other))
}

fn in_some_case(name: &str, rng: &mut Rng) -> String {
    match rng.u8(..3) {
        0 => name.to_owned(),
        1 => name.to_ascii_uppercase(),
        _ => in_title_case(name),
    }
}

fn in_title_case(name: &str) -> String {
    let mut starts = true;
    let letter = |letter: char| match mem::replace(&mut starts, letter == '-') {
        true => letter.to_ascii_uppercase(),
        false => letter,
    };
    name.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn heads() -> Vec<String> {
        let target: Target = "http://localhost:3000/hook".parse().unwrap();
        let pair = |name: &str| (name.to_owned(), "x".to_owned());
        let signed = ["svix-id", "svix-timestamp", "svix-signature"].map(pair);
        let mut rng = Rng::with_seed(7);
        let head = |_| String::from_utf8(request(&target, &signed, b"{}", &mut rng)).unwrap();
        (0..1_000).map(head).collect()
    }

    #[test]
    fn every_order_of_the_headers_occurs() {
        let order = |head: &String| {
            let name = |line: &str| Some(line.split_once(": ")?.0.to_ascii_lowercase());
            head.lines().filter_map(name).collect::<Vec<_>>()
        };
        let orders: HashSet<_> = heads().iter().map(order).collect();
        assert_eq!(orders.len(), 4 * 3 * 2);
    }

    #[test]
    fn names_come_in_every_case() {
        let heads = heads().concat();
        for name in ["svix-id: x", "SVIX-ID: x", "Svix-Id: x"] {
            assert!(heads.contains(name), "{name}");
        }
    }

    #[test]
    fn a_recorded_request_gets_the_length_and_host_of_this_one() {
        let target = "http://localhost:3000/hook".parse().unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = [
            pair("HOST", "other"),
            pair("a", "b\r\nc: d"),
            pair("content-length", "7"),
        ];
        let sent = String::from_utf8(request_as_is(&target, &headers, b"{}")).unwrap();
        let expected = "POST /hook HTTP/1.1\r\nHost: localhost:3000\r\na: b  c: d\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(sent, expected);
        assert!(
            !String::from_utf8(request_as_is(&target, &[], b""))
                .unwrap()
                .contains("Length")
        );
    }
}
