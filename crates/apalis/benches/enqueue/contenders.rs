//! Four ways to store a delivery, the later ones around the earlier.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use apalis_core::task::{Task, builder::TaskBuilder};
use axum::{Router, body::Body, routing::post_service};
use clerk_webhooks::{
    ClerkWebhookLayer, SigningSecret, Verifier,
    queue::{Enqueue, EventQueue, QueuedEvent},
    testing::{SignedRequest, fixtures},
};
use futures_util::{Sink, SinkExt as _};
use http::{Request, StatusCode, Uri};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
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
        let delivery = SignedRequest::new(&secret(), fixtures::user_created());
        (self.store)(delivery.with_message_id(message_id))
    }
}

/// The first is what the others are measured by.
pub(crate) async fn all<Q, S>(queue: &Q, bare: S) -> Result<[Arc<Contender>; 4], BoxError>
where
    Q: EventQueue + Clone,
    S: Sink<Task<Vec<u8>>, Error: Into<BoxError>> + Clone + Send + Sync + Unpin + 'static,
{
    Ok([
        push(bare),
        enqueue(queue),
        request(queue),
        http(queue).await?,
    ])
}

/// apalis' own, of the bytes that the others store.
fn push<S>(bare: S) -> Arc<Contender>
where
    S: Sink<Task<Vec<u8>>, Error: Into<BoxError>> + Clone + Send + Sync + Unpin + 'static,
{
    Contender::new("push", move |delivery| {
        let (mut bare, event) = (bare.clone(), queued(&delivery));
        let bytes = serde_json::to_vec(&event).expect("it is JSON");
        async move {
            let task = TaskBuilder::new(bytes).idempotency_key(event.message_id());
            bare.send(task.build()).await.map_err(Into::into)
        }
    })
}

/// The adapter alone.
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
    let service = clerk().layer(Enqueue::new(queue.clone()));
    Contender::new("request", move |delivery| {
        let service = service.clone();
        let request: Request<Body> = delivery.into_request(Uri::from_static("/"));
        async move {
            let Ok(response) = service.oneshot(request).await;
            is_acknowledged(response.status())
        }
    })
}

/// The same over HTTP/1.1 on loopback, on connections that are kept, from a client in this process.
async fn http<Q: EventQueue + Clone>(queue: &Q) -> Result<Arc<Contender>, BoxError> {
    let service = clerk().layer(Enqueue::new(queue.clone()));
    let app = Router::new().route("/", post_service(service));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async { axum::serve(listener, app).await });

    let idle: Arc<Mutex<Vec<SendRequest<Body>>>> = Arc::default();
    Ok(Contender::new("HTTP", move |delivery| {
        let idle = Arc::clone(&idle);
        let request = delivery.into_request(Uri::from_static("/"));
        async move {
            let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = match kept {
                Some(connection) => connection,
                None => {
                    let stream = TcpStream::connect(address).await?;
                    stream.set_nodelay(true)?;
                    let (connection, driver) = http1::handshake(TokioIo::new(stream)).await?;
                    tokio::spawn(driver);
                    connection
                }
            };
            connection.ready().await?;
            let response = connection.send_request(request).await?;
            idle.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
            is_acknowledged(response.status())
        }
    }))
}

fn is_acknowledged(status: StatusCode) -> Result<(), BoxError> {
    match status {
        StatusCode::ACCEPTED => Ok(()),
        status => Err(format!("answered {status}").into()),
    }
}

fn clerk() -> ClerkWebhookLayer {
    ClerkWebhookLayer::new(Verifier::new(secret()))
}

fn queued(delivery: &SignedRequest) -> QueuedEvent {
    let verifier = Verifier::new(secret());
    let verified = verifier.verify(&delivery.headers(), delivery.body().clone());
    QueuedEvent::from(&verified.expect("it is genuine"))
}

fn secret() -> SigningSecret {
    SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("it is one")
}
