//! Requests to build rows from: genuine ones, and what becomes of them.

use std::time::Duration;

use clerk_webhooks::{SigningSecret, testing::SignedRequest};

use crate::framework::{PLAIN, current_secret};

/// An event that every handler accepts.
pub(crate) const EVENT: &str = r#"{"type":"user.created","data":{"id":"user_1"}}"#;

/// A request, and how its body is framed.
#[derive(Clone)]
pub(crate) struct Request {
    line: String,
    headers: Vec<(String, Vec<u8>)>,
    framing: Framing,
    body: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Framing {
    /// `Content-Length`, as long as the body.
    Length,
    /// `Content-Length` with another number.
    Declared(u64),
    /// In chunks of this size.
    Chunked(usize),
}

/// Signed with the current secret, for the route [`PLAIN`].
pub(crate) fn genuine() -> Request {
    signed(EVENT)
}

/// The same with another body.
pub(crate) fn signed(body: impl Into<Vec<u8>>) -> Request {
    Request::of(SignedRequest::new(&current_secret(), body.into()).with_message_id("msg_1"))
}

/// Signed with this secret.
pub(crate) fn signed_by(secret: &SigningSecret) -> Request {
    Request::of(SignedRequest::new(secret, EVENT).with_message_id("msg_1"))
}

/// The same event under another message id.
pub(crate) fn message(message_id: &str) -> Request {
    Request::of(SignedRequest::new(&current_secret(), EVENT).with_message_id(message_id))
}

/// Sent an hour ago.
pub(crate) fn stale() -> Request {
    aged(Duration::from_secs(3_600))
}

pub(crate) fn aged(age: Duration) -> Request {
    Request::of(
        SignedRequest::new(&current_secret(), EVENT)
            .with_message_id("msg_1")
            .with_age(age),
    )
}

/// A genuine event, so long that the whole body has this many bytes.
pub(crate) fn signed_of_length(length: usize) -> Request {
    let padding = length - EVENT.len();
    signed(format!("{EVENT}{}", " ".repeat(padding)))
}

/// Without any webhook header.
pub(crate) fn bare() -> Request {
    let mut request = genuine();
    request.headers.clear();
    request
}

impl Request {
    pub(crate) fn of(signed: SignedRequest) -> Self {
        let headers = signed.header_pairs();
        Self {
            line: format!("POST {PLAIN} HTTP/1.1"),
            headers: headers
                .map(|(name, value)| (name, value.into_bytes()))
                .into(),
            framing: Framing::Length,
            body: signed.body().to_vec(),
        }
    }

    /// Of headers and a body that somebody else made.
    pub(crate) fn from_parts(headers: &[(String, Vec<u8>)], body: &[u8]) -> Self {
        Self {
            headers: headers.to_vec(),
            body: body.to_vec(),
            ..bare()
        }
    }

    pub(crate) fn to(mut self, path: &str) -> Self {
        self.line = format!("POST {path} HTTP/1.1");
        self
    }

    pub(crate) fn with_line(mut self, line: &str) -> Self {
        self.line = line.into();
        self
    }

    /// Another value for a header.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        let found = self.headers.iter_mut().find(|(known, _)| known == name);
        found.expect("a header of the request").1 = value.into();
        self
    }

    /// A header line after those that are there.
    pub(crate) fn and(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// The same headers, with other names.
    pub(crate) fn renamed(mut self, rename: fn(&str) -> String) -> Self {
        for (name, _) in &mut self.headers {
            *name = rename(name);
        }
        self
    }

    pub(crate) fn value(&self, name: &str) -> Vec<u8> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.expect("a header of the request").1.clone()
    }

    /// The header lines, without those of the connection and the body's framing.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let lines = self.headers.iter();
        lines.map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    pub(crate) fn with_body(mut self, body: &str) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn in_chunks_of(mut self, size: usize) -> Self {
        self.framing = Framing::Chunked(size);
        self
    }

    pub(crate) fn declaring(mut self, length: u64) -> Self {
        self.framing = Framing::Declared(length);
        self
    }

    /// Everything up to the body.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut head = format!("{}\r\nhost: localhost\r\n", self.line).into_bytes();
        for (name, value) in &self.headers {
            head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        let framing = match self.framing {
            Framing::Length => format!("content-length: {}", self.body.len()),
            Framing::Declared(length) => format!("content-length: {length}"),
            Framing::Chunked(_) => "transfer-encoding: chunked".to_owned(),
        };
        head.extend(format!("{framing}\r\n\r\n").bytes());
        head
    }

    /// The body as it is sent.
    pub(crate) fn payload(&self) -> Vec<u8> {
        let Framing::Chunked(size) = self.framing else {
            return self.body.clone();
        };
        let mut sent = Vec::new();
        for chunk in self.body.chunks(size) {
            sent.extend(format!("{:x}\r\n", chunk.len()).bytes());
            sent.extend(chunk);
            sent.extend(b"\r\n");
        }
        sent.extend(b"0\r\n\r\n");
        sent
    }

    /// Head and body.
    pub(crate) fn whole(&self) -> Vec<u8> {
        [self.head(), self.payload()].concat()
    }
}
