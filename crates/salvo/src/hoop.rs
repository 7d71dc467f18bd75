//! [`ClerkWebhookHoop`]: verifies a delivery before the handler runs.

use clerk_webhooks::{SecretError, VerifiedDelivery, WebhookEndpoint};
use futures_util::StreamExt as _;
use salvo_core::{Depot, FlowCtrl, Handler, Request, Response, Scribe as _, async_trait};

use crate::rejection::Rejection;

/// A hoop that verifies deliveries: a forged one never reaches the handlers behind it.
///
/// It reads the body, puts the [`VerifiedDelivery`] into the depot, where
/// [`VerifiedClerkEvent`](crate::VerifiedClerkEvent) finds it, and gives the body back to the request. A refused
/// delivery is answered with the short text of its [`Rejection`], and the rest of the chain is skipped.
///
/// ```no_run
/// use clerk_webhooks_salvo::{ClerkWebhookHoop, VerifiedClerkEvent};
/// use salvo::prelude::*;
///
/// #[handler]
/// async fn on_event(event: VerifiedClerkEvent) {
///     println!("{}", event.message_id());
/// }
///
/// # fn main() -> Result<(), clerk_webhooks::SecretError> {
/// let clerk = ClerkWebhookHoop::from_env()?;
/// let router = Router::with_path("webhooks/clerk").hoop(clerk).post(on_event);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ClerkWebhookHoop(WebhookEndpoint);

impl ClerkWebhookHoop {
    /// Verifies by the settings of this endpoint: its signing secrets and its body limit.
    #[must_use]
    pub fn new(endpoint: WebhookEndpoint) -> Self {
        Self(endpoint)
    }

    /// As [`WebhookEndpoint::from_env`].
    ///
    /// # Errors
    ///
    /// No secret is set, or one is malformed.
    pub fn from_env() -> Result<Self, SecretError> {
        WebhookEndpoint::from_env().map(Self)
    }

    async fn receive(
        &self,
        request: &mut Request,
    ) -> Result<VerifiedDelivery, clerk_webhooks::Rejection> {
        let mut incoming = self.0.receive(request.headers(), request.uri().path())?;
        let mut body = request.take_body();
        while let Some(frame) = body.next().await {
            match frame.map(http_body::Frame::into_data) {
                Ok(Ok(chunk)) => incoming.push(chunk)?,
                Ok(Err(_trailers)) => {}
                Err(error) => return Err(incoming.fail(error)),
            }
        }
        incoming.finish()
    }
}

#[async_trait]
impl Handler for ClerkWebhookHoop {
    async fn handle(
        &self,
        request: &mut Request,
        depot: &mut Depot,
        response: &mut Response,
        control: &mut FlowCtrl,
    ) {
        match self.receive(request).await {
            Ok(delivery) => {
                request.replace_body(delivery.raw_body().clone().into());
                depot.insert_typed(delivery);
            }
            Err(rejection) => {
                Rejection(rejection).render(response);
                control.skip_rest();
            }
        }
    }
}
