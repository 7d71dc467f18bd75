//! A request and the head of its answer, over one connection.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant, SystemTime},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::{
    connections::{self, Connections},
    in_flight::InFlight,
    report::{Exchange, Outcome},
    response::Head,
};

/// The longest head that is read.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// The longest body that is read, within [`BODY_TIME_LIMIT`].
const MAX_BODY_BYTES: usize = 20_000;

const BODY_TIME_LIMIT: Duration = Duration::from_secs(5);

/// How requests are sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Wire {
    connections: Connections,
    pub(super) in_flight: InFlight,
}

/// Which connection a request takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Over {
    /// An idle connection, if there is one.
    Any,
    /// A new connection: the idle ones may have broken together with the last one.
    New,
}

impl Wire {
    pub(super) async fn exchange(
        &self,
        request: &[u8],
        target: SocketAddr,
        over: Over,
        time_limit: Duration,
    ) -> Exchange {
        let (started_at, started) = (SystemTime::now(), Instant::now());
        let answer = timeout(time_limit, self.send(request, target, over)).await;
        Exchange {
            target,
            started_at,
            took: started.elapsed(),
            outcome: match answer {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(error)) => Outcome::broken(error),
                Err(_) => Outcome::TimedOut,
            },
        }
    }

    async fn send(&self, request: &[u8], target: SocketAddr, over: Over) -> io::Result<Outcome> {
        let mut stream = match over {
            Over::Any => self.connections.take(target).await?,
            Over::New => connections::open(target).await?,
        };
        stream.write_all(request).await?;
        let in_flight = self.in_flight.enter(target);
        let (head, body) = read_head(&mut stream).await?;
        drop(in_flight);
        let outcome = head.outcome();
        // The answer counts even if its body fails.
        tokio::spawn(self.clone().finish(head, body, stream, target));
        Ok(outcome)
    }

    /// Reads the body, and keeps the connection for the next request if it can be used again.
    async fn finish(self, head: Head, body: Vec<u8>, mut stream: TcpStream, target: SocketAddr) {
        let rest = head
            .reusable_after()
            .filter(|length| *length <= MAX_BODY_BYTES)
            .and_then(|length| length.checked_sub(body.len()));
        let Some(rest) = rest else {
            return;
        };
        let mut rest = vec![0; rest];
        let read = timeout(BODY_TIME_LIMIT, stream.read_exact(&mut rest)).await;
        if matches!(read, Ok(Ok(_))) {
            self.connections.give_back(target, stream);
        }
    }
}

/// The head, and the part of the body that arrived with it.
async fn read_head(stream: &mut TcpStream) -> io::Result<(Head, Vec<u8>)> {
    let mut read = Vec::new();
    while read.len() < MAX_HEAD_BYTES {
        if stream.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        while let Some(head) = Head::parse(&read).map_err(io::Error::other)? {
            let rest = read.split_off(head.length);
            if !head.is_informational() {
                return Ok((head, rest));
            }
            read = rest;
        }
    }
    Err(io::Error::other("the head of the answer is too long"))
}
