//! A request and its answer, over one connection.

use std::{fmt, io, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use super::{
    connection::{self, AnyConnection, Connections},
    response::{BodyEnd, Head},
    target::Origin,
};
use crate::chunks;

/// The longest head that is read.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// What a head takes that is read at once.
const USUAL_HEAD_BYTES: usize = 1024;

/// How much of an answer's body is read: what Svix stores.
const MAX_BODY_BYTES: usize = 20_000;

/// Sends requests over connections that it keeps. Clones share the connections.
#[derive(Debug, Clone, Default)]
pub struct Client {
    connections: Connections,
}

/// Which connection a request takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// An idle connection, if there is one.
    Any,
    /// A new connection: the idle ones may have broken together with the last one.
    New,
}

/// The body of an answer, and the connection that it comes over.
#[must_use = "the connection can be used again only after the body is read"]
pub struct Rest {
    sent: Sent,
    read: Vec<u8>,
    end: BodyEnd,
    closes: bool,
}

/// A request that was sent and not answered yet.
#[must_use = "a request wants its answer read"]
pub struct Sent {
    connection: AnyConnection,
    /// A server that refuses a request need not read it: its answer may be there even so.
    written: io::Result<()>,
    connections: Connections,
    origin: Origin,
}

impl Client {
    /// Sends the bytes of a request and returns when the head of the answer has come.
    ///
    /// # Errors
    ///
    /// When the connection cannot be made or breaks, or when the answer is not HTTP.
    pub async fn send(
        &self,
        request: &[u8],
        origin: &Origin,
        over: Over,
    ) -> io::Result<(Head, Rest)> {
        self.write(request, origin, over).await?.answer().await
    }

    /// Sends the bytes of a request.
    ///
    /// # Errors
    ///
    /// When the connection cannot be made. When it breaks, [`Sent::answer`] returns the error, unless there is an answer.
    pub async fn write(&self, request: &[u8], origin: &Origin, over: Over) -> io::Result<Sent> {
        let idle = match over {
            Over::Any => self.connections.take(origin),
            Over::New => None,
        };
        let mut connection = match idle {
            Some(connection) => connection,
            None => connection::open(origin).await?,
        };
        let written = write(&mut connection, request).await;
        Ok(Sent {
            connection,
            written,
            connections: self.connections.clone(),
            origin: origin.clone(),
        })
    }
}

impl Sent {
    /// Returns when the head of the answer has come.
    ///
    /// # Errors
    ///
    /// When the connection breaks, or when the answer is not HTTP.
    pub async fn answer(mut self) -> io::Result<(Head, Rest)> {
        let (head, read) = match read_head(&mut self.connection).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.written.err().unwrap_or(error)),
        };
        let rest = Rest {
            end: head.body_end(),
            closes: head.closes() || self.written.is_err(),
            sent: self,
            read,
        };
        Ok((head, rest))
    }

    fn give_back(self) {
        self.connections.give_back(self.origin, self.connection);
    }
}

impl Rest {
    /// Reads the body: its first 20,000 bytes, or what of it comes in time. Then keeps the connection, if it can be used
    /// again.
    pub async fn read(mut self, time_limit: Duration) -> Vec<u8> {
        let is_whole = matches!(timeout(time_limit, self.read_to_end()).await, Ok(Ok(true)));
        let mut body = match self.end {
            BodyEnd::AfterChunks => chunks::join(&self.read).unwrap_or_default(),
            BodyEnd::After(_) | BodyEnd::AtClose => self.read,
        };
        body.truncate(MAX_BODY_BYTES);
        if is_whole && !self.closes {
            self.sent.give_back();
        }
        body
    }

    /// Whether the body was read to its end and nothing after it.
    async fn read_to_end(&mut self) -> io::Result<bool> {
        while self.read.len() <= MAX_BODY_BYTES {
            let is_whole = match self.end {
                BodyEnd::After(length) => self.read.len() >= length,
                BodyEnd::AfterChunks => chunks::join(&self.read).is_some(),
                BodyEnd::AtClose => false,
            };
            if is_whole {
                return Ok(true);
            }
            if self.sent.connection.read_buf(&mut self.read).await? == 0 {
                return Ok(false);
            }
        }
        Ok(false)
    }
}

async fn write(connection: &mut AnyConnection, request: &[u8]) -> io::Result<()> {
    connection.write_all(request).await?;
    connection.flush().await
}

/// The head, and the part of the body that arrived with it.
async fn read_head(connection: &mut AnyConnection) -> io::Result<(Head, Vec<u8>)> {
    let mut read = Vec::with_capacity(USUAL_HEAD_BYTES);
    while read.len() < MAX_HEAD_BYTES {
        if connection.read_buf(&mut read).await? == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the connection was closed before an answer",
            ));
        }
        while let Some((head, length)) = Head::parse(&read)? {
            let rest = read.split_off(length);
            if !head.is_informational() {
                return Ok((head, rest));
            }
            read = rest;
        }
    }
    Err(io::Error::other("the head of the answer is too long"))
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rest")
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}
