//! A request as text: an HTTP head and body, or the lines of `curl -v`.

use bytes::Bytes;

use super::delivery::CapturedDelivery;

/// A head, an empty line and a body. The request line may be missing.
pub(super) fn from_head_and_body(bytes: &Bytes) -> Option<CapturedDelivery> {
    let (head, body_at) = split(bytes)?;
    let head = String::from_utf8_lossy(head);
    let headers = headers(head.lines())?;
    Some(CapturedDelivery::new(headers, bytes.slice(body_at..)))
}

/// The request's head from the output of `curl -v`.
pub(super) fn from_curl(bytes: &[u8], body: Bytes) -> Option<CapturedDelivery> {
    let text = String::from_utf8_lossy(bytes);
    let sent = text
        .lines()
        .filter_map(|line| line.strip_prefix('>'))
        .map(str::trim_start)
        .take_while(|line| !line.is_empty());
    Some(CapturedDelivery::new(headers(sent)?, body))
}

/// Whether a line is what `curl -v` prints of a request.
pub(super) fn is_from_curl(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').any(|line| {
        line.strip_prefix(b"> ").is_some_and(|line| {
            line.trim_ascii_end().ends_with(b"HTTP/1.1")
                || line.trim_ascii_end().ends_with(b"HTTP/2")
        })
    })
}

/// The head without the empty line, and where the body starts.
fn split(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let mut line_start = 0;
    while let Some(length) = bytes
        .get(line_start..)?
        .iter()
        .position(|byte| *byte == b'\n')
    {
        let line = bytes.get(line_start..line_start + length)?;
        if line.is_empty() || line == b"\r" {
            return Some((bytes.get(..line_start)?, line_start + length + 1));
        }
        line_start += length + 1;
    }
    Some((bytes, bytes.len()))
}

/// The header lines behind an optional request line. A line that starts with white space continues the last.
fn headers<'a>(lines: impl Iterator<Item = &'a str>) -> Option<Vec<(String, String)>> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for (number, line) in lines.enumerate() {
        match (line.split_once(':'), headers.last_mut()) {
            _ if number == 0 && line.contains(" HTTP/") => {}
            (_, Some(last)) if line.starts_with([' ', '\t']) => {
                last.1.push(' ');
                last.1.push_str(line.trim());
            }
            (Some((name, value)), _) => headers.push((name.to_owned(), value.trim().to_owned())),
            (None, _) => return None,
        }
    }
    (!headers.is_empty()).then_some(headers)
}
