//! Three ways to store a delivery.

use std::{future::Future, pin::Pin, sync::Arc};

use axum::body::Body;
use bytes::Bytes;
use clerk_webhooks::{
    ClerkWebhookLayer, SigningSecret, Verifier,
    queue::{Enqueue, EventQueue, QueuedEvent},
    testing::{SignedRequest, fixtures},
};
use clerk_webhooks_nats::{
    async_nats::jetstream::{
        Context,
        message::PublishMessage,
        stream::{Config, DiscardPolicy, RetentionPolicy},
    },
    queue::Queue,
};
use tower::{Layer as _, ServiceExt as _};

use crate::BoxError;

pub(crate) struct Contender {
    pub(crate) name: &'static str,
    store: Box<dyn Fn(SignedRequest) -> Storing + Send + Sync>,
}

pub(crate) type Storing = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

impl Contender {
    fn new<F>(
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

/// The client alone, on a stream with the same settings.
#[derive(Clone)]
pub(crate) struct Bare {
    context: Context,
    subject: String,
}

impl Bare {
    pub(crate) async fn new(context: &Context, name: &str) -> Result<Self, BoxError> {
        let subject = format!("{name}_bare.clerk");
        let stream = context.create_stream(Config {
            name: format!("{name}_bare"),
            subjects: vec![subject.clone()],
            retention: RetentionPolicy::WorkQueue,
            discard: DiscardPolicy::New,
            duplicate_window: std::time::Duration::from_secs(3 * 24 * 3600),
            ..Config::default()
        });
        stream.await?;
        Ok(Self {
            context: context.clone(),
            subject,
        })
    }
}

/// The first is what the others are measured by.
pub(crate) fn all(queue: &Queue, bare: Bare) -> [Arc<Contender>; 3] {
    [publish(bare), enqueue(queue), request(queue)]
}

/// With a message id: deduplication is a part of what is asked for.
fn publish(bare: Bare) -> Arc<Contender> {
    Contender::new("publish", move |delivery| {
        let (bare, event) = (bare.clone(), queued(&delivery));
        let body = Bytes::from(serde_json::to_vec(&event).expect("it is JSON"));
        async move {
            let message = PublishMessage::build().payload(body);
            let message = message.message_id(format!("clerk/{}", event.message_id()));
            let acknowledged = bare.context.send_publish(bare.subject, message).await?;
            match acknowledged.await?.duplicate {
                false => Ok(()),
                true => Err("a duplicate is measured".into()),
            }
        }
    })
}

/// The queue alone.
fn enqueue(queue: &Queue) -> Arc<Contender> {
    let queue = queue.clone();
    Contender::new("enqueue", move |delivery| {
        let (queue, event) = (queue.clone(), queued(&delivery));
        async move {
            queue.enqueue(&event, None).await?;
            Ok(())
        }
    })
}

/// A whole request in process: verified, stored, acknowledged.
fn request(queue: &Queue) -> Arc<Contender> {
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

fn queued(delivery: &SignedRequest) -> QueuedEvent {
    let verifier = Verifier::new(secret());
    let verified = verifier.verify(&delivery.headers(), delivery.body().clone());
    QueuedEvent::from(&verified.expect("it is genuine"))
}

fn secret() -> SigningSecret {
    SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("it is one")
}
