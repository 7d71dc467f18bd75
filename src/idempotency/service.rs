//! The service: finds the verified delivery, hands it to a task.

use std::{
    fmt,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower_service::Service;
use tracing::Instrument as _;

use super::{
    future::ResponseFuture,
    layer::IdempotencyLayer,
    log,
    run::Run,
    store::{IdempotencyStore, MessageKey},
};
use crate::{
    layer::body::ResponseBody,
    rejection::{Rejection, RejectionKind},
    verify::delivery::VerifiedDelivery,
};

/// The middleware that [`IdempotencyLayer`] makes; see the [module's documentation](super) for how each
/// case ends.
pub struct Idempotency<S, St> {
    inner: S,
    layer: IdempotencyLayer<St>,
}

impl<S, St> Idempotency<S, St> {
    pub(super) fn new(inner: S, layer: IdempotencyLayer<St>) -> Self {
        Self { inner, layer }
    }

    fn key<B>(&self, request: &Request<B>) -> Result<MessageKey, Rejection> {
        match request.extensions().get::<VerifiedDelivery>() {
            Some(verified) => {
                let scope = self.layer.shared.scope.clone();
                Ok(MessageKey::new(scope, verified.message_id()))
            }
            None => {
                let rejection = Rejection::new(RejectionKind::MissingLayer);
                log::misplaced(&rejection, request.uri().path());
                Err(rejection)
            }
        }
    }
}

impl<S, St, B, ResB> Service<Request<B>> for Idempotency<S, St>
where
    S: Service<Request<B>, Response = Response<ResB>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send + 'static,
    St: IdempotencyStore,
    B: Send + 'static,
    ResB: Send + 'static,
{
    type Response = Response<ResponseBody<ResB>>;
    type Error = S::Error;
    type Future = ResponseFuture<ResB, S::Error>;

    /// Always ready: the inner service is asked after the claim, so that a duplicate is answered at once
    /// however busy it is.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let key = match self.key(&request) {
            Ok(key) => key,
            Err(rejection) => return ResponseFuture::refused(rejection),
        };
        let running = &self.layer.shared.running;
        // Counted before the look, so that a drain that begins in between waits for this one.
        let _counted = running.token();
        if running.is_closed() {
            return refused_for_now(RejectionKind::ShuttingDown, &key);
        }
        if running.len() > self.layer.max_running {
            return refused_for_now(RejectionKind::TooManyRunning, &key);
        }
        let run = Run::new(self.layer.clone(), key.clone());
        let answer = run.once(self.inner.clone(), request);
        ResponseFuture::running(key, running.spawn(answer.in_current_span()))
    }
}

fn refused_for_now<B, E>(kind: RejectionKind, key: &MessageKey) -> ResponseFuture<B, E> {
    let rejection = Rejection::new(kind).with_message_id(key.message_id());
    log::refused_for_now(&rejection);
    ResponseFuture::refused(rejection)
}

/// Of a shared store, which need not be `Clone` itself.
impl<S: Clone, St> Clone for Idempotency<S, St> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), self.layer.clone())
    }
}

impl<S: fmt::Debug, St> fmt::Debug for Idempotency<S, St> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idempotency")
            .field("inner", &self.inner)
            .field("layer", &self.layer)
            .finish()
    }
}
