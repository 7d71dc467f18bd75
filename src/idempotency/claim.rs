//! The first step of a delivery: claim its message, or decide the answer without running the handler.

use std::time::Duration;

use tokio::time::Instant;
use tracing::debug;

use super::{
    delivery::Delivery,
    lease::Lease,
    log::log,
    store::{Claim, ClaimToken, IdempotencyStore, Outcome},
};
use crate::{
    BoxError,
    error_chain::Chain,
    rejection::{Rejection, RejectionKind},
    timeout::in_time,
};

/// The pause between two attempts to claim a message that another delivery holds, perhaps in another process.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// How long the store may take to answer such an attempt. The last one must end before the sender's 15 s end.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(2);

/// The answer to a delivery whose handler does not run.
pub(super) enum Verdict {
    AlreadyProcessed,
    Refused(Rejection),
}

impl<St: IdempotencyStore> Delivery<St> {
    /// Claims the message. While another delivery holds it, waits for the verdict of that delivery.
    pub(super) async fn claim(&self) -> Result<Lease, Verdict> {
        let (token, asked) = (ClaimToken::random(), Instant::now());
        match self.ask(token, self.settings().store_timeout).await {
            Ok(Claim::Claimed) => self.granted(token, asked),
            Ok(Claim::Completed(outcome)) => Err(self.duplicate(outcome)),
            Ok(Claim::InProgress) => self.wait(token, asked).await,
            Err(error) => Err(self.unanswered(token, asked, error)),
        }
    }

    /// Every attempt uses the same token: if a claim succeeds but its answer is lost, the next attempt finds
    /// the claim.
    async fn wait(&self, token: ClaimToken, arrived: Instant) -> Result<Lease, Verdict> {
        let (shared, settings) = (self.shared(), self.settings());
        let Some(waiter) = shared.waiters.enter(&self.key, settings.max_waiting) else {
            return Err(self.still_in_progress());
        };
        shared.counters.waited.add();
        let (mut pause, mut unanswered) = (FIRST_PAUSE, None);
        loop {
            let left = settings.duplicate_wait.saturating_sub(arrived.elapsed());
            let waited = waiter.wait(pause.min(left));
            if shared.draining.run_until_cancelled(waited).await.is_none() {
                return Err(self.shut_down(token, unanswered));
            }
            let asked = unanswered.unwrap_or_else(Instant::now);
            let limit = settings.store_timeout.min(LONGEST_ATTEMPT);
            let claim = self.ask(token, limit).await;
            let is_over = settings.duplicate_wait <= arrived.elapsed();
            match claim {
                Ok(Claim::Claimed) => return self.granted(token, asked),
                Ok(Claim::Completed(outcome)) => return Err(self.duplicate(outcome)),
                Ok(Claim::InProgress) if is_over => return Err(self.still_in_progress()),
                Err(error) if is_over => return Err(self.unanswered(token, asked, error)),
                Ok(Claim::InProgress) => unanswered = None,
                Err(error) => {
                    let cause = Chain(&*error);
                    log!(warn, self, %cause, "a waiting duplicate could not ask the store");
                    shared.counters.store_failures.add();
                    unanswered = Some(asked);
                }
            }
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }

    async fn ask(&self, token: ClaimToken, limit: Duration) -> Result<Claim, BoxError> {
        let claim = self.store().claim(&self.key, token, self.settings().lease);
        in_time(limit, "store", claim).await
    }

    /// The answer may come after the lease has ended. Another delivery may have claimed the message by then.
    fn granted(&self, token: ClaimToken, asked: Instant) -> Result<Lease, Verdict> {
        let lease = Lease::new(token, self.settings().lease, asked);
        if lease.is_over() {
            let length = lease.length;
            let error = format!("the store answered a claim when its lease of {length:?} was over");
            return Err(self.unanswered(token, asked, error.into()));
        }
        Ok(lease)
    }

    fn duplicate(&self, outcome: Outcome) -> Verdict {
        self.shared().counters.duplicates.add();
        match outcome {
            Outcome::Succeeded => {
                debug!(
                    target: "clerk_webhooks",
                    message_id = self.key.message_id(),
                    scope = self.key.scope(),
                    "duplicate of a completed message"
                );
                Verdict::AlreadyProcessed
            }
            Outcome::PermanentlyFailed => {
                Verdict::Refused(self.refused(RejectionKind::PermanentlyFailed))
            }
        }
    }

    fn still_in_progress(&self) -> Verdict {
        self.shared().counters.in_progress.add();
        Verdict::Refused(self.refused(RejectionKind::MessageInProgress))
    }

    fn shut_down(&self, token: ClaimToken, unanswered: Option<Instant>) -> Verdict {
        if let Some(asked) = unanswered {
            self.withdraw(token, asked);
        }
        Verdict::Refused(self.refused(RejectionKind::ShuttingDown))
    }

    /// The store may still have recorded the claim, or may record it later.
    fn unanswered(&self, token: ClaimToken, asked: Instant, error: BoxError) -> Verdict {
        self.withdraw(token, asked);
        Verdict::Refused(self.store_failed(RejectionKind::StoreUnavailable, error))
    }
}
