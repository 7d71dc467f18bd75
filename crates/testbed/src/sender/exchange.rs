//! A request and the head of its answer, over one connection.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant, SystemTime},
};

use clerk_webhooks_cli::send::{Client, Origin, Over};
use tokio::time::timeout;

use super::{
    in_flight::InFlight,
    report::{Exchange, Outcome},
    response,
};

/// How long the body of an answer may take.
const BODY_TIME_LIMIT: Duration = Duration::from_secs(5);

/// How requests are sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Wire {
    client: Client,
    pub(super) in_flight: InFlight,
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
        let sent = self
            .client
            .write(request, &Origin::plain(target), over)
            .await?;
        let in_flight = self.in_flight.enter(target);
        let (head, rest) = sent.answer().await?;
        drop(in_flight);
        // The answer counts even if its body fails.
        tokio::spawn(rest.read(BODY_TIME_LIMIT));
        Ok(response::outcome(&head))
    }
}
