//! [`VerifiedBody`]: the request body that the inner service gets.

use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::verify::delivery::VerifiedDelivery;

/// The request body inside a [`ClerkWebhookLayer`](crate::ClerkWebhookLayer): complete and verified.
///
/// Only the layer makes one: a service that takes a `Request<VerifiedBody>` never gets an unverified
/// request. Most services call [`delivery`](Self::delivery). As an [`http_body::Body`] it yields the raw
/// bytes once.
///
/// ```
/// use clerk_webhooks::VerifiedBody;
/// use http::{Request, Response};
///
/// async fn handle(request: Request<VerifiedBody>) -> Response<String> {
///     Response::new(format!("got {}", request.body().delivery().message_id()))
/// }
/// ```
pub struct VerifiedBody {
    verified: VerifiedDelivery,
    is_read: bool,
}

impl VerifiedBody {
    pub(super) fn new(verified: VerifiedDelivery) -> Self {
        Self {
            verified,
            is_read: false,
        }
    }

    /// The delivery: message id, time, raw bytes. It is complete even after the body was read.
    ///
    /// ```
    /// # use bytes::Bytes;
    /// # use clerk_webhooks::{ClerkWebhookLayer, SigningSecret, testing::{SignedRequest, fixtures}};
    /// # use http_body_util::{BodyExt as _, Full};
    /// # use tower::{Layer as _, ServiceExt as _, service_fn};
    /// use std::convert::Infallible;
    ///
    /// use clerk_webhooks::VerifiedBody;
    /// use http::{Request, Response};
    ///
    /// async fn handle(request: Request<VerifiedBody>) -> Result<Response<String>, Infallible> {
    ///     let delivery = request.body().delivery();
    ///     Ok(Response::new(format!("got {}", delivery.message_id())))
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// # let service = ClerkWebhookLayer::new(secret.clone()).layer(service_fn(handle));
    /// # let request = SignedRequest::new(&secret, fixtures::user_created()).with_message_id("msg_1");
    /// # let response = service.oneshot(request.into_request::<Full<Bytes>>("/".parse()?)).await?;
    /// # assert_eq!(response.into_body().collect().await?.to_bytes(), "got msg_1");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn delivery(&self) -> &VerifiedDelivery {
        &self.verified
    }

    /// The delivery, by value.
    ///
    /// ```
    /// # use bytes::Bytes;
    /// # use clerk_webhooks::{ClerkWebhookLayer, SigningSecret, testing::{SignedRequest, fixtures}};
    /// # use http_body_util::{BodyExt as _, Full};
    /// # use tower::{Layer as _, ServiceExt as _, service_fn};
    /// use clerk_webhooks::{Rejection, VerifiedBody, VerifiedClerkEvent};
    /// use http::{Request, Response};
    ///
    /// async fn handle(request: Request<VerifiedBody>) -> Result<Response<String>, Rejection> {
    ///     let delivery = request.into_body().into_delivery();
    ///     let event: VerifiedClerkEvent = VerifiedClerkEvent::decode(delivery)?;
    ///     Ok(Response::new(event.event_type().to_string()))
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// # let service = ClerkWebhookLayer::new(secret.clone()).layer(service_fn(handle));
    /// # let request = SignedRequest::new(&secret, fixtures::user_created()).with_message_id("msg_1");
    /// # let response = service.oneshot(request.into_request::<Full<Bytes>>("/".parse()?)).await?;
    /// # assert_eq!(response.into_body().collect().await?.to_bytes(), "user.created");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn into_delivery(self) -> VerifiedDelivery {
        self.verified
    }

    fn unread(&self) -> &[u8] {
        if self.is_read {
            &[]
        } else {
            self.verified.raw_body()
        }
    }
}

impl Body for VerifiedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.is_end_stream() {
            return Poll::Ready(None);
        }
        self.is_read = true;
        Poll::Ready(Some(Ok(Frame::data(self.verified.raw_body().clone()))))
    }

    fn is_end_stream(&self) -> bool {
        self.unread().is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.unread().len() as u64)
    }
}

impl fmt::Debug for VerifiedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedBody")
            .field("verified", &self.verified)
            .field("is_read", &self.is_read)
            .finish()
    }
}
