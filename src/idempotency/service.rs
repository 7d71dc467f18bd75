//! The service: finds the verified delivery and passes it to a task.

use std::{
    fmt,
    future::poll_fn,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower_service::Service;

use super::{
    endpoint::Endpoint,
    future::ResponseFuture,
    running::Running,
    store::{IdempotencyStore, Outcome},
};
use crate::{
    error::stops_retries,
    layer::delivery::delivery_of,
    response::{body::ResponseBody, failure::Failure},
    verify::delivery::VerifiedDelivery,
};

/// The middleware that [`IdempotencyLayer`](super::IdempotencyLayer) makes. The
/// [module's documentation](super) says how each case ends.
pub struct Idempotency<S, St> {
    inner: S,
    endpoint: Endpoint<St>,
}

impl<S, St> Idempotency<S, St> {
    pub(super) fn new(inner: S, endpoint: Endpoint<St>) -> Self {
        Self { inner, endpoint }
    }

    /// The inner service.
    ///
    /// ```
    /// use clerk_webhooks::idempotency::{IdempotencyLayer, MemoryStore};
    /// use tower::Layer as _;
    ///
    /// #[derive(Debug, PartialEq)]
    /// struct MyService;
    ///
    /// let idempotency = IdempotencyLayer::new(MemoryStore::new(), "users");
    /// let service = idempotency.layer(MyService);
    /// assert_eq!(service.get_ref(), &MyService);
    /// assert_eq!(service.into_inner(), MyService);
    /// ```
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, mutably.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service, by value. See [`get_ref`](Self::get_ref) for an example.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

const MISPLACED: &str = "`IdempotencyLayer` belongs inside it; with `route_layer` the last call is the outer \
    layer: `post(handler).route_layer(idempotency).route_layer(clerk)`; in a `ServiceBuilder` the first call \
    is: `.layer(clerk).layer(idempotency)`";

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

    /// Always ready. The inner service is polled for readiness after the claim, so that a duplicate is answered
    /// at once even when the inner service is busy.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let delivery = delivery_of(request.extensions(), request.uri().path(), MISPLACED);
        let handling = handle(self.inner.clone(), request);
        ResponseFuture::new(match delivery {
            Ok(verified) => self.endpoint.start(verified, handling, judge),
            Err(rejection) => Running::refused(rejection),
        })
    }
}

async fn handle<S, B>(mut inner: S, request: Request<B>) -> Result<S::Response, S::Error>
where
    S: Service<Request<B>>,
{
    poll_fn(|cx| inner.poll_ready(cx)).await?;
    inner.call(request).await
}

/// Success and permanent failure complete the message. After any other answer it may run again.
fn judge<B, E>(answer: &Result<Response<B>, E>, delivery: &VerifiedDelivery) -> Option<Outcome> {
    let response = answer.as_ref().ok()?;
    if let Some(failure) = response.extensions().get::<Failure>() {
        failure.log(delivery);
    }
    if response.status().is_success() {
        return Some(Outcome::Succeeded);
    }
    stops_retries(response.headers()).then_some(Outcome::PermanentlyFailed)
}

/// Written by hand, since the store is shared and need not be `Clone`.
impl<S: Clone, St> Clone for Idempotency<S, St> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), self.endpoint.clone())
    }
}

impl<S: fmt::Debug, St> fmt::Debug for Idempotency<S, St> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idempotency")
            .field("inner", &self.inner)
            .field("scope", &self.endpoint.shared.scope)
            .field("settings", &self.endpoint.settings)
            .finish_non_exhaustive()
    }
}
