//! The axum extractors. They depend on axum-core only.

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::verified_event::VerifiedClerkEvent;
use crate::{
    layer::delivery::delivery_of, rejection::Rejection, verify::delivery::VerifiedDelivery,
};

/// Decodes the delivery that [`ClerkWebhookLayer`](crate::ClerkWebhookLayer) put into the request's
/// extensions. Without the layer the response is 500, and the log says where to add it.
impl<T, S> FromRequestParts<S> for VerifiedClerkEvent<T>
where
    T: DeserializeOwned + 'static,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Self::decode(delivery_in(parts)?)
    }
}

/// Takes the delivery that [`ClerkWebhookLayer`](crate::ClerkWebhookLayer) put into the request's
/// extensions, for handlers that do not decode it. Without the layer the response is 500, and the log says
/// where to add it.
impl<S: Send + Sync> FromRequestParts<S> for VerifiedDelivery {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        delivery_in(parts)
    }
}

fn delivery_in(parts: &Parts) -> Result<VerifiedDelivery, Rejection> {
    let fix = "put `.route_layer(ClerkWebhookLayer::from_env()?)` on the method route of this handler, as in \
               `.route(path, post(handler).route_layer(clerk))`";
    delivery_of(&parts.extensions, parts.uri.path(), fix)
}
