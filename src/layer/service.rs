//! [`ClerkWebhook`]: the service. It checks the headers in `call`; its future does the rest.

use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{body::VerifiedBody, future::ResponseFuture, restyle::Restyle};
use crate::{
    BoxError,
    endpoint::{endpoint::WebhookEndpoint, reading::Reading},
    rejection::Rejection,
    response::body::ResponseBody,
};

/// The middleware that [`ClerkWebhookLayer`](crate::ClerkWebhookLayer) makes. The [module
/// documentation](super) lists the steps of a request.
#[derive(Debug, Clone)]
pub struct ClerkWebhook<S> {
    inner: S,
    endpoint: WebhookEndpoint,
    restyle: Restyle,
}

impl<S> ClerkWebhook<S> {
    pub(super) fn new(inner: S, endpoint: WebhookEndpoint, restyle: Restyle) -> Self {
        Self {
            inner,
            endpoint,
            restyle,
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

    /// Runs all checks that do not need the body. A middleware outside may hide the body's size hint, so
    /// `Content-Length` counts too.
    fn check_unread<B: Body>(&self, request: &Request<B>) -> Result<Reading, Rejection> {
        let mut reading = self.endpoint.check_headers(request.headers())?;
        reading.expect_bytes(request.body().size_hint().lower())?;
        Ok(reading)
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

    /// Always ready. The inner service is polled for readiness after verification.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.check_unread(&request) {
            Ok(reading) => {
                ResponseFuture::reading(self.inner.clone(), request, reading, self.restyle.clone())
            }
            Err(rejection) => {
                self.endpoint
                    .observer()
                    .refused(&rejection, request.uri().path());
                ResponseFuture::refused(rejection, self.restyle.clone())
            }
        }
    }
}
