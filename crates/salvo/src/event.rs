//! [`VerifiedClerkEvent`]: the extractor.

use std::ops::Deref;

use clerk_webhooks::{ClerkEvent, VerifiedDelivery};
use salvo_core::{
    Depot, Request,
    extract::{Extractible, Metadata},
};
use serde::de::DeserializeOwned;

use crate::rejection::Rejection;

/// The event of a verified delivery, as an extractor. It needs a
/// [`ClerkWebhookHoop`](crate::ClerkWebhookHoop) on the route.
///
/// It dereferences to [`clerk_webhooks::VerifiedClerkEvent`] and through it to the event: a [`ClerkEvent`], or
/// your own type `T`.
///
/// ```
/// use clerk_webhooks::EventData;
/// use clerk_webhooks_salvo::VerifiedClerkEvent;
/// use salvo::prelude::*;
///
/// #[handler]
/// async fn on_event(event: VerifiedClerkEvent) -> StatusCode {
///     if let EventData::UserDeleted(user) = &event.data {
///         println!("{}: {} is gone", event.message_id(), user.id);
///     }
///     StatusCode::NO_CONTENT
/// }
/// ```
///
/// # Errors
///
/// A [`Rejection`]: 422 if the event cannot be decoded, 500 without the hoop.
#[derive(Debug, Clone)]
pub struct VerifiedClerkEvent<T = ClerkEvent>(pub clerk_webhooks::VerifiedClerkEvent<T>);

impl<'ex, T: DeserializeOwned + Send + 'static> Extractible<'ex> for VerifiedClerkEvent<T> {
    fn metadata() -> &'static Metadata {
        static METADATA: Metadata = Metadata::new("VerifiedClerkEvent");
        &METADATA
    }

    #[allow(refining_impl_trait, reason = "the error is part of what users see")]
    async fn extract(request: &'ex mut Request, depot: &'ex mut Depot) -> Result<Self, Rejection> {
        let delivery: Option<&VerifiedDelivery> = depot.get_typed().ok();
        let delivery = delivery.ok_or_else(|| missing_hoop(request.uri().path()));
        let event = delivery
            .cloned()
            .and_then(clerk_webhooks::VerifiedClerkEvent::decode);
        event.map(Self).map_err(Rejection)
    }
}

fn missing_hoop(path: &str) -> clerk_webhooks::Rejection {
    clerk_webhooks::Rejection::missing_setup(format!(
        "the request to {path:?} did not pass a `ClerkWebhookHoop`: put \
         `.hoop(ClerkWebhookHoop::from_env()?)` on the router of this handler, as in \
         `Router::with_path({path:?}).hoop(clerk).post(handler)`"
    ))
}

impl<T> Deref for VerifiedClerkEvent<T> {
    type Target = clerk_webhooks::VerifiedClerkEvent<T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
