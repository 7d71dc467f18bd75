//! Sends deliveries as Svix does.
//!
//! HTTP/1.1 over kept-alive connections, plain or with TLS; the svix headers in random order and mixed case; no
//! redirects. A request is bytes, so that the same bytes can be sent again.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use clerk_webhooks::{SigningSecret, testing::{SignedRequest, fixtures}};
//! use clerk_webhooks_cli::send::{Client, Over, Target, request};
//!
//! # async fn send() -> Result<(), Box<dyn std::error::Error>> {
//! let target: Target = "http://127.0.0.1:3000/webhooks/clerk".parse()?;
//! let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
//! let signed = SignedRequest::new(&secret, fixtures::user_created());
//! let bytes = request(&target, &signed.header_pairs(), signed.body(), &mut fastrand::Rng::new());
//! let (head, rest) = Client::default().send(&bytes, target.origin(), Over::Any).await?;
//! println!("{} {:?}", head.status(), rest.read(Duration::from_secs(5)).await);
//! # Ok(())
//! # }
//! ```

mod client;
mod connection;
mod message_id;
mod request;
mod response;
mod target;
mod tls;

pub use self::{
    client::{Client, Over, Rest, Sent},
    message_id::random_message_id,
    request::{bodiless, request, request_as_is},
    response::Head,
    target::{Origin, Target, TargetError},
};
