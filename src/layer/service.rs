//! [`ClerkWebhook`]: the service. It checks the headers in `call`; its future does the rest.

use std::task::{Context, Poll};

use http::{HeaderMap, Request, Response, header::CONTENT_LENGTH};
use http_body::Body;
use tower_service::Service;

use super::{body::VerifiedBody, future::ResponseFuture, refusals::Refusals};
use crate::{
    BoxError,
    rejection::Rejection,
    response::body::ResponseBody,
    verify::verifier::{PendingVerification, Verifier},
};

/// The middleware that [`ClerkWebhookLayer`](crate::ClerkWebhookLayer) makes. The [module
/// documentation](super) lists the steps of a request.
#[derive(Debug, Clone)]
pub struct ClerkWebhook<S> {
    inner: S,
    verifier: Verifier,
    max_body_bytes: usize,
    refusals: Refusals,
}

impl<S> ClerkWebhook<S> {
    pub(super) fn new(
        inner: S,
        verifier: Verifier,
        max_body_bytes: usize,
        refusals: Refusals,
    ) -> Self {
        Self {
            inner,
            verifier,
            max_body_bytes,
            refusals,
        }
    }

    /// The inner service.
    ///
    /// ```
    /// use axum::{Router, routing::post};
    /// use clerk_webhooks::{ClerkWebhookLayer, SigningSecret};
    /// use tower::Layer as _;
    ///
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let app: Router = Router::new().route("/webhooks/clerk", post(|| async {}));
    /// let verified = ClerkWebhookLayer::new(secret).layer(app);
    /// assert!(verified.get_ref().has_routes());
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, mutably.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service, by value.
    ///
    /// ```
    /// # use axum::{Router, routing::post};
    /// # use clerk_webhooks::{ClerkWebhookLayer, SigningSecret};
    /// # use tower::Layer as _;
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// # let app: Router = Router::new().route("/webhooks/clerk", post(|| async {}));
    /// let verified = ClerkWebhookLayer::new(secret).layer(app);
    /// let unverified: Router = verified.into_inner();
    /// assert!(unverified.has_routes());
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn into_inner(self) -> S {
        self.inner
    }

    /// Runs all checks that do not need the body.
    fn check_unread<B: Body>(
        &self,
        request: &Request<B>,
    ) -> Result<PendingVerification, Rejection> {
        let pending = self.verifier.check_headers(request.headers())?;
        let hinted = request.body().size_hint().lower();
        let declared = declared_length(request.headers()).max(hinted);
        if usize::try_from(declared).is_ok_and(|declared| declared <= self.max_body_bytes) {
            Ok(pending)
        } else {
            Err(Rejection::body_too_large(pending.message_id()))
        }
    }
}

/// Reads `Content-Length`, because a middleware outside may hide the body's size hint. A value that is not a
/// number counts as 0: rejecting it is up to the HTTP server.
fn declared_length(headers: &HeaderMap) -> u64 {
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    declared.and_then(|text| text.parse().ok()).unwrap_or(0)
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

    /// Always ready. The inner service is polled for readiness after verification.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let refusals = self.refusals.clone();
        match self.check_unread(&request) {
            Ok(pending) => {
                let inner = self.inner.clone();
                ResponseFuture::reading(inner, request, pending, self.max_body_bytes, refusals)
            }
            Err(rejection) => {
                refusals.log(&rejection, request.uri().path());
                ResponseFuture::refused(rejection, refusals)
            }
        }
    }
}
