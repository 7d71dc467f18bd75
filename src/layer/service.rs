//! The service: judges headers in `call`, leaves the rest to the future.

use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{
    body::{ResponseBody, VerifiedBody},
    future::ResponseFuture,
};
use crate::{
    BoxError,
    rejection::{Rejection, RejectionKind},
    verify::{PendingVerification, verifier::Verifier},
};

/// The middleware that [`ClerkWebhookLayer`](crate::ClerkWebhookLayer) makes; see the
/// [module's documentation](super) for what a request goes through.
#[derive(Debug, Clone)]
pub struct ClerkWebhook<S> {
    inner: S,
    verifier: Verifier,
    max_body_bytes: usize,
}

impl<S> ClerkWebhook<S> {
    pub(super) fn new(inner: S, verifier: Verifier, max_body_bytes: usize) -> Self {
        Self {
            inner,
            verifier,
            max_body_bytes,
        }
    }

    /// What can be said without reading the body.
    fn judge_unread<B: Body>(
        &self,
        request: &Request<B>,
    ) -> Result<PendingVerification, Rejection> {
        let pending = self.verifier.check_headers(request.headers())?;
        let declared = request.body().size_hint().lower();
        if usize::try_from(declared).is_ok_and(|declared| declared <= self.max_body_bytes) {
            Ok(pending)
        } else {
            let rejection = Rejection::new(RejectionKind::BodyTooLarge);
            Err(rejection.with_message_id(pending.message_id()))
        }
    }
}

impl<S, B, ResB> Service<Request<B>> for ClerkWebhook<S>
where
    S: Service<Request<VerifiedBody>, Response = Response<ResB>> + Clone,
    B: Body,
    B::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<ResB>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B>;

    /// Always ready: the inner service is asked after verification.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.judge_unread(&request) {
            Ok(pending) => {
                let inner = self.inner.clone();
                ResponseFuture::reading(inner, request, pending, self.max_body_bytes)
            }
            Err(rejection) => ResponseFuture::rejected(rejection),
        }
    }
}
