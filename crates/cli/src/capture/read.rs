//! Recognizes the form of a file.

use std::{error::Error, fmt};

use bytes::Bytes;

use super::{
    delivery::CapturedDelivery,
    http,
    json_line::{Kind, Line},
};

/// One entry of a file.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A delivery.
    Delivery(CapturedDelivery),
    /// A line of another type, such as `ready`, as it is in the file.
    Other(String),
}

/// Why a file is not a capture. The text says which line is wrong, without quoting it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError(String);

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for ReadError {}

/// Reads captured deliveries in one of the [forms](super).
///
/// `body` is the body of the request if the file has none, as after `curl -v`. It takes the place of the body in the
/// file otherwise.
///
/// # Errors
///
/// When the file is in none of the forms, or `curl -v` comes without a body.
///
/// ```
/// use clerk_webhooks_cli::capture::{Entry, read};
///
/// let file = "POST / HTTP/1.1\r\nsvix-id: msg_1\r\n\r\n{}";
/// let entries = read(&file.into(), None)?;
/// let [Entry::Delivery(delivery)] = entries.as_slice() else { panic!("one delivery") };
/// assert_eq!((delivery.claimed_id(), &delivery.body[..]), (Some("msg_1"), &b"{}"[..]));
/// # Ok::<(), clerk_webhooks_cli::capture::ReadError>(())
/// ```
pub fn read(bytes: &Bytes, body: Option<Bytes>) -> Result<Vec<Entry>, ReadError> {
    let mut entries = if bytes.trim_ascii_start().starts_with(b"{") {
        json_lines(bytes)?
    } else {
        vec![Entry::Delivery(request(bytes, body.clone())?)]
    };
    if let Some(body) = body {
        for entry in &mut entries {
            if let Entry::Delivery(delivery) = entry {
                delivery.body = body.clone();
            }
        }
    }
    Ok(entries)
}

fn json_lines(bytes: &[u8]) -> Result<Vec<Entry>, ReadError> {
    let mut entries = Vec::new();
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        if !line.trim_ascii().is_empty() {
            let entry =
                json_line(line).map_err(|why| ReadError(format!("line {number}: {why}")))?;
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// The messages of serde quote values: they are replaced.
fn json_line(line: &[u8]) -> Result<Entry, &'static str> {
    let kind: Kind = serde_json::from_slice(line)
        .map_err(|_| "is not a JSON object with a `type`; one object a line")?;
    if !kind.is_delivery() {
        return Ok(Entry::Other(
            String::from_utf8_lossy(line).trim().to_owned(),
        ));
    }
    let line: Line = serde_json::from_slice(line).map_err(
        |_| "is of type `event`, but has no `headers` (an object) or no `body_b64` (a text)",
    )?;
    match line.into_delivery() {
        Ok(delivery) => Ok(Entry::Delivery(delivery)),
        Err(_) => Err("has a `body_b64` that is not base64"),
    }
}

fn request(bytes: &Bytes, body: Option<Bytes>) -> Result<CapturedDelivery, ReadError> {
    let unknown = "is neither JSON lines, nor the output of `curl -v`, nor an HTTP head and body";
    let found = match (http::is_from_curl(bytes), body) {
        (true, Some(body)) => http::from_curl(bytes, body),
        (true, None) => {
            let missing = "`curl -v` does not print the request's body: give it with --body FILE";
            return Err(ReadError(missing.to_owned()));
        }
        (false, _) => http::from_head_and_body(bytes),
    };
    found.ok_or_else(|| ReadError(unknown.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deliveries(
        text: &str,
        body: Option<&'static str>,
    ) -> Result<Vec<CapturedDelivery>, ReadError> {
        let entries = read(&text.to_owned().into(), body.map(Bytes::from))?;
        let delivery = |entry| match entry {
            Entry::Delivery(delivery) => Some(delivery),
            Entry::Other(_) => None,
        };
        Ok(entries.into_iter().filter_map(delivery).collect())
    }

    #[test]
    fn a_delivery_is_read_as_it_was_written() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = vec![pair("svix-id", "msg_1"), pair("a", "1"), pair("a", "2")];
        let mut written = CapturedDelivery::new(headers, "{\"type\":\"user.deleted\"}\n");
        written.received_at_ms = Some(7);
        let line = serde_json::to_string(&written).unwrap();
        assert!(
            line.starts_with(r#"{"type":"event","svix_id":"msg_1","event_type":"user.deleted""#)
        );
        written.message_id = Some("msg_1".to_owned());
        written.event_type = Some("user.deleted".to_owned());
        assert_eq!(deliveries(&line, None).unwrap(), [written]);
    }

    #[test]
    fn lines_of_other_types_are_kept() {
        let file = "{\"type\":\"ready\",\"url\":\"x\"}\n\n\
                    {\"type\":\"event\",\"headers\":{\"a\":\"b\"},\"body_b64\":\"e30=\",\"latency_ms\":3}\n";
        let entries = read(&file.into(), None).unwrap();
        assert!(
            matches!(&entries[0], Entry::Other(line) if line == r#"{"type":"ready","url":"x"}"#)
        );
        assert!(matches!(&entries[1], Entry::Delivery(delivery) if delivery.body == "{}"));
    }

    #[test]
    fn curl_prints_the_head_of_the_request() {
        let file = "*   Trying 127.0.0.1:3000...\n> POST /x HTTP/1.1\n> Host: localhost\n> svix-id: msg_1\n> \n\
                    * upload completely sent off\n< HTTP/1.1 400 Bad Request\n< \ninvalid signature";
        let [delivery] = &deliveries(file, Some("{}")).unwrap()[..] else {
            panic!("one delivery");
        };
        assert_eq!(delivery.claimed_id(), Some("msg_1"));
        assert_eq!(delivery.headers.len(), 2);
        assert_eq!(delivery.body, "{}");
        let missing = deliveries(file, None).unwrap_err();
        assert!(missing.to_string().contains("--body FILE"));
    }

    #[test]
    fn a_body_keeps_each_byte() {
        let file = "svix-id: msg_1\nsvix-signature: v1,a\n v1,b\n\n{}\n\n";
        let [delivery] = &deliveries(file, None).unwrap()[..] else {
            panic!("one delivery");
        };
        assert_eq!(delivery.body, "{}\n\n");
        assert_eq!(delivery.header("svix-signature"), Some("v1,a v1,b"));
    }

    #[test]
    fn the_error_names_the_line_and_quotes_nothing() {
        for (file, expected) in [
            (
                "{\"type\":\"ready\"}\n{\"secret\":1}",
                "line 2: is not a JSON object",
            ),
            (
                "{\"type\":\"event\",\"headers\":{}}",
                "line 1: is of type `event`",
            ),
            (
                "{\"type\":\"event\",\"headers\":{},\"body_b64\":\"!\"}",
                "line 1: has a `body_b64`",
            ),
            ("garbage", "is neither JSON lines"),
        ] {
            let error = deliveries(file, None).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
