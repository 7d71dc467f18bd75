//! What a run knows about its lease on the message.

use std::time::Duration;

use tokio::time::Instant;

use super::store::ClaimToken;

#[derive(Debug)]
pub(super) struct Lease {
    pub(super) token: ClaimToken,
    pub(super) length: Duration,
    /// When the last successful claim or extension was requested.
    pub(super) renewed: Instant,
    pub(super) is_lost: bool,
}

impl Lease {
    /// `asked` must not be later than the moment when the store started the lease.
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
