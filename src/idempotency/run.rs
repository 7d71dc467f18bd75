//! One delivery's task: claim the message, run the handler under the lease, settle the claim.

use std::{
    convert::Infallible,
    error::Error,
    future::{self, poll_fn},
    pin::{Pin, pin},
    time::Duration,
};

use http::{Request, Response, StatusCode};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::AbortOnDropHandle;
use tower::{BoxError, Service};
use tracing::Instrument as _;

use super::{
    layer::{IdempotencyLayer, Times},
    log,
    store::{Claim, ClaimToken, IdempotencyStore, MessageKey},
};
use crate::{
    error::stops_retries,
    layer::{body::ResponseBody, refusal},
    rejection::{Rejection, RejectionKind},
    timeout::in_time,
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
}

/// Why a handler has no answer.
enum Ended {
    Panicked,
    TimedOut,
    ShutDown,
}

impl<St: IdempotencyStore> Run<St> {
    pub(super) fn new(layer: IdempotencyLayer<St>, key: MessageKey) -> Self {
        Self { layer, key }
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
        let lease = Lease::begin();
        let token = match self.claim().await {
            Ok(Claim::Claimed(token)) => token,
            Ok(Claim::Completed) => return Ok(self.duplicate()),
            Ok(Claim::InProgress) => return Ok(self.in_progress()),
            Err(error) => return Ok(self.store_failed(RejectionKind::StoreUnavailable, &*error)),
        };
        match self.watch(spawn(inner, request), token, lease).await {
            Ok(answer) => self.settle(answer, token).await,
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
        mut lease: Lease,
    ) -> Result<T, Ended> {
        let ended = {
            let alive = pin!(self.keep_alive(token, &mut lease));
            beside(alive, self.end_of(handler)).await
        };
        // The process itself may have stood still.
        if !lease.is_lost && self.times().lease <= lease.renewed.elapsed() {
            self.lost_lease();
        }
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

    /// Extends the lease every third of it. After a failure again soon: a store that comes back before the
    /// lease is over must find it.
    async fn keep_alive(&self, token: ClaimToken, lease: &mut Lease) -> Infallible {
        let length = self.times().lease;
        let patience = self.times().store_timeout.min(length / 6);
        let mut pause = length / 3;
        loop {
            sleep(pause).await;
            let asked = Instant::now();
            let extension = self.store().extend(&self.key, token, length);
            pause = match in_time(patience, "store", extension).await {
                Ok(true) => {
                    lease.renewed = asked;
                    length / 3
                }
                Ok(false) => break,
                Err(error) => {
                    self.layer.shared.counters.store_failures.add();
                    log::not_extended(&self.key, &*error);
                    length / 24
                }
            };
        }
        lease.is_lost = true;
        self.lost_lease();
        future::pending().await
    }

    fn lost_lease(&self) {
        self.layer.shared.counters.lost_leases.add();
        log::lost_lease(&self.key);
    }

    /// Success and "never again" are final; anything else may be tried again.
    async fn settle<ResB, E>(
        &self,
        answer: Result<Response<ResB>, E>,
        token: ClaimToken,
    ) -> Result<Response<ResponseBody<ResB>>, E> {
        match answer {
            Ok(response) if is_final(&response) => match self.complete().await {
                Ok(()) => Ok(response.map(ResponseBody::inner)),
                Err(error) => Ok(self.store_failed(RejectionKind::CompletionNotRecorded, &*error)),
            },
            other => {
                self.release(token).await;
                other.map(|response| response.map(ResponseBody::inner))
            }
        }
    }

    /// All tries together take no longer than one answer may, since the sender is waiting.
    async fn complete(&self) -> Result<(), BoxError> {
        self.answer_in_time(async {
            let mut pauses = PAUSES_BETWEEN_COMPLETIONS.into_iter();
            loop {
                let completion = self.store().complete(&self.key, self.times().retention);
                match (completion.await, pauses.next()) {
                    (Ok(()), _) => return Ok(()),
                    (Err(error), None) => return Err(error),
                    (Err(_), Some(pause)) => sleep(pause).await,
                }
            }
        })
        .await?;
        self.layer.shared.counters.completed.add();
        Ok(())
    }

    async fn release(&self, token: ClaimToken) {
        self.layer.shared.counters.released.add();
        let release = self.store().release(&self.key, token);
        if let Err(error) = self.answer_in_time(release).await {
            self.layer.shared.counters.store_failures.add();
            log::not_released(&self.key, self.times().lease, &*error);
        }
    }

    async fn give_up<ResB>(&self, ended: Ended, token: ClaimToken) -> Response<ResponseBody<ResB>> {
        self.release(token).await;
        let rejection = self.rejection(match ended {
            Ended::Panicked => RejectionKind::HandlerPanicked,
            Ended::TimedOut => RejectionKind::HandlerTimedOut,
            Ended::ShutDown => RejectionKind::ShuttingDown,
        });
        match rejection.kind() {
            RejectionKind::ShuttingDown => log::refused_for_now(&rejection),
            _ => log::handler_ended(&rejection),
        }
        refusal::response(rejection)
    }

    fn duplicate<ResB>(&self) -> Response<ResponseBody<ResB>> {
        self.layer.shared.counters.duplicates.add();
        log::duplicate(&self.key);
        refusal::text(StatusCode::OK, "already processed")
    }

    fn in_progress<ResB>(&self) -> Response<ResponseBody<ResB>> {
        self.layer.shared.counters.in_progress.add();
        let rejection = self.rejection(RejectionKind::MessageInProgress);
        log::refused_for_now(&rejection);
        refusal::response(rejection)
    }

    fn store_failed<ResB>(
        &self,
        kind: RejectionKind,
        error: &(dyn Error + 'static),
    ) -> Response<ResponseBody<ResB>> {
        self.layer.shared.counters.store_failures.add();
        let rejection = self.rejection(kind);
        log::store_failed(&rejection, &self.key, error);
        refusal::response(rejection)
    }

    fn rejection(&self, kind: RejectionKind) -> Rejection {
        Rejection::new(kind).with_message_id(self.key.message_id())
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
    /// When it was last asked for, with success.
    renewed: Instant,
    is_lost: bool,
}

impl Lease {
    fn begin() -> Self {
        Self {
            renewed: Instant::now(),
            is_lost: false,
        }
    }
}

/// The output of `main`, with `other` polled beside it.
async fn beside<T>(
    mut other: Pin<&mut impl Future<Output = Infallible>>,
    main: impl Future<Output = T>,
) -> T {
    let mut main = pin!(main);
    poll_fn(|cx| {
        let _ = other.as_mut().poll(cx);
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
