//! axum's traits, through axum-core only.

use axum_core::{
    body::Body,
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::{log, verified_event::VerifiedClerkEvent};
use crate::{
    error::WebhookError,
    layer::refusal,
    rejection::{Rejection, RejectionKind},
    verify::delivery::VerifiedDelivery,
};

/// Takes the delivery that [`ClerkWebhookLayer`](crate::ClerkWebhookLayer) left in the request's
/// extensions. Without the layer the answer is 500, and the log says where to put it.
impl<T, S> FromRequestParts<S> for VerifiedClerkEvent<T>
where
    T: DeserializeOwned + 'static,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        match parts.extensions.get::<VerifiedDelivery>() {
            Some(verified) => Self::decode(verified.clone()),
            None => {
                let rejection = Rejection::new(RejectionKind::MissingLayer);
                log::missing_layer(&rejection, parts.uri.path());
                Err(rejection)
            }
        }
    }
}

/// [`status`](Rejection::status), [`body_text`](Rejection::body_text) and, where there is one,
/// [`retry_after`](Rejection::retry_after), with the rejection in the response's extensions.
impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        refusal::response::<Body>(self).map(Body::new)
    }
}

/// [`status`](WebhookError::status), [`headers`](WebhookError::headers) and
/// [`body_text`](WebhookError::body_text); the error itself goes to the log.
impl IntoResponse for WebhookError {
    fn into_response(self) -> Response {
        log::handler_failed(&self);
        (self.status(), self.headers(), self.body_text()).into_response()
    }
}
