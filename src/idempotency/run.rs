//! The second step of a delivery: run the handler while extending the lease, then record how it ended.

use std::{future::poll_fn, pin::pin, time::Duration};

use tokio::{
    task::JoinError,
    time::{Instant, sleep, timeout},
};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use super::{
    claim::Verdict,
    delivery::Delivery,
    lease::Lease,
    log::log,
    panic_message::panic_message,
    store::{IdempotencyStore, Outcome},
};
use crate::{
    BoxError,
    error_chain::Chain,
    rejection::{Rejection, RejectionKind},
    response::refusal,
    timeout::in_time,
    verify::delivery::VerifiedDelivery,
};

/// Whether the handler's answer completes the message. It also logs a failure, whose message is known here.
pub(super) type Judge<T> = fn(&T, &VerifiedDelivery) -> Option<Outcome>;

/// Trying again avoids a second run when the store is down for a moment.
const PAUSES_BETWEEN_COMPLETIONS: [Duration; 3] = [
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(800),
];

/// Why a handler ended without an answer.
enum Ended {
    Panicked(String),
    TimedOut,
    ShutDown,
}

impl From<JoinError> for Ended {
    fn from(error: JoinError) -> Self {
        match error.try_into_panic() {
            Ok(payload) => Self::Panicked(panic_message(&*payload).to_owned()),
            Err(_) => Self::ShutDown,
        }
    }
}

impl<St: IdempotencyStore> Delivery<St> {
    /// Runs the handler, unless the message was processed already: `None`.
    ///
    /// A refusal is logged here: the sender may have disconnected, so that nobody responds with it.
    pub(super) async fn once<T: Send + 'static>(
        self,
        handler: impl Future<Output = T> + Send + 'static,
        judge: Judge<T>,
    ) -> Result<Option<T>, Rejection> {
        let mut lease = match self.claim().await {
            Ok(lease) => lease,
            Err(Verdict::AlreadyProcessed) => return Ok(None),
            Err(Verdict::Refused(rejection)) => return Err(logged(rejection)),
        };
        let begun = Instant::now();
        let ended = self.watch(spawn(handler), &mut lease).await;
        if self.sender.strong_count() == 0 {
            let ran_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            log!(
                warn,
                &self,
                ran_ms,
                "a handler ended after its sender had disconnected: the sender counts this attempt as failed; \
                 its next delivery gets the result"
            );
        }
        let settled = match ended {
            Ok(answer) => {
                let outcome = judge(&answer, &self.verified);
                let settled = self.settle(outcome, &mut lease).await;
                settled.map(|()| Some(answer))
            }
            Err(ended) => Err(self.give_up(ended, &lease).await),
        };
        self.shared().waiters.wake(&self.key);
        settled.map_err(logged)
    }

    /// Waits for the handler, at most for the longest run, and extends the lease until then.
    async fn watch<T>(&self, handler: AbortOnDropHandle<T>, lease: &mut Lease) -> Result<T, Ended> {
        let alive = async {
            self.keep_alive(lease).await;
            self.lost_lease(lease);
        };
        let ended = while_polling(self.end_of(handler), alive).await;
        self.notice_a_lost(lease);
        ended
    }

    /// The handler's answer, within the longest run.
    async fn end_of<T>(&self, mut handler: AbortOnDropHandle<T>) -> Result<T, Ended> {
        if let Ok(ended) = timeout(self.settings().longest_run, &mut handler).await {
            return ended.map_err(Ended::from);
        }
        handler.abort();
        // A handler that blocks its thread may still answer.
        match timeout(self.settings().lease, handler).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if error.is_panic() => Err(error.into()),
            Ok(Err(_)) => Err(Ended::TimedOut),
            Err(_) => {
                log!(
                    error,
                    self,
                    "a handler exceeded the longest run, blocks its thread and could not be stopped: its \
                     message is released and may run again while this handler still runs"
                );
                Err(Ended::TimedOut)
            }
        }
    }

    /// Extends the lease each time a third of it has passed, until the store answers that the token no longer
    /// holds the message.
    ///
    /// After a failure it tries again soon, so that a store that recovers before the lease ends extends it.
    async fn keep_alive(&self, lease: &mut Lease) {
        let patience = self.settings().store_timeout.min(lease.length / 6);
        let mut pause = (lease.length / 3).saturating_sub(lease.renewed.elapsed());
        loop {
            sleep(pause).await;
            let asked = Instant::now();
            let extension = self.store().extend(&self.key, lease.token, lease.length);
            pause = match in_time(patience, "store", extension).await {
                Ok(true) => {
                    lease.renewed = asked;
                    lease.length / 3
                }
                Ok(false) => return,
                Err(error) => {
                    self.shared().counters.store_failures.add();
                    let cause = Chain(&*error);
                    log!(warn, self, %cause, "could not extend a lease; trying again until it ends");
                    lease.length / 24
                }
            };
        }
    }

    /// A lease can end unnoticed when the store fails or when the process itself was suspended.
    fn notice_a_lost(&self, lease: &mut Lease) {
        if !lease.is_lost && lease.is_over() {
            self.lost_lease(lease);
        }
    }

    fn lost_lease(&self, lease: &mut Lease) {
        lease.is_lost = true;
        self.shared().counters.lost_leases.add();
        log!(
            warn,
            self,
            "a lease ran out while its message was being handled: it may run a second time beside it"
        );
    }

    /// Records the outcome, or releases the message for its next delivery.
    async fn settle(&self, outcome: Option<Outcome>, lease: &mut Lease) -> Result<(), Rejection> {
        let Some(outcome) = outcome else {
            self.shared().counters.released.add();
            self.release(lease).await;
            return Ok(());
        };
        let completed = self.complete(outcome, lease).await;
        completed.map_err(|error| self.store_failed(RejectionKind::CompletionNotRecorded, error))
    }

    /// All attempts together must end within one store timeout, since the sender is waiting.
    async fn complete(&self, outcome: Outcome, lease: &mut Lease) -> Result<(), BoxError> {
        let completion = self.answer_in_time(async {
            let mut pauses = PAUSES_BETWEEN_COMPLETIONS.into_iter();
            loop {
                let retention = self.settings().retention;
                let completion = self.store().complete(&self.key, outcome, retention);
                match (completion.await, pauses.next()) {
                    (Ok(()), _) => return Ok(()),
                    (Err(error), None) => return Err(error),
                    (Err(_), Some(pause)) => sleep(pause).await,
                }
            }
        });
        let completed = while_polling(completion, self.keep_alive(lease)).await;
        self.notice_a_lost(lease);
        completed?;
        self.shared().counters.completed.add();
        Ok(())
    }

    async fn give_up(&self, ended: Ended, lease: &Lease) -> Rejection {
        self.shared().counters.released.add();
        self.release(lease).await;
        match ended {
            Ended::Panicked(message) => {
                let kind = RejectionKind::HandlerPanicked;
                Rejection::caused(kind, &self.verified, message.into())
            }
            Ended::TimedOut => self.refused(RejectionKind::HandlerTimedOut),
            Ended::ShutDown => self.refused(RejectionKind::ShuttingDown),
        }
    }
}

/// Returns the output of `main`, and polls `background` until then.
async fn while_polling<T>(
    main: impl Future<Output = T>,
    background: impl Future<Output = ()>,
) -> T {
    let (mut main, mut background) = (pin!(main), pin!(background));
    let mut is_over = false;
    poll_fn(|cx| {
        is_over = is_over || background.as_mut().poll(cx).is_ready();
        main.as_mut().poll(cx)
    })
    .await
}

/// Runs the handler in its own task. A panic then ends nothing else, and a handler that blocks its thread does
/// not stop the lease from being extended.
fn spawn<T: Send + 'static>(
    handler: impl Future<Output = T> + Send + 'static,
) -> AbortOnDropHandle<T> {
    AbortOnDropHandle::new(tokio::spawn(handler.in_current_span()))
}

fn logged(rejection: Rejection) -> Rejection {
    refusal::log(&rejection, None, rejection.kind().level());
    rejection
}
