//! One delivery's task: claim the message, run the handler under the lease, settle the claim.

use std::{
    convert::Infallible,
    error::Error,
    future::{self, poll_fn},
    pin::{Pin, pin},
    time::Duration,
};

use http::{Request, Response};
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};
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
        let token = match self.claim().await {
            Ok(Claim::Claimed(token)) => token,
            Ok(Claim::Completed) => return Ok(self.duplicate()),
            Ok(Claim::InProgress) => return Ok(self.in_progress()),
            Err(error) => return Ok(self.store_failed(RejectionKind::StoreUnavailable, &*error)),
        };
        match self.watch(spawn(inner, request), token).await {
            Ok(answer) => self.settle(answer, token).await,
            Err(ended) => Ok(self.give_up(ended, token).await),
        }
    }

    async fn claim(&self) -> Result<Claim, BoxError> {
        let claim = self.store().claim(&self.key, self.times().lease);
        self.answer_in_time(claim).await
    }

    /// Waits for the handler while it keeps the lease alive, but not for ever.
    async fn watch<T>(&self, mut handler: JoinHandle<T>, token: ClaimToken) -> Result<T, Ended> {
        let mut lease = pin!(self.keep_alive(token));
        let ended = poll_fn(|cx| {
            let _ = lease.as_mut().poll(cx);
            Pin::new(&mut handler).poll(cx)
        });
        match timeout(self.times().longest_run, ended).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if error.is_panic() => Err(Ended::Panicked),
            Ok(Err(_)) => Err(Ended::ShutDown),
            Err(_) => {
                handler.abort();
                // So that the next run does not meet this one; one that blocks its thread stays.
                let _ = timeout(self.times().lease, handler).await;
                Err(Ended::TimedOut)
            }
        }
    }

    async fn keep_alive(&self, token: ClaimToken) -> Infallible {
        let lease = self.times().lease;
        loop {
            sleep(lease / 3).await;
            let extension = self.store().extend(&self.key, token, lease);
            match self.answer_in_time(extension).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    self.layer.shared.counters.store_failures.add();
                    log::not_extended(&self.key, &*error);
                }
            }
        }
        self.layer.shared.counters.lost_leases.add();
        log::lost_lease(&self.key);
        future::pending().await
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

    async fn complete(&self) -> Result<(), BoxError> {
        let mut pauses = PAUSES_BETWEEN_COMPLETIONS.into_iter();
        loop {
            let completion = self.store().complete(&self.key, self.times().retention);
            match (self.answer_in_time(completion).await, pauses.next()) {
                (Ok(()), _) => {
                    self.layer.shared.counters.completed.add();
                    return Ok(());
                }
                (Err(error), None) => return Err(error),
                (Err(_), Some(pause)) => sleep(pause).await,
            }
        }
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
        log::handler_ended(&rejection);
        refusal::response(rejection)
    }

    fn duplicate<ResB>(&self) -> Response<ResponseBody<ResB>> {
        self.layer.shared.counters.duplicates.add();
        log::duplicate(&self.key);
        Response::new(ResponseBody::text("already processed"))
    }

    fn in_progress<ResB>(&self) -> Response<ResponseBody<ResB>> {
        self.layer.shared.counters.in_progress.add();
        let rejection = self.rejection(RejectionKind::MessageInProgress);
        log::in_progress(&rejection);
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
        let limit = self.times().store_timeout;
        match timeout(limit, answer).await {
            Ok(answer) => answer.map_err(Into::into),
            Err(_) => Err(format!("the store gave no answer within {limit:?}").into()),
        }
    }
}

/// In a task of its own: a panic ends nothing else, and one that blocks its thread does not keep the
/// lease from being extended.
fn spawn<S, B>(mut inner: S, request: Request<B>) -> JoinHandle<Result<S::Response, S::Error>>
where
    S: Service<Request<B>> + Send + 'static,
    S::Future: Send,
    S::Response: Send + 'static,
    S::Error: Send + 'static,
    B: Send + 'static,
{
    tokio::spawn(async move { inner.call(request).await }.in_current_span())
}

fn is_final<B>(response: &Response<B>) -> bool {
    response.status().is_success() || stops_retries(response.headers())
}
