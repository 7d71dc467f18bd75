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
//!              ClerkWebhookLayer                               VerifiedClerkEvent
//!   ┌─────────────────────────────────────────┐                ┌───────────────┐
//!   headers ──────► body ──────► signature ──► VerifiedDelivery ──► event ──► handler
//!      │              │              │                               │           │
//!   400: missing,  413: too long  400: no match                 422: cannot   its own answer,
//!   malformed,     400: broken                                  be decoded    or WebhookError
//!   stale
//! ```
//!
//! - [`verify`]: bytes in, verdict out. [`SigningSecret`], [`Verifier`], [`VerifiedDelivery`]; no framework.
//! - [`layer`]: the tower middleware. [`ClerkWebhookLayer`] outside, [`VerifiedBody`] inside.
//! - [`event`]: Clerk's events and objects. [`ClerkEvent`], [`EventData`], [`EventType`].
//! - [`VerifiedClerkEvent`]: the event in your handler. [`WebhookError`]: how the handler says "try again" or
//!   "never again".
//! - [`Rejection`]: why a delivery was refused.
//! - `idempotency` (feature): a handler runs once for each message, however often it is delivered.
//! - `queue` (feature): acknowledge first and work later, on a durable queue.
//!
//! # Without axum
//!
//! The layer wraps any tower service, and [`VerifiedClerkEvent::decode`] takes the delivery that it verified.
//! Without tower, [`Verifier::verify`] takes headers and body:
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
//! | `idempotency` | no | the module `idempotency`: a layer that runs the handler once for each message, with a store in memory. Brings tokio. Stores on SQLite, Postgres and Redis are crates of their own |
//! | `queue` | no | the module `queue`: a service that stores deliveries in a durable queue and answers at once, and handlers for its workers. Brings tokio. `clerk-webhooks-sqlx` has the queue on SQLite and Postgres |
//! | `testing` | no | the module `testing`: a fixture for every type of event, signed requests, a fixed clock, events for handlers without HTTP |
//!
//! Features only add: none changes what another part does.
//!
//! # Deployment caveats
//!
//! - Clerk delivers every event at least once, in any order, and several at a time. Handlers must be
//!   idempotent or run behind the `idempotency` layer. The [message id](VerifiedClerkEvent::message_id) is the
//!   same on every retry.
//! - The sender waits 15 seconds for an answer (Svix' documentation), then retries. Do long work after the
//!   answer, for example with the feature `queue`.
//! - The signature covers the raw bytes. A proxy that changes the body, even by one space, makes every
//!   delivery fail.
//! - The machine's clock must be right within the [tolerance](Verifier::with_tolerance), 300 seconds unless
//!   set.
//! - The layer has no timer and does not limit how many bodies are read at once: [`layer`] says what to put
//!   outside.
//!
//! # Scope
//!
//! Only symmetric signatures (`whsec_...`): a secret of an Ed25519 endpoint (`whpk_...`) is refused when the
//! verifier is built. Verification works for every sender of [Standard Webhooks]. The event model is Clerk's.
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
    event::{data::EventData, event::ClerkEvent, raw::RawClerkEvent, types::EventType},
    extract::VerifiedClerkEvent,
    layer::{body::VerifiedBody, layer::ClerkWebhookLayer},
    rejection::{Rejection, RejectionKind},
    verify::{
        delivery::VerifiedDelivery, secret::SigningSecret, secret_error::SecretError,
        verifier::Verifier,
    },
};

/// Any error. It is the same type as `BoxError` of tower, axum and tower-http.
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

    #[cfg(feature = "queue")]
    #[doc = include_str!("../docs/testing.md")]
    struct Testing;

    #[doc = include_str!("../docs/wiring.md")]
    struct Wiring;
}

/// What must not compile, beside what does.
#[cfg(doctest)]
#[doc = include_str!("../tests/compile_fail.md")]
struct CompileFail;
