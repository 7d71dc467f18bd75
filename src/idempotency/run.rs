//! One delivery's task: claim the message, run the handler under the lease, settle the claim.

use std::{future::poll_fn, pin::pin, time::Duration};

use http::{Request, Response, StatusCode};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::AbortOnDropHandle;
use tower_service::Service;
use tracing::Instrument as _;

use super::{
    layer::{IdempotencyLayer, Times},
    log,
    store::{Claim, ClaimToken, IdempotencyStore, MessageKey},
};
use crate::{
    BoxError,
    error::stops_retries,
    rejection::{Rejection, RejectionKind},
    response::{body::ResponseBody, failure::Failure, refusal::short_answer},
    timeout::in_time,
    verify::delivery::VerifiedDelivery,
};

/// A store that was down for a moment need not cost a second run.
const PAUSES_BETWEEN_COMPLETIONS: [Duration; 3] = [
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(800),
];

pub(super) struct Run<St> {
    layer: IdempotencyLayer<St>,
    key: MessageKey,
    delivery: VerifiedDelivery,
}

/// Why a handler has no answer.
enum Ended {
    Panicked,
    TimedOut,
    ShutDown,
}

impl<St: IdempotencyStore> Run<St> {
    pub(super) fn new(layer: IdempotencyLayer<St>, delivery: VerifiedDelivery) -> Self {
        let key = MessageKey::new(layer.shared.scope.clone(), delivery.message_id());
        Self {
            layer,
            key,
            delivery,
        }
    }

    /// The answer to this delivery, whether or not the handler was run for it.
    pub(super) async fn once<S, B, ResB>(
        self,
        inner: S,
        request: Request<B>,
    ) -> Result<Response<ResponseBody<ResB>>, S::Error>
    where
        S: Service<Request<B>, Response = Response<ResB>> + Send + 'static,
        S::Future: Send,
        S::Error: Send + 'static,
        B: Send + 'static,
        ResB: Send + 'static,
    {
        let mut lease = Lease::begin(self.times().lease);
        let token = match self.claim().await {
            Ok(Claim::Claimed(token)) => token,
            Ok(Claim::Completed) => return Ok(self.duplicate()),
            Ok(Claim::InProgress) => return Ok(self.in_progress()),
            Err(error) => return Ok(self.store_failed(RejectionKind::StoreUnavailable, error)),
        };
        if lease.is_over() {
            return Ok(self.claimed_too_late(token).await);
        }
        let handler = spawn(inner, request);
        match self.watch(handler, token, &mut lease).await {
            Ok(answer) => self.settle(answer, token, &mut lease).await,
            Err(ended) => Ok(self.give_up(ended, token).await),
        }
    }

    async fn claim(&self) -> Result<Claim, BoxError> {
        let claim = self.store().claim(&self.key, self.times().lease);
        self.answer_in_time(claim).await
    }

    /// Waits for the handler while it keeps the lease alive, but not for ever.
    async fn watch<T>(
        &self,
        handler: AbortOnDropHandle<T>,
        token: ClaimToken,
        lease: &mut Lease,
    ) -> Result<T, Ended> {
        let alive = async {
            self.keep_alive(token, lease).await;
            self.lost_lease(lease);
        };
        let ended = while_polling(self.end_of(handler), alive).await;
        self.notice_a_lost(lease);
        ended
    }

    /// The handler's answer, within the longest run.
    async fn end_of<T>(&self, mut handler: AbortOnDropHandle<T>) -> Result<T, Ended> {
        if let Ok(ended) = timeout(self.times().longest_run, &mut handler).await {
            return ended.map_err(|error| match error.is_panic() {
                true => Ended::Panicked,
                false => Ended::ShutDown,
            });
        }
        handler.abort();
        // One that blocks its thread may answer after all.
        match timeout(self.times().lease, handler).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if error.is_panic() => Err(Ended::Panicked),
            Ok(Err(_)) => Err(Ended::TimedOut),
            Err(_) => {
                log::not_stopped(&self.key);
                Err(Ended::TimedOut)
            }
        }
    }

    /// Extends the lease every third of it, until the store says that it is lost, or the message completed.
    /// After a failure again soon: a store that comes back before the lease is over must find it.
    async fn keep_alive(&self, token: ClaimToken, lease: &mut Lease) {
        let patience = self.times().store_timeout.min(lease.length / 6);
        let mut pause = (lease.length / 3).saturating_sub(lease.renewed.elapsed());
        loop {
            sleep(pause).await;
            let asked = Instant::now();
            let extension = self.store().extend(&self.key, token, lease.length);
            pause = match in_time(patience, "store", extension).await {
                Ok(true) => {
                    lease.renewed = asked;
                    lease.length / 3
                }
                Ok(false) => return,
                Err(error) => {
                    self.layer.shared.counters.store_failures.add();
                    log::not_extended(&self.key, &*error);
                    lease.length / 24
                }
            };
        }
    }

    /// The store may have failed, or the process itself stood still.
    fn notice_a_lost(&self, lease: &mut Lease) {
        if !lease.is_lost && lease.is_over() {
            self.lost_lease(lease);
        }
    }

    fn lost_lease(&self, lease: &mut Lease) {
        lease.is_lost = true;
        self.layer.shared.counters.lost_leases.add();
        log::lost_lease(&self.key);
    }

    /// Success and "never again" are final; anything else may be tried again.
    async fn settle<ResB, E>(
        &self,
        answer: Result<Response<ResB>, E>,
        token: ClaimToken,
        lease: &mut Lease,
    ) -> Result<Response<ResponseBody<ResB>>, E> {
        match answer {
            Ok(response) if is_final(&response) => match self.complete(token, lease).await {
                Ok(()) => Ok(response.map(ResponseBody::inner)),
                Err(error) => Ok(self.store_failed(RejectionKind::CompletionNotRecorded, error)),
            },
            other => {
                if let Ok(response) = &other
                    && let Some(failure) = response.extensions().get::<Failure>()
                {
                    failure.log(&self.delivery);
                }
                self.layer.shared.counters.released.add();
                self.release(token).await;
                other.map(|response| response.map(ResponseBody::inner))
            }
        }
    }

    /// All tries together take no longer than one answer may, since the sender is waiting.
    async fn complete(&self, token: ClaimToken, lease: &mut Lease) -> Result<(), BoxError> {
        let completion = self.answer_in_time(async {
            let mut pauses = PAUSES_BETWEEN_COMPLETIONS.into_iter();
            loop {
                let completion = self.store().complete(&self.key, self.times().retention);
                match (completion.await, pauses.next()) {
                    (Ok(()), _) => return Ok(()),
                    (Err(error), None) => return Err(error),
                    (Err(_), Some(pause)) => sleep(pause).await,
                }
            }
        });
        let completed = while_polling(completion, self.keep_alive(token, lease)).await;
        self.notice_a_lost(lease);
        completed?;
        self.layer.shared.counters.completed.add();
        Ok(())
    }

    async fn release(&self, token: ClaimToken) {
        let release = self.store().release(&self.key, token);
        if let Err(error) = self.answer_in_time(release).await {
            self.layer.shared.counters.store_failures.add();
            log::not_released(&self.key, self.times().lease, &*error);
        }
    }

    async fn give_up<ResB>(&self, ended: Ended, token: ClaimToken) -> Response<ResponseBody<ResB>> {
        self.layer.shared.counters.released.add();
        self.release(token).await;
        let kind = match ended {
            Ended::Panicked => RejectionKind::HandlerPanicked,
            Ended::TimedOut => RejectionKind::HandlerTimedOut,
            Ended::ShutDown => RejectionKind::ShuttingDown,
        };
        Rejection::of(kind, &self.delivery).to_response()
    }

    /// Another may have claimed the message since, and run beside this one.
    async fn claimed_too_late<ResB>(&self, token: ClaimToken) -> Response<ResponseBody<ResB>> {
        self.release(token).await;
        let lease = self.times().lease;
        let error = format!("the store answered a claim when its lease of {lease:?} was over");
        self.store_failed(RejectionKind::StoreUnavailable, error.into())
    }

    fn duplicate<ResB>(&self) -> Response<ResponseBody<ResB>> {
        self.layer.shared.counters.duplicates.add();
        log::duplicate(&self.key);
        short_answer(StatusCode::OK, "already processed")
    }

    fn in_progress<ResB>(&self) -> Response<ResponseBody<ResB>> {
        self.layer.shared.counters.in_progress.add();
        Rejection::of(RejectionKind::MessageInProgress, &self.delivery).to_response()
    }

    fn store_failed<ResB>(
        &self,
        kind: RejectionKind,
        error: BoxError,
    ) -> Response<ResponseBody<ResB>> {
        self.layer.shared.counters.store_failures.add();
        Rejection::caused(kind, &self.delivery, error).to_response()
    }

    fn store(&self) -> &St {
        &self.layer.shared.store
    }

    fn times(&self) -> &Times {
        &self.layer.times
    }

    async fn answer_in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, St::Error>>,
    ) -> Result<T, BoxError> {
        in_time(self.times().store_timeout, "store", answer).await
    }
}

/// What a run knows of its hold on the message.
struct Lease {
    length: Duration,
    /// When it was last asked for, with success.
    renewed: Instant,
    is_lost: bool,
}

impl Lease {
    fn begin(length: Duration) -> Self {
        Self {
            length,
            renewed: Instant::now(),
            is_lost: false,
        }
    }

    fn is_over(&self) -> bool {
        self.length <= self.renewed.elapsed()
    }
}

/// The output of `main`; `background` goes on beside it for as long.
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

/// In a task of its own: a panic ends nothing else, and one that blocks its thread does not keep the
/// lease from being extended.
fn spawn<S, B>(
    mut inner: S,
    request: Request<B>,
) -> AbortOnDropHandle<Result<S::Response, S::Error>>
where
    S: Service<Request<B>> + Send + 'static,
    S::Future: Send,
    S::Response: Send + 'static,
    S::Error: Send + 'static,
    B: Send + 'static,
{
    let handling = async move {
        poll_fn(|cx| inner.poll_ready(cx)).await?;
        inner.call(request).await
    };
    AbortOnDropHandle::new(tokio::spawn(handling.in_current_span()))
}

fn is_final<B>(response: &Response<B>) -> bool {
    response.status().is_success() || stops_retries(response.headers())
}
