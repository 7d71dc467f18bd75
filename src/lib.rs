//! Receive [Clerk]'s webhooks: a tower [`Layer`](tower_layer::Layer) that verifies them, and a typed
//! extractor that hands your axum handler the event.
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
//!              ClerkWebhookLayer                              VerifiedClerkEvent
//!   ┌─────────────────────────────────────────┐   ┌────────────────────────────────────┐
//!   headers ──────► body ──────► signature ───►   VerifiedDelivery ──────► event ──────► handler
//!      │              │              │                               │               │
//!   400: missing,  413: too      400: no match                   422: cannot be    its own answer,
//!   malformed,     long                                          decoded           or WebhookError
//!   stale          400: broken
//! ```
//!
//! - [`verify`]: bytes in, verdict out. [`SigningSecret`], [`Verifier`], [`VerifiedDelivery`]; no framework.
//! - [`layer`]: the tower middleware. [`ClerkWebhookLayer`] outside, [`VerifiedBody`] inside.
//! - [`event`]: Clerk's events and objects. [`ClerkEvent`], [`EventData`], [`EventType`].
//! - [`VerifiedClerkEvent`]: the event in your handler, and [`WebhookError`]: its way to say "again" or
//!   "never again".
//! - `idempotency` (feature): the same message never does its work twice, between verification and handler.
//! - `queue` (feature): acknowledge first, work later, on a durable engine.
//! - [`Rejection`]: every reason to refuse a delivery.
//!
//! # Without axum
//!
//! The layer wraps any tower service, and [`VerifiedClerkEvent::decode`] takes what it proved; without
//! tower, [`Verifier::verify`] takes headers and body:
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
//! | `idempotency` | no | the module `idempotency`: a layer that runs the handler once for each message, with a store in memory; stores on SQLite, Postgres and Redis are crates of their own; brings tokio |
//! | `queue` | no | the module `queue`: a service that stores deliveries in a durable queue and answers at once, and the worker's side of it; SQLite and Postgres through apalis are a crate of their own; brings tokio |
//! | `testing` | no | the module `testing`: a fixture for every type of event, signed requests, a fixed clock, events for handlers without HTTP |
//!
//! No feature changes what another part does.
//!
//! # What to know before deploying
//!
//! - Deliveries come at least once, out of order, several at a time. Handlers must be idempotent, or run
//!   behind the `idempotency` layer; the [message id](VerifiedClerkEvent::message_id) is the same on every
//!   retry.
//! - The sender waits 15 seconds (Svix' documentation), then sends again. Long work belongs behind the
//!   answer, such as with the feature `queue`.
//! - The raw bytes are verified: whatever changes the body on its way to the layer, even by one space,
//!   makes every delivery fail.
//! - The clock of the machine must be right to the [tolerance](Verifier::with_tolerance_past).
//! - There is no timer in the layer and no shared memory budget, see [`layer`] for what to put outside.
//!
//! # Scope
//!
//! Symmetric signatures (`whsec_...`) only: Ed25519 endpoints (`whpk_...`) are refused when the verifier
//! is built. Verification itself serves every sender of [Standard Webhooks]; the event model is Clerk's.
//!
//! [Clerk]: https://clerk.com/docs/webhooks/overview
//! [Standard Webhooks]: https://www.standardwebhooks.com

#![cfg_attr(docsrs, feature(doc_cfg))]
// Nothing that arrives may panic. Tests may, and examples may print.
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

pub mod event;
#[cfg(feature = "idempotency")]
pub mod idempotency;
pub mod layer;
#[cfg(feature = "queue")]
pub mod queue;
#[cfg(feature = "testing")]
pub mod testing;
pub mod verify;

mod error;
mod error_chain;
mod extract;
mod rejection;
mod response;
#[cfg(any(feature = "idempotency", feature = "queue"))]
mod timeout;

pub use self::{
    error::{Disposition, WebhookError},
    event::{
        event::ClerkEvent,
        raw::RawClerkEvent,
        types::{EventData, EventType},
    },
    extract::VerifiedClerkEvent,
    layer::{body::VerifiedBody, layer::ClerkWebhookLayer},
    rejection::{Rejection, RejectionKind},
    verify::{
        delivery::VerifiedDelivery,
        secret::{SecretError, SigningSecret},
        verifier::Verifier,
    },
};

/// Any error: what tower's middleware and [`WebhookError`] hold. tower, axum and tower-http give the same
/// type this name.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The code of the README and of the guide is compiled like any other.
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

    #[doc = include_str!("../docs/testing.md")]
    struct Testing;

    #[doc = include_str!("../docs/wiring.md")]
    struct Wiring;
}
