//! The mirror as the service of a route.

use std::{
    convert::Infallible,
    fmt, io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use clerk_webhooks::{
    RawClerkEvent, Rejection, VerifiedClerkEvent, VerifiedDelivery, WebhookError,
    layer::ResponseBody,
};
use http::{Request, Response, StatusCode};
use tokio::time::timeout;
use tower_service::Service;

use crate::{engine::Engine, error::MirrorError, mirror::Mirror};

/// Shorter than the 15 seconds that the sender waits for an answer.
const LONGEST: Duration = Duration::from_secs(10);

/// Applies every verified delivery to the tables. See [`Mirror::service`].
#[must_use = "a service does nothing until it is called"]
pub struct MirrorService<DB: Engine> {
    mirror: Mirror<DB>,
}

impl<DB: Engine> Mirror<DB> {
    /// The service for the route: it applies each event in a transaction of its own, then answers 204.
    ///
    /// It belongs inside a [`ClerkWebhookLayer`](clerk_webhooks::ClerkWebhookLayer); in axum, mount it with
    /// `post_service`.
    ///
    /// | | the sender gets |
    /// |---|---|
    /// | applied, stale, or no table is about it | 204 |
    /// | the body is not an event | 422 |
    /// | the database fails, or does not answer in 10 s | 500; the sender retries |
    pub fn service(&self) -> MirrorService<DB> {
        MirrorService {
            mirror: self.clone(),
        }
    }
}

impl<DB: Engine, B> Service<Request<B>> for MirrorService<DB> {
    type Response = Response<ResponseBody<String>>;
    type Error = Infallible;
    type Future = MirrorFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> MirrorFuture {
        let delivery = request.extensions().get::<VerifiedDelivery>().cloned();
        let mirror = self.mirror.clone();
        MirrorFuture(Box::pin(async move {
            let Some(delivery) = delivery else {
                return Rejection::missing_setup(MISPLACED).to_response();
            };
            match VerifiedClerkEvent::<RawClerkEvent>::decode(delivery) {
                Ok(event) => answer(&mirror, &event).await,
                Err(rejection) => rejection.to_response(),
            }
        }))
    }
}

const MISPLACED: &str = "the request did not pass a `ClerkWebhookLayer`; the mirror's service belongs inside it, as \
    in `.route(path, post_service(mirror.service()).route_layer(clerk))`";

async fn answer<DB: Engine>(
    mirror: &Mirror<DB>,
    event: &VerifiedClerkEvent<RawClerkEvent>,
) -> Response<ResponseBody<String>> {
    let applied = timeout(LONGEST, mirror.apply_alone(event.message_id(), event));
    let applied = applied.await.unwrap_or_else(|elapsed| {
        let late = sqlx::Error::Io(io::Error::from(elapsed));
        Err(MirrorError::of(DB::NAME, "apply an event")(late))
    });
    match applied {
        Ok(_) => {
            let mut response = Response::new(ResponseBody::default());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        Err(error) => WebhookError::retry(error).to_response(),
    }
}

/// Written by hand, since the engine need not be `Clone`.
impl<DB: Engine> Clone for MirrorService<DB> {
    fn clone(&self) -> Self {
        Self {
            mirror: self.mirror.clone(),
        }
    }
}

impl<DB: Engine> fmt::Debug for MirrorService<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MirrorService")
            .field("mirror", &self.mirror)
            .finish()
    }
}

/// The future of [`MirrorService`].
#[must_use = "futures do nothing unless polled"]
pub struct MirrorFuture(Pin<Box<dyn Future<Output = Response<ResponseBody<String>>> + Send>>);

impl Future for MirrorFuture {
    type Output = Result<Response<ResponseBody<String>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for MirrorFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MirrorFuture").finish_non_exhaustive()
    }
}
