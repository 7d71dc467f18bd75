//! What a run knows of its hold on the message.

use std::time::Duration;

use tokio::time::Instant;

use super::store::ClaimToken;

#[derive(Debug)]
pub(super) struct Lease {
    pub(super) token: ClaimToken,
    pub(super) length: Duration,
    /// When it was last asked for, with success.
    pub(super) renewed: Instant,
    pub(super) is_lost: bool,
}

impl Lease {
    /// `asked`: no later than the store began to count.
    pub(super) fn new(token: ClaimToken, length: Duration, asked: Instant) -> Self {
        Self {
            token,
            length,
            renewed: asked,
            is_lost: false,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.length <= self.renewed.elapsed()
    }
}
