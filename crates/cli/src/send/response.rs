//! The head of an answer.

use std::io;

/// Far more than any receiver's head has.
const MAX_HEADERS: usize = 64;

/// Status and headers of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

/// Where the body of an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyEnd {
    After(usize),
    AfterChunks,
    AtClose,
}

impl Head {
    /// The head at the start of `bytes`, and its length. `None` when it is not complete yet.
    pub(super) fn parse(bytes: &[u8]) -> io::Result<Option<(Self, usize)>> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(length) = response.parse(bytes).map_err(io::Error::other)?
        else {
            return Ok(None);
        };
        let header = |header: &httparse::Header<'_>| {
            (
                header.name.to_owned(),
                String::from_utf8_lossy(header.value).into_owned(),
            )
        };
        let head = Self {
            status: response.code.unwrap_or_default(),
            headers: response.headers.iter().map(header).collect(),
        };
        Ok(Some((head, length)))
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The first value of a header, whose name may be in upper or lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        Some(&found.1)
    }

    pub(super) fn is_informational(&self) -> bool {
        (100..200).contains(&self.status)
    }

    pub(super) fn closes(&self) -> bool {
        self.header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    pub(super) fn body_end(&self) -> BodyEnd {
        let length = self
            .header("content-length")
            .and_then(|length| length.parse().ok());
        if matches!(self.status, 204 | 304) {
            BodyEnd::After(0)
        } else if self.header("transfer-encoding").is_some() {
            BodyEnd::AfterChunks
        } else {
            length.map_or(BodyEnd::AtClose, BodyEnd::After)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Head {
        Head::parse(text.as_bytes()).unwrap().unwrap().0
    }

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        assert_eq!(Head::parse(b"HTTP/1.1 200 OK\r\na: b\r\n").unwrap(), None);
        assert_eq!(
            Head::parse(b"HTTP/1.1 200 OK\r\na: b\r\n\r\nrest")
                .unwrap()
                .unwrap()
                .1,
            25
        );
        assert!(Head::parse(b"garbage\r\n\r\n").is_err());
    }

    #[test]
    fn the_head_says_where_the_body_ends() {
        let end = |rest| parse(&format!("HTTP/1.1 200 OK\r\n{rest}\r\n")).body_end();
        assert_eq!(end("content-length: 3\r\n"), BodyEnd::After(3));
        assert_eq!(end("transfer-encoding: chunked\r\n"), BodyEnd::AfterChunks);
        assert_eq!(end(""), BodyEnd::AtClose);
        assert_eq!(
            parse("HTTP/1.1 204 No Content\r\n\r\n").body_end(),
            BodyEnd::After(0)
        );
    }
}
