//! One attempt, with its immediate re-send.

use std::{
    net::SocketAddr,
    time::{Duration, SystemTime},
};

use clerk_webhooks_cli::send::Over;
use fastrand::Rng;

use super::{Attempt, Endpoint, Exchange, Message, Outcome, exchange::Wire, request};

/// How soon a connection must break for an immediate re-send. One that breaks later is an ordinary failure.
const RESEND_WINDOW: Duration = Duration::from_secs(1);

/// The parts of the sender that an attempt uses.
pub(super) struct Way<'a> {
    pub(super) wire: &'a Wire,
    pub(super) targets: &'a [SocketAddr],
    pub(super) time_limit: Duration,
}

impl Way<'_> {
    /// Signs the message now and sends it. If the connection breaks at once, sends the same bytes once more.
    pub(super) async fn attempt(
        &self,
        message: &Message,
        endpoint: &Endpoint,
        rng: &mut Rng,
    ) -> Attempt {
        let (now, server) = (SystemTime::now(), self.targets[0]);
        let request = request::signed(message, endpoint, server, now, rng);
        let first = self.send(&request, Over::Any, rng).await;
        let resent = match broke_at_once(&first) {
            true => Some(self.send(&request, Over::New, rng).await),
            false => None,
        };
        Attempt {
            first,
            resent,
            delay: None,
        }
    }

    async fn send(&self, request: &[u8], over: Over, rng: &mut Rng) -> Exchange {
        let target = self.targets[rng.usize(..self.targets.len())];
        let (wire, time_limit) = (self.wire, self.time_limit);
        wire.exchange(request, target, over, time_limit).await
    }
}

fn broke_at_once(exchange: &Exchange) -> bool {
    matches!(exchange.outcome, Outcome::Broken { .. }) && exchange.took < RESEND_WINDOW
}
