//! [`Service`]: where deliveries are forwarded and replayed to.

use std::time::Duration;

use clerk_webhooks::SigningSecret;

use super::received::Received;
use crate::{
    attempt::{Attempt, attempt, request_again},
    capture::CapturedDelivery,
    send::{Client, Target, request_as_is},
};

/// As long as Svix waits for an answer.
const TIME_LIMIT: Duration = Duration::from_secs(15);

/// The service of `--forward-to`.
#[derive(Debug)]
pub(crate) struct Service {
    client: Client,
    target: Target,
    secret: SigningSecret,
}

impl Service {
    /// `secret` signs what is replayed.
    pub(crate) fn new(target: Target, secret: SigningSecret) -> Self {
        Self {
            client: Client::default(),
            target,
            secret,
        }
    }

    /// Its address without the query, which may hold a password.
    pub(super) fn address(&self) -> String {
        let address = self.target.to_string();
        address.split('?').next().unwrap_or_default().to_owned()
    }

    /// Sends a delivery on, as it came.
    pub(super) async fn forward(&self, delivery: &CapturedDelivery) -> Attempt {
        self.send(&request_as_is(
            &self.target,
            &delivery.headers,
            &delivery.body,
        ))
        .await
    }

    /// Sends a delivery again. Only a genuine one is signed anew: otherwise whoever reaches this receiver could have a
    /// forged delivery signed.
    pub(super) async fn replay(&self, received: &Received) -> Attempt {
        let secret = received.summary.is_genuine().then_some(&self.secret);
        self.send(&request_again(&self.target, secret, &received.delivery))
            .await
    }

    async fn send(&self, request: &[u8]) -> Attempt {
        attempt(&self.client, &self.target, request, TIME_LIMIT).await
    }
}
