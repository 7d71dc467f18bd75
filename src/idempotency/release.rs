//! Releasing claims.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};
use tracing::Instrument as _;

use super::{
    delivery::Delivery,
    endpoint::Endpoint,
    lease::Lease,
    log::log,
    store::{ClaimToken, IdempotencyStore, MessageKey},
};
use crate::{error_chain::Chain, timeout::in_time};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl<St: IdempotencyStore> Delivery<St> {
    /// Runs before the answer is sent, so that the sender's next delivery can run at once.
    pub(super) async fn release(&self, lease: &Lease) {
        let &Lease { token, renewed, .. } = lease;
        let release = self.store().release(&self.key, token);
        if let Err(error) = self.answer_in_time(release).await {
            self.shared().counters.store_failures.add();
            let (cause, lease) = (Chain(&*error), lease.length);
            log!(warn, self, %cause, "could not release a claim; trying again until its lease of {lease:?} ends");
            self.withdraw(token, renewed);
        }
    }

    /// Releases, in the background, a claim that the store may have recorded or may still record. Tries again
    /// until the store confirms the release or the lease ends.
    ///
    /// A shutdown does not wait for this. At worst the message stays blocked until its lease ends.
    pub(super) fn withdraw(&self, token: ClaimToken, asked: Instant) {
        let permits = Arc::clone(&self.shared().withdrawals);
        let Ok(permit) = permits.try_acquire_owned() else {
            let lease = self.settings().lease;
            log!(
                warn,
                self,
                "too many claims are being released: this message may stay blocked for {lease:?}"
            );
            return;
        };
        let (endpoint, key) = (self.endpoint.clone(), self.key.clone());
        let withdrawal = async move {
            repeat_release(&endpoint, &key, token, asked).await;
            drop(permit);
        };
        tokio::spawn(withdrawal.in_current_span());
    }
}

async fn repeat_release<St: IdempotencyStore>(
    endpoint: &Endpoint<St>,
    key: &MessageKey,
    token: ClaimToken,
    asked: Instant,
) {
    let (shared, settings) = (&endpoint.shared, &endpoint.settings);
    let mut pause = FIRST_PAUSE;
    loop {
        let release = shared.store.release(key, token);
        if let Ok(true) = in_time(settings.store_timeout, "store", release).await {
            return shared.waiters.wake(key);
        }
        if settings.lease <= asked.elapsed() {
            return;
        }
        sleep(pause).await;
        pause = (2 * pause).min(LONGEST_PAUSE);
    }
}
