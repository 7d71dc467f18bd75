//! Three ways to store a delivery. The benchmark of `clerk-webhooks-nats` uses this file too.

use std::{future::Future, pin::Pin, sync::Arc};

use axum::body::Body;
use clerk_webhooks::{
    ClerkWebhookLayer, SigningSecret, Verifier,
    queue::{Enqueue, EventQueue, QueuedEvent},
    testing::{SignedRequest, fixtures},
};
use tower::{Layer as _, ServiceExt as _};

use crate::BoxError;

pub(crate) struct Contender {
    pub(crate) name: &'static str,
    store: Box<dyn Fn(SignedRequest) -> Storing + Send + Sync>,
}

pub(crate) type Storing = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

impl Contender {
    pub(crate) fn new<F>(
        name: &'static str,
        store: impl Fn(SignedRequest) -> F + Send + Sync + 'static,
    ) -> Arc<Self>
    where
        F: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        Arc::new(Self {
            name,
            store: Box::new(move |delivery| Box::pin(store(delivery))),
        })
    }

    /// Makes ready what is to be stored; what it takes to poll the future is measured.
    pub(crate) fn store(&self, message_id: String) -> Storing {
        (self.store)(delivery(message_id))
    }
}

/// The first is what the others are measured by.
pub(crate) fn all<Q: EventQueue + Clone>(queue: &Q, bare: Arc<Contender>) -> [Arc<Contender>; 3] {
    [bare, enqueue(queue), request(queue)]
}

/// The queue alone.
fn enqueue<Q: EventQueue + Clone>(queue: &Q) -> Arc<Contender> {
    let queue = queue.clone();
    Contender::new("enqueue", move |delivery| {
        let (queue, event) = (queue.clone(), queued(&delivery));
        async move {
            queue.enqueue(&event, None).await.map_err(Into::into)?;
            Ok(())
        }
    })
}

/// A whole request in process: verified, stored, acknowledged.
fn request<Q: EventQueue + Clone>(queue: &Q) -> Arc<Contender> {
    let clerk = ClerkWebhookLayer::new(Verifier::new(secret()));
    let service = clerk.layer(Enqueue::new(queue.clone()));
    Contender::new("request", move |delivery| {
        let service = service.clone();
        let request = delivery.into_request::<Body>(http::Uri::from_static("/"));
        async move {
            let Ok(response) = service.oneshot(request).await;
            match response.status().as_u16() {
                202 => Ok(()),
                status => Err(format!("answered {status}").into()),
            }
        }
    })
}

fn delivery(message_id: String) -> SignedRequest {
    SignedRequest::new(&secret(), fixtures::user_created()).with_message_id(message_id)
}

pub(crate) fn event(message_id: String) -> QueuedEvent {
    queued(&delivery(message_id))
}

pub(crate) fn queued(delivery: &SignedRequest) -> QueuedEvent {
    let verifier = Verifier::new(secret());
    let verified = verifier.verify(&delivery.headers(), delivery.body().clone());
    QueuedEvent::from(&verified.expect("it is genuine"))
}

fn secret() -> SigningSecret {
    SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("it is one")
}
