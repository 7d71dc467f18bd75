//! The axum extractors. They depend on axum-core only.

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::verified_event::VerifiedClerkEvent;
use crate::{rejection::Rejection, verify::delivery::VerifiedDelivery};

/// Decodes the delivery that [`ClerkWebhookLayer`](crate::ClerkWebhookLayer) put into the request's
/// extensions. Without the layer the response is 500, and the log says where to add it.
impl<T, S> FromRequestParts<S> for VerifiedClerkEvent<T>
where
    T: DeserializeOwned + 'static,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Self::decode(delivery_of(parts)?)
    }
}

/// Takes the delivery that [`ClerkWebhookLayer`](crate::ClerkWebhookLayer) put into the request's
/// extensions, for handlers that do not decode it. Without the layer the response is 500, and the log says
/// where to add it.
impl<S: Send + Sync> FromRequestParts<S> for VerifiedDelivery {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        delivery_of(parts)
    }
}

fn delivery_of(parts: &Parts) -> Result<VerifiedDelivery, Rejection> {
    let path = parts.uri.path();
    parts.extensions.get().cloned().ok_or_else(|| {
        Rejection::missing_layer(format!(
            "the request to {path:?} did not pass a `ClerkWebhookLayer`: put \
             `.route_layer(ClerkWebhookLayer::from_env()?)` on the method route of this handler, as in \
             `.route({path:?}, post(handler).route_layer(clerk))`"
        ))
    })
}
