//! The bytes of a request.

use std::time::SystemTime;

use fastrand::Rng;

use super::{Endpoint, Message, signer::whole_seconds};

/// Head and body, signed now. A re-send is these very bytes.
pub(super) fn signed(
    message: &Message,
    endpoint: &Endpoint,
    now: SystemTime,
    rng: &mut Rng,
) -> Vec<u8> {
    let seconds = whole_seconds(now);
    let signature = endpoint
        .signer()
        .sign(message.id(), seconds, message.body());
    let mut headers = [
        ("user-agent", "Svix-Webhooks/1.100.0".to_owned()),
        ("svix-id", message.id().to_owned()),
        ("svix-timestamp", seconds.to_string()),
        ("svix-signature", signature),
    ];
    rng.shuffle(&mut headers);
    let headers = headers.map(|(name, value)| format!("{}: {value}\r\n", in_some_case(name, rng)));
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: webhooks.example\r\nAccept: */*\r\n\
         content-type: application/json\r\n{}{}\r\n",
        endpoint.path(),
        headers.concat(),
        content_length(message.body().len()),
    );
    [head.as_bytes(), message.body()].concat()
}

/// An empty body has none.
fn content_length(length: usize) -> String {
    match length {
        0 => String::new(),
        length => format!("Content-Length: {length}\r\n"),
    }
}

fn in_some_case(name: &str, rng: &mut Rng) -> String {
    match rng.u8(..3) {
        0 => name.to_owned(),
        1 => name.to_ascii_uppercase(),
        _ => in_title_case(name),
    }
}

fn in_title_case(name: &str) -> String {
    let mut after_a_hyphen = true;
    let letter = |letter: char| {
        let starts = std::mem::replace(&mut after_a_hyphen, letter == '-');
        if starts {
            letter.to_ascii_uppercase()
        } else {
            letter
        }
    };
    name.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, time::UNIX_EPOCH};

    use super::*;

    fn heads() -> Vec<String> {
        let endpoint = Endpoint::new("/hook", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let (message, mut rng) = (Message::new("msg_1", "{}"), Rng::with_seed(7));
        let request = |_| signed(&message, &endpoint, UNIX_EPOCH, &mut rng);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (0..1_000).map(request).map(text).collect()
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
        for name in ["svix-id: msg_1", "SVIX-ID: msg_1", "Svix-Id: msg_1"] {
            assert!(heads.contains(name), "{name}");
        }
    }

    #[test]
    fn an_empty_body_has_no_length() {
        assert_eq!(content_length(0), "");
        assert_eq!(content_length(2), "Content-Length: 2\r\n");
    }
}
