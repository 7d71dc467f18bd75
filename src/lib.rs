//! Receive [Clerk]'s webhooks: a tower [`Layer`](tower_layer::Layer) verifies them, and a typed extractor
//! gives your axum handler the event.
//!
//! ```no_run
//! use axum::{Router, http::StatusCode, routing::post};
//! use clerk_webhooks::{ClerkWebhookLayer, EventData, VerifiedClerkEvent, WebhookError};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app = Router::new().route(
//!     "/webhooks/clerk",
//!     post(on_event).route_layer(ClerkWebhookLayer::from_env()?),
//! );
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! axum::serve(listener, app).await?;
//! # Ok(())
//! # }
//!
//! async fn on_event(event: VerifiedClerkEvent) -> Result<StatusCode, WebhookError> {
//!     match &event.data {
//!         EventData::UserCreated(user) => println!("welcome, {}", user.id),
//!         EventData::SessionEnded(session) => println!("{} left", session.user_id),
//!         _ => {}
//!     }
//!     Ok(StatusCode::NO_CONTENT)
//! }
//! ```
//!
//! # The pipeline
//!
//! ```text
//!              ClerkWebhookLayer                               VerifiedClerkEvent
//!   ┌─────────────────────────────────────────┐                ┌───────────────┐
//!   headers ──────► body ──────► signature ──► VerifiedDelivery ──► event ──► handler
//!      │              │              │                               │           │
//!   400: missing,  413: too long  400: no match                 422: cannot   its own answer,
//!   malformed,     400: broken                                  be decoded    or WebhookError
//!   stale
//! ```
//!
//! - [`verify`]: checks signatures, without any framework. [`SigningSecret`], [`Verifier`],
//!   [`VerifiedDelivery`].
//! - [`endpoint`]: receives deliveries without any framework: headers first, then the body in chunks.
//!   [`WebhookEndpoint`].
//! - [`layer`]: the tower middleware. [`ClerkWebhookLayer`] passes a [`VerifiedBody`] to the service inside.
//! - [`event`]: Clerk's events and objects. [`ClerkEvent`], [`EventData`], [`EventType`].
//! - [`VerifiedClerkEvent`]: the event in your handler. [`WebhookError`]: the handler's failure, temporary
//!   or permanent.
//! - [`Rejection`]: why a delivery was refused.
//! - `idempotency` (feature): does not run the handler again for a message that was handled before.
//! - `queue` (feature): acknowledges a delivery at once; a worker handles it later, from a durable queue.
//!
//! # Without axum
//!
//! The layer wraps any tower service. In that service, [`VerifiedClerkEvent::decode`] decodes the verified
//! delivery. Without tower, give a [`WebhookEndpoint`] the headers and then the chunks of the body, see
//! [`endpoint`]. Or call [`Verifier::verify`] with the headers and the whole body:
//!
//! ```
//! use clerk_webhooks::{Rejection, VerifiedClerkEvent, Verifier};
//!
//! fn receive(
//!     verifier: &Verifier,
//!     headers: &http::HeaderMap,
//!     body: bytes::Bytes,
//! ) -> Result<VerifiedClerkEvent, Rejection> {
//!     VerifiedClerkEvent::decode(verifier.verify(headers, body)?)
//! }
//! ```
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `axum` | yes | [`VerifiedClerkEvent`] as an extractor; [`Rejection`] and [`WebhookError`] as responses (axum 0.8, through axum-core) |
//! | `idempotency` | no | the module `idempotency`: a layer that answers duplicate deliveries without running the handler again, and a store in memory. Depends on tokio. `clerk-webhooks-sqlx` has stores on SQLite and Postgres, `clerk-webhooks-redis` one on Redis |
//! | `metrics` | no | the module `metrics`: counters, gauges and histograms of deliveries, deduplication and queues, for the recorder of the crate `metrics` |
//! | `queue` | no | the module `queue`: a service that stores deliveries in a durable queue and answers at once, and handlers for the queue's workers. Depends on tokio. `clerk-webhooks-sqlx` has queues on SQLite and Postgres, `clerk-webhooks-nats` one on NATS JetStream |
//! | `testing` | no | the module `testing`: a fixture for every event type, signed requests, a fixed clock, verified events for testing handlers without HTTP |
//!
//! Features are additive: none changes how another part behaves.
//!
//! # Deployment caveats
//!
//! - Clerk delivers every event at least once, in any order, and several at a time. Handlers must be
//!   idempotent or run behind the `idempotency` layer. The [message id](VerifiedClerkEvent::message_id) is
//!   the same on every retry.
//! - The sender waits 15 seconds for a response (Svix' documentation), then retries. Respond first and do
//!   long work afterwards, for example with the feature `queue`.
//! - The signature covers the raw bytes. A proxy that changes the body, even by one space, makes every
//!   delivery fail.
//! - The machine's clock must be right within the [tolerance](Verifier::with_tolerance), 300 seconds by
//!   default.
//! - The layer has no timeout and does not limit how many bodies are read at once. [`layer`] lists the
//!   middleware to put outside it.
//!
//! # Scope
//!
//! Only symmetric signatures (`whsec_...`) are supported. The key of an Ed25519 endpoint (`whpk_...`) is an
//! error when the secret is parsed. Verification works for every sender that signs by [Standard Webhooks]
//! with a symmetric secret. The event model is Clerk's.
//!
//! [Clerk]: https://clerk.com/docs/webhooks/overview
//! [Standard Webhooks]: https://www.standardwebhooks.com

#![cfg_attr(docsrs, feature(doc_cfg))]
// No input may cause a panic. Tests may panic, and examples may print.
#![cfg_attr(
    not(test),
    warn(
        clippy::dbg_macro,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::string_slice,
        clippy::todo,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

pub mod endpoint;
pub mod event;
#[cfg(feature = "idempotency")]
pub mod idempotency;
pub mod layer;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(feature = "queue")]
pub mod queue;
#[cfg(feature = "testing")]
pub mod testing;
pub mod verify;

mod error;
mod error_chain;
mod extract;
#[cfg(not(feature = "metrics"))]
mod metrics;
mod rejection;
mod response;
#[cfg(any(feature = "idempotency", feature = "queue"))]
mod timeout;

pub use self::{
    endpoint::endpoint::WebhookEndpoint,
    error::{Disposition, WebhookError},
    event::{data::EventData, event::ClerkEvent, raw::RawClerkEvent, types::EventType},
    extract::VerifiedClerkEvent,
    layer::{body::VerifiedBody, layer::ClerkWebhookLayer},
    rejection::{Rejection, RejectionKind},
    verify::{
        delivery::VerifiedDelivery, secret::SigningSecret, secret_error::SecretError,
        verifier::Verifier,
    },
};

/// A boxed error: the same type as `BoxError` in tower, axum and tower-http.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Runs the code in the README and the guide as doctests.
#[cfg(all(doctest, feature = "axum", feature = "testing"))]
mod guide {
    #[doc = include_str!("../README.md")]
    struct Readme;

    #[doc = include_str!("../docs/coming-from-svix.md")]
    struct ComingFromSvix;

    #[doc = include_str!("../docs/handlers.md")]
    struct Handlers;

    #[cfg(feature = "idempotency")]
    #[doc = include_str!("../docs/idempotency.md")]
    struct Idempotency;

    #[doc = include_str!("../docs/metadata.md")]
    struct Metadata;

    #[doc = include_str!("../docs/production.md")]
    struct Production;

    #[doc = include_str!("../docs/secrets.md")]
    struct Secrets;

    #[cfg(feature = "queue")]
    #[doc = include_str!("../docs/testing.md")]
    struct Testing;

    #[doc = include_str!("../docs/wiring.md")]
    struct Wiring;
}

/// Code that must not compile, each piece next to a variant that compiles.
#[cfg(doctest)]
#[doc = include_str!("../tests/compile_fail.md")]
struct CompileFail;
