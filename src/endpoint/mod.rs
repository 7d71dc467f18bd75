//! [`WebhookEndpoint`](crate::WebhookEndpoint): receives deliveries without any framework.
//!
//! The tower layer and the adapters for other web frameworks are built on it. Use it where a framework does
//! not use tower:
//!
//! 1. [`receive`](crate::WebhookEndpoint::receive) checks the headers, before you read the body.
//! 2. [`push`](IncomingDelivery::push) takes each chunk of the body, up to the limit.
//! 3. [`finish`](IncomingDelivery::finish) verifies the signature and returns the delivery.
//!
//! Every error is a [`Rejection`](crate::Rejection) that is logged already, with the path of the request.
//! [`Rejection::to_response`](crate::Rejection::to_response) makes the response.
//!
//! ```
//! use clerk_webhooks::{Rejection, VerifiedClerkEvent, WebhookEndpoint};
//! use http::{Request, Response};
//!
//! // `chunks` stands for the body of your framework.
//! fn handle(endpoint: &WebhookEndpoint, request: &Request<()>, chunks: Vec<bytes::Bytes>) -> Response<String> {
//!     match receive(endpoint, request, chunks) {
//!         Ok(event) => Response::new(format!("got a {}", event.event_type())),
//!         Err(rejection) => rejection.to_response(),
//!     }
//! }
//!
//! fn receive(
//!     endpoint: &WebhookEndpoint,
//!     request: &Request<()>,
//!     chunks: Vec<bytes::Bytes>,
//! ) -> Result<VerifiedClerkEvent, Rejection> {
//!     let mut incoming = endpoint.receive(request.headers(), request.uri().path())?;
//!     for chunk in chunks {
//!         incoming.push(chunk)?;
//!     }
//!     VerifiedClerkEvent::decode(incoming.finish()?)
//! }
//! # use clerk_webhooks::{SigningSecret, testing::{SignedRequest, fixtures}};
//! # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
//! # let signed = SignedRequest::new(&secret, fixtures::user_created());
//! # let mut request = Request::new(());
//! # *request.headers_mut() = signed.headers();
//! # let endpoint = WebhookEndpoint::new(secret);
//! # let response = handle(&endpoint, &request, vec![signed.body().clone()]);
//! # assert_eq!(response.body(), "got a user.created");
//! # assert_eq!(handle(&endpoint, &request, Vec::new()).status(), 400);
//! # Ok::<(), clerk_webhooks::SecretError>(())
//! ```

mod clock_watch;
mod collected;
#[expect(
    clippy::module_inception,
    reason = "the module's main type has its name"
)]
pub(crate) mod endpoint;
mod incoming;
pub(crate) mod observer;
pub(crate) mod reading;
mod refusals;
mod rotation_watch;
mod secrets_file;
mod settings;

pub use self::{incoming::IncomingDelivery, secrets_file::SecretsFile};
